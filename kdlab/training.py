"""The training loop: iterate it, one optimiser step each time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import reduce
from operator import add
from typing import Any

import torch
from torch import nn

from kdlab import objective, prepare, resume, tuning
from kdlab.arrangement import Teacher, arrange, method_of, require
from kdlab.batches import Batch
from kdlab.cast import find_peer, playing, resting
from kdlab.data import Dataset
from kdlab.events import Changed, Diverged, Epoch, Event, Phase, Step
from kdlab.initial import start
from kdlab.methods import Term
from kdlab.players import ask, draws, own_chance, tell
from kdlab.recipe import NUMBERS, STRUCTURE, Recipe


class Training:
    """A distillation as an iterator of events; each :class:`~kdlab.events.Step` is one optimiser step.

    To pause is not to ask for more. ``recipe`` may be assigned between two steps, by whoever iterates: numbers take
    effect at the next step; another method, scheme or pair of layers ends the phase and begins a new one, in which
    the students and their optimisers go on.

    Args:
        student: a module, of which a copy is trained but for layers that are frozen in it, or a name.
        data: a Dataset or a name.
        teacher: a trained module or a name, or a list of them; never changed.
        peer: a module, of which a copy is trained, or a name: what learns beside the student online, or before it as
            its teacher's assistant.
        recipe: every knob.
        measure_every: epochs between two measurements on the validation set; 0: only at the end of each phase.

    Attributes:
        copied: layers that the student has from its teacher or from a saved run.

    Raises:
        ValueError: the combination cannot run; nothing has been trained or written then.
    """

    def __init__(
        self,
        student: nn.Module | str | None = None,
        data: Dataset | str | None = None,
        *,
        teacher: Teacher | str | Sequence[str] = None,
        peer: nn.Module | str | None = None,
        recipe: Recipe | None = None,
        measure_every: int = 1,
    ):
        self._recipe = (recipe or Recipe()).resolved()
        self._pending: Recipe | None = None
        setup = arrange(self._recipe, data, teacher, student)
        self._recipe = self._recipe.replace(student=setup.chosen or self._recipe.student)
        self.data, self.teacher, self.peer = setup.data, setup.teacher, find_peer(peer, self._recipe)
        self.copied = start(setup.student, self._recipe.init, self.teacher)
        self.setup = prepare.prepare(self._recipe, setup, self.peer)
        self.batches = prepare.batches(self.setup, self._recipe)
        self.measure_every = measure_every
        self.step, self.measured = 0, 0  # optimiser steps done, and done when the students were measured last
        self.phase, self.phase_step, self.announced = 0, 0, 0  # place in the scheme; phases announced so far
        self.remarked: list[str] = []  # names of the remarks that were made
        self.diverged = False
        self.best: tuning.Best | None = None  # while the student is fine-tuned
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self._connect()

    def __iter__(self) -> Iterator[Event]:
        """Go on from where the training stands, one thing at a time; all that is remembered is in attributes."""
        yield from self.until_step()
        while not self.over:
            yield self.take_step()
            yield from self.until_step()

    def until_step(self) -> Iterator[Event]:
        """What comes before the next step, or after the last: a measurement, turned knobs, phases that end or begin."""
        while not self.diverged:
            if self._due():
                self.measured, measured = self.step, self.measure()
                if self.best is not None:
                    self.best.judge(measured["student"]["accuracy"], self.step)
                yield Epoch(self.step, self.step // self.batches.transfer.per_epoch, measured)
            elif self._pending is not None:
                yield from self._turn_knobs()
            elif self.phase_step < self._phase_steps:
                if not self._begun:
                    self._begun, self.announced = True, self.announced + 1
                    yield self._announcement()
                noted = self.batches, self.data.classes, self._recipe.init, self.copied
                for remark in prepare.remarks(*noted, self.step):
                    if remark.knob not in self.remarked:
                        self.remarked.append(remark.knob)
                        yield remark
                return
            elif self.best is not None and not self.best.closed:
                yield from self._restore()
            elif self.phase + 1 < len(self.phases):
                self._next_phase()
            else:
                return

    @property
    def over(self) -> bool:
        """Whether no step is left to take."""
        return self.diverged or self.step >= self.total

    def _due(self) -> bool:
        """Whether to measure before anything else: an epoch has ended, or the phase."""
        epoch, rest = divmod(self.step, self.batches.transfer.per_epoch)
        ended = self.phase_step >= self._phase_steps
        wanted = rest == 0 and (self.best is not None or (self.measure_every > 0 and epoch % self.measure_every == 0))
        return self.measured < self.step and (ended or wanted)

    def take_step(self) -> Step | Diverged:
        """One optimiser step of every learner."""
        if self._modes != [module.training for module in self._trained]:
            for learner in self.learners().values():
                learner.train()  # whoever iterates may have called eval() in between
            self._modes = [module.training for module in self._trained]
        now = self.knobs
        with own_chance(now.seed, self.step) if self._draws else nullcontext():
            terms = self.terms(*self.batches(self.step))
        loss = reduce(add, (term.weight * term.value for term in terms.values()))
        total, *values = torch.stack([loss, *(term.value for term in terms.values())]).detach().tolist()
        if not math.isfinite(total):
            self.diverged = True
            return Diverged(self.step + 1, str(total))
        for optimizer in self.optimizers.values():
            [group] = optimizer.param_groups
            group["lr"] = now.learning_rate
            for parameter in group["params"]:
                parameter.grad = None  # what zero_grad() does, at a tenth of its time
        loss.backward()
        for optimizer in self.optimizers.values():
            optimizer.step()
        for player in self.setup.players.values():
            player.follow(now.decay)
        self.step, self.phase_step = self.step + 1, self.phase_step + 1
        weights = {name: float(term.weight) for name, term in terms.items()}
        turning = {knob: getattr(now, knob) for knob in self._recipe.schedule}
        return Step(self.step, total, dict(zip(terms, values, strict=True)), weights, turning)

    def terms(self, transfer: Batch, labelled: Batch) -> dict[str, Term]:
        """The loss of the next step by named terms: see :func:`kdlab.objective.terms`."""
        return objective.terms(playing(self.setup, self.resting), self.wires, self.knobs, transfer, labelled)

    def measure(self) -> dict[str, dict[str, float]]:
        """Students, and those that speak for them, on the validation set: see :class:`kdlab.events.Epoch`."""
        x, teacher = self.data.validation.seen(self.setup.teacher_view), self.reference
        asked = None if teacher is None else (ask if teacher is self.teacher else tell)(teacher, x).logits.numpy()
        return objective.measure(self.setup.players, self.data, asked)

    @property
    def knobs(self) -> Recipe:
        """The recipe with what its schedule says for the next step."""
        recipe = self._recipe
        return recipe.at(min(1.0, self.step / max(1, self.total - 1))) if recipe.schedule else recipe

    @property
    def reference(self) -> nn.Module | None:
        """The teacher that students are measured against: the frozen one, or its copy that goes on learning."""
        learning = self.setup.players.get("co-teacher")
        return self.teacher if learning is None else learning.net

    @property
    def students(self) -> dict[str, nn.Module]:
        """The networks that come of it, by name; the one that was asked for is ``"student"``."""
        return {name: p.net for name, p in self.setup.players.items() if p.measured and not p.members}

    @property
    def phases(self) -> list[prepare.schemes.Phase]:
        """The scheme's, and one more if the student is to be fine-tuned."""
        scheme = self.setup.phases
        return [*scheme, tuning.phase(scheme)] if self._recipe.fine_tune else scheme

    @property
    def total(self) -> int:
        """Optimiser steps of the whole run: done, and still to come."""
        here = max(self._phase_steps - self.phase_step, 0)
        return self.step + here + sum(self._steps_of(phase) for phase in range(self.phase + 1, len(self.phases)))

    @property
    def recipe(self) -> Recipe:
        """Every knob, as it will be at the next step."""
        return self._pending or self._recipe

    @recipe.setter
    def recipe(self, new: Recipe) -> None:
        new = new.replace(student=new.student or self._recipe.student).resolved()  # one that was chosen stays
        for name, (old, value) in self._recipe.differences(new).items():
            if name not in NUMBERS + STRUCTURE:
                raise ValueError(f"{name} must stay {old!r} within a run, got {value!r}")
        held = {k: v for k, v in new.schedule.items() if v == self.recipe.schedule.get(k)}
        new = new.replace(**{k: getattr(new, k) for k in held if getattr(new, k) != getattr(self.recipe, k)})
        require(new, self.teacher)
        if any(name in STRUCTURE for name in self._recipe.differences(new)):
            prepare.batches(self._prepare(new), new)  # made twice: here for its refusals, and when it is taken over
        self._pending = new

    def _prepare(self, recipe: Recipe) -> prepare.Setup:
        """The set-up of another recipe; the students go on."""
        return prepare.prepare(recipe, self.setup, self.peer)

    def state(self) -> dict[str, Any]:
        """A copy of all that is needed to go on from here to the same bits: see :meth:`load`."""
        return resume.state(self)

    def load(self, state: dict[str, Any]) -> None:
        """Go on from the :meth:`state` of a training of the same student, data, teacher and peer.

        Raises:
            ValueError: the state is of a run with another seed, batch size or data set.
        """
        resume.load(self, state)

    @property
    def _phase_steps(self) -> int:
        """Optimiser steps of this phase."""
        return self._steps_of(self.phase)

    def _steps_of(self, phase: int) -> int:
        """Optimiser steps of a phase; one that is tuned ends when patience does."""
        recipe, per_epoch = self._recipe, self.batches.transfer.per_epoch
        if phase < len(self.setup.phases):
            return recipe.epochs * per_epoch
        over = self.best is not None and (self.best.closed or self.best.waited >= recipe.patience)
        return min(self.phase_step, recipe.fine_tune * per_epoch) if over else recipe.fine_tune * per_epoch

    def learners(self) -> dict[str, nn.Module]:
        """All modules that this phase trains: students with their exits by name, adapters by link."""
        names = {wire.link.student.partition(":")[0] for wire in self.wires}
        students = {name: self.setup.players[name].modules() for name in sorted(names)}
        return students | {wire.name: wire.adapter for wire in self.wires if wire.adapter is not None}

    def _connect(self, forget: Iterable[nn.Module] = ()) -> None:
        """Make a phase ready: layers paired, adapters new; what an optimiser remembers of a student's weights stays.

        Args:
            forget: networks that have been drawn anew, of whose weights there is nothing to remember.
        """
        phase = self.phases[min(self.phase, len(self.phases) - 1)]
        self.wires = prepare.connect(self.setup, phase, self._recipe.seed)
        self.resting = resting(self.setup, self.learners())
        prepare.look(playing(self.setup, self.resting), self.wires)
        self._begun = False
        learners = self.learners()
        self._trained = [module for learner in learners.values() for module in learner.modules()]
        self._modes: list[bool] | None = None  # theirs while they learn, as their own train() leaves them
        self._draws = draws(learners.values())
        self.optimizers = resume.optimizers(learners, self.optimizers, self._recipe.learning_rate, forget)

    def _next_phase(self) -> None:
        self.phase, self.phase_step = self.phase + 1, 0
        names = sorted({link.teacher for link in self.phases[self.phase] if link.teacher})
        seed = self._recipe.seed + 2000 + self.phase
        self._connect([net for name in names for net in self.setup.players[name.partition(":")[0]].begin(seed)])
        if self.phase == len(self.setup.phases):
            student = self.setup.players["student"].modules()
            self.best = tuning.Best(student, self.measure()["student"]["accuracy"], self.step)

    def _restore(self) -> Iterator[Changed]:
        """Fine-tuning is over: its best weights come back, and are measured again if they are not the last."""
        last, best = self.step, self.best.step
        self.best.close()
        if best < last:
            self.measured = -1
            yield Changed(self.step, "weights of step", last, best)

    def _announcement(self) -> Phase:
        links = [[wire.link.student, wire.link.teacher] for wire in self.wires]
        pairs = {wire.name: [list(pair) for pair in wire.pairs] for wire in self.wires}
        method = "fine-tuning" if self.best is not None else self.setup.method.name
        return Phase(self.step, self.announced - 1, links, pairs, method)

    def _turn_knobs(self) -> Iterator[Changed]:
        """Take over the recipe that was assigned since the last step."""
        if self._pending is None:
            return
        before, old = self.knobs, self._recipe
        self._recipe, self._pending = self._pending, None
        changed = old.differences(self._recipe)
        if any(name in STRUCTURE for name in changed):
            self.setup = self._prepare(self._recipe)
            self.batches = prepare.batches(self.setup, self._recipe)
            if {"scheme", "scheme_variant"} & set(changed):
                self.phase, self.best = 0, None  # a scheme begins at its beginning
            self._connect()
        elif "method_knobs" in changed:
            self.setup = prepare.replace(self.setup, method=method_of(self._recipe, self.data))
        for name, (was, now) in changed.items():
            yield Changed(self.step, name, getattr(before, name) if name in old.schedule else was, now)
