"""The training loop: iterate it, one optimiser step each time."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from kdlab import metrics, prepare
from kdlab.batches import Batch, Batches
from kdlab.data import Dataset
from kdlab.events import Changed, Diverged, Epoch, Event, Phase, Step
from kdlab.knowledge import Exchange, Knowledge
from kdlab.methods import Term
from kdlab.players import Player, answers, ask, draws, own_chance
from kdlab.recipe import NUMBERS, STRUCTURE, Recipe


class Training:
    """A distillation as an iterator of events; each :class:`~kdlab.events.Step` is one optimiser step.

    To pause is not to ask for more. ``recipe`` may be assigned between two steps, by whoever iterates: numbers take
    effect at the next step; another method, scheme or pair of layers ends the phase and begins a new one, in which
    the students and their optimisers go on.

    Args:
        student: a module, of which a copy is trained, or a name.
        data: a Dataset or a name.
        teacher: a trained module or a name; it is never changed.
        recipe: every knob.
        measure_every: epochs between two measurements on the validation set; 0: only at the end.

    Raises:
        ValueError: the combination cannot run; nothing has been trained or written then.
    """

    def __init__(
        self,
        student: nn.Module | str | None = None,
        data: Dataset | str | None = None,
        *,
        teacher: nn.Module | str | None = None,
        recipe: Recipe | None = None,
        measure_every: int = 1,
    ):
        self._recipe = (recipe or Recipe()).resolved()
        self._pending: Recipe | None = None
        self.data = prepare.find_data(data, self._recipe)
        self.teacher = prepare.find_teacher(teacher, self._recipe)
        net = prepare.find_student(student, self._recipe, self.data)
        self.setup = prepare.prepare(self._recipe, self.data, self.teacher, net)
        self.batches = Batches(self.data, self._recipe.batch_size, self._recipe.seed)
        self.measure_every = measure_every
        self.step, self.measured = 0, 0  # optimiser steps done, and done when the students were measured last
        self.phase, self.phase_step, self.announced = 0, 0, 0  # place in the scheme; phases announced so far
        self.diverged = False
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self._connect()

    def __iter__(self) -> Iterator[Event]:
        """Go on from where the training stands, one thing at a time; all that is remembered is in attributes."""
        while not self.diverged:
            if self._due():
                self.measured = self.step
                yield Epoch(self.step, self.step // self.batches.transfer.per_epoch, self.measure())
            elif self._pending is not None:
                yield from self._turn_knobs()
            elif self.phase_step < self._phase_steps:
                if not self._begun:
                    self._begun, self.announced = True, self.announced + 1
                    yield self._announcement()
                yield self.take_step()
            elif self.phase + 1 < len(self.setup.phases):
                self.phase, self.phase_step = self.phase + 1, 0
                self._connect()
            else:
                return

    def _due(self) -> bool:
        """Whether to measure before anything else: an epoch has ended, or the phase."""
        epoch, rest = divmod(self.step, self.batches.transfer.per_epoch)
        ended = self.phase_step >= self._phase_steps
        wanted = rest == 0 and self.measure_every > 0 and epoch % self.measure_every == 0
        return self.measured < self.step and (ended or wanted)

    def take_step(self) -> Step | Diverged:
        """One optimiser step of every learner."""
        for module in self.learners().values():
            module.train()  # whoever iterates may have called eval() in between
        with own_chance(self._recipe.seed, self.step) if self._draws else nullcontext():
            terms = self.terms(*self.batches(self.step))
        loss = sum(term.weight * term.value for term in terms.values())
        total = loss.item()
        if not math.isfinite(total):
            self.diverged = True
            return Diverged(self.step + 1, str(total))
        for optimizer in self.optimizers.values():
            optimizer.param_groups[0]["lr"] = self._recipe.learning_rate
            optimizer.zero_grad()
        loss.backward()
        for optimizer in self.optimizers.values():
            optimizer.step()
        self.step, self.phase_step = self.step + 1, self.phase_step + 1
        values = torch.stack([term.value.detach() for term in terms.values()]).tolist()
        return Step(
            self.step, total, dict(zip(terms, values, strict=True)), {n: float(t.weight) for n, t in terms.items()}
        )

    def terms(self, transfer: Batch, labelled: Batch) -> dict[str, Term]:
        """The loss of one step by named terms: ``Σ weight · value`` is what is minimised.

        Args:
            transfer: inputs on which the students see their teachers.
            labelled: inputs with labels; the same batch where all are labelled.
        """
        alpha, terms = self._recipe.alpha, {}
        one_batch, taught = labelled is transfer, alpha > 0
        seen = self._know(transfer, teachers=taught) if taught or one_batch else {}
        told = seen if one_batch else self._know(labelled, teachers=False)
        for link, pairs, adapter in self.wires:
            share = 1 / self._links_within(link)  # links within one network are averaged
            labels = F.cross_entropy(
                told[link.student].logits, labelled.labels, label_smoothing=self._recipe.label_smoothing
            )
            terms[f"{link.student}/labels"] = Term(share * (1 - alpha if link.teacher else 1.0), labels)
            if link.teacher is None or not taught:
                continue
            exchange = Exchange(
                student=seen[link.student],
                teacher=seen[link.teacher].detach(),
                temperature=self._recipe.temperature,
                pairs=pairs,
                labels=transfer.labels,
                known=transfer.known,
                adapter=adapter,
            )
            for name, (weight, value) in self.setup.method.terms(exchange).items():
                if name == "labels":
                    raise ValueError(
                        f"terms of {self.setup.method.name!r} must not be called 'labels', the trainer's own"
                    )
                terms[f"{link.student}/{name}"] = Term(share * alpha * weight, value)
        return terms

    def _know(self, batch: Batch, *, teachers: bool) -> dict[str, Knowledge]:
        """What each network of the phase says of a batch, each asked once, by ``"student"`` or ``"student:exit"``."""
        nets = {who.partition(":")[0] for wire in self.wires for who in wire.link if who}
        said = {}
        for name in sorted(nets):
            player = self.setup.players[name]
            if teachers or isinstance(player, Player):
                for output, knowledge in player.know(batch).items():
                    said[f"{name}:{output}" if output else name] = knowledge
        return said

    def _links_within(self, link: prepare.schemes.Link) -> int:
        net = link.student.partition(":")[0]
        return sum(wire.link.student.partition(":")[0] == net for wire in self.wires)

    def measure(self) -> dict[str, dict[str, float]]:
        """Students and their exits on the validation set at T = 1: see :class:`kdlab.events.Epoch`."""
        x, labels = self.data.validation.x, self.data.validation.y.numpy()
        teacher = None if self.teacher is None else ask(self.teacher, x).logits.numpy()
        measured = {}
        for name, player in self.setup.players.items():
            for output, logits in answers(player, x).items() if isinstance(player, Player) else ():
                found = {
                    "accuracy": metrics.accuracy(logits, labels),
                    "cross_entropy": metrics.cross_entropy(logits, labels),
                }
                if teacher is not None:
                    found |= {"agreement": metrics.agreement(logits, teacher), "kl": metrics.kl(teacher, logits)}
                measured[f"{name}:{output}" if output else name] = found
        return measured

    @property
    def students(self) -> dict[str, nn.Module]:
        """The networks that are trained, by name; the one that was asked for is ``"student"``."""
        return {name: p.net for name, p in self.setup.players.items() if isinstance(p, Player)}

    @property
    def total(self) -> int:
        """Optimiser steps of the whole run: done, and still to come."""
        here = max(self._phase_steps - self.phase_step, 0)
        return self.step + here + (len(self.setup.phases) - self.phase - 1) * self._phase_steps

    @property
    def recipe(self) -> Recipe:
        """Every knob, as it will be at the next step."""
        return self._pending or self._recipe

    @recipe.setter
    def recipe(self, new: Recipe) -> None:
        new = new.resolved()
        for name, (old, value) in self._recipe.differences(new).items():
            if name not in NUMBERS + STRUCTURE:
                raise ValueError(f"{name} must stay {old!r} within a run, got {value!r}")
        prepare.require_teacher(new, self.teacher)
        if any(name in STRUCTURE for name in self._recipe.differences(new)):
            setup = self._prepare(new)  # made twice: here for its refusals, and when it is taken over
            prepare.connect(setup, setup.phases[0], new.seed)
        self._pending = new

    def _prepare(self, recipe: Recipe) -> prepare.Setup:
        """The set-up of another recipe; the students go on."""
        return prepare.prepare(recipe, self.data, self.teacher, self.students["student"], self.setup.players)

    def state(self) -> dict[str, Any]:
        """A copy of all that is needed to go on from here to the same bits: see :meth:`load`."""
        state = {
            "recipe": self._recipe.to_dict(),
            "pending": None if self._pending is None else self._pending.to_dict(),
            "cursor": [self.step, self.measured, self.phase, self.phase_step, self.announced, self._begun],
            "weights": {name: module.state_dict() for name, module in self.learners().items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
        }
        return copy.deepcopy(state)

    def load(self, state: dict[str, Any]) -> None:
        """Go on from the :meth:`state` of a training of the same student, data and teacher.

        Raises:
            ValueError: the state is of a run with another seed, batch size or data set.
        """
        state = copy.deepcopy(state)
        self.recipe = Recipe.from_dict(state["recipe"])
        list(self._turn_knobs())
        self.step, self.measured, self.phase, self.phase_step, self.announced, begun = state["cursor"]
        self._connect()
        self._begun, self.diverged = begun, False
        if state["pending"] is not None:
            self.recipe = Recipe.from_dict(state["pending"])
        for name, module in self.learners().items():
            module.load_state_dict(state["weights"][name])
            self.optimizers[name].load_state_dict(state["optimizers"][name])

    @property
    def _phase_steps(self) -> int:
        return self._recipe.total_steps(len(self.data.train))

    def learners(self) -> dict[str, nn.Module]:
        """All modules that this phase trains: students with their exits by name, adapters by link."""
        names = {wire.link.student.partition(":")[0] for wire in self.wires}
        students = {name: self.setup.players[name].modules() for name in sorted(names)}
        return students | {wire.name: wire.adapter for wire in self.wires if wire.adapter is not None}

    def _connect(self) -> None:
        """Make a phase ready: layers paired, adapters new; what an optimiser remembers of a student's weights stays."""
        self.wires = prepare.connect(self.setup, self.setup.phases[self.phase], self._recipe.seed)
        prepare.look(self.setup, self.wires)
        self._begun = False
        self._draws = draws(self.learners().values())
        remembered = {p: s for optimizer in self.optimizers.values() for p, s in optimizer.state.items()}
        self.optimizers = {}
        for name, module in self.learners().items():
            optimizer = torch.optim.Adam(module.parameters(), self._recipe.learning_rate, fused=True)
            optimizer.state.update({p: remembered[p] for p in module.parameters() if p in remembered})
            self.optimizers[name] = optimizer

    def _announcement(self) -> Phase:
        links = [[wire.link.student, wire.link.teacher] for wire in self.wires]
        pairs = {wire.name: [list(pair) for pair in wire.pairs] for wire in self.wires}
        return Phase(self.step, self.announced - 1, links, pairs, self.setup.method.name)

    def _turn_knobs(self) -> Iterator[Changed]:
        """Take over the recipe that was assigned since the last step."""
        if self._pending is None:
            return
        old, self._recipe, self._pending = self._recipe, self._pending, None
        changed = old.differences(self._recipe)
        if any(name in STRUCTURE for name in changed):
            self.setup, self.phase = self._prepare(self._recipe), 0
            self._connect()
        elif "method_knobs" in changed:
            self.setup = prepare.replace(self.setup, method=self._recipe.build_method())
        for name, (before, after) in changed.items():
            yield Changed(self.step, name, before, after)
