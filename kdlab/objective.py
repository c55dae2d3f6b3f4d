"""What is minimised at a step, and what is measured on the validation set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor

from kdlab import metrics
from kdlab.algorithms import Setup
from kdlab.batches import Batch
from kdlab.data import Dataset
from kdlab.knowledge import Exchange, Knowledge
from kdlab.methods import Term
from kdlab.players import Member, answers
from kdlab.prepare import Wire
from kdlab.recipe import Recipe


def terms(setup: Setup, wires: Sequence[Wire], recipe: Recipe, transfer: Batch, labelled: Batch) -> dict[str, Term]:
    """The loss of one step by named terms: ``Σ weight · value`` is what is minimised.

    Args:
        setup: players and method.
        wires: the phase's.
        recipe: with the knobs of this step.
        transfer: inputs on which the students see their teachers.
        labelled: inputs with labels; the same batch where all are labelled.

    Returns:
        ``"student/term"`` -> term. Links within one network are averaged; a student with several teachers has one term
        for its labels, and its other terms say whose they are: ``"student/soft targets of peer-2"``.
    """
    alpha, found = recipe.alpha, {}
    stacked = isinstance(alpha, Tensor)  # one of each student: some may be above 0
    one_batch, taught = labelled is transfer, (stacked or alpha > 0) and any(wire.link.teacher for wire in wires)
    names = sorted({who.partition(":")[0] for wire in wires for who in wire.link if who})
    seen = know(setup.players, names, transfer, teachers=taught) if taught or one_batch else {}
    told = seen if one_batch else know(setup.players, names, labelled, teachers=False)
    within = Counter(wire.link.student.partition(":")[0] for wire in wires)
    teachers = Counter(wire.link.student for wire in wires)
    for (student, teacher), pairs, adapter in wires:
        share = 1 / within[student.partition(":")[0]]
        own = share * (1 - alpha if teacher else 1.0)
        if f"{student}/labels" in found:
            weight, labels = found[f"{student}/labels"]
            found[f"{student}/labels"] = Term(weight + own, labels)
        else:
            labels = F.cross_entropy(told[student].logits, labelled.labels, label_smoothing=recipe.label_smoothing)
            found[f"{student}/labels"] = Term(own, labels)
        if teacher is None or not taught:
            continue
        exchange = Exchange(
            student=seen[student],
            teacher=seen[teacher].detach(),
            temperature=recipe.temperature,
            pairs=pairs,
            labels=transfer.labels,
            known=transfer.known,
            adapter=adapter,
        )
        whose = f" of {teacher}" if teachers[student] > 1 else ""
        for name, (weight, value) in setup.method.terms(exchange).items():
            if name == "labels":
                raise ValueError(f"terms of {setup.method.name!r} must not be called 'labels', the trainer's own")
            found[f"{student}/{name}{whose}"] = Term(share * alpha * weight, value)
    return found


def know(players: Mapping[str, Member], names: Sequence[str], batch: Batch, *, teachers: bool) -> dict[str, Knowledge]:
    """What players say of a batch, each asked once: ``"student"`` or ``"student:exit"`` -> knowledge.

    Args:
        players: all of them.
        names: who is asked.
        batch: of what.
        teachers: ask those as well that do not learn.
    """
    said = {}
    for name in names:
        player = players[name]
        if (teachers or player.learns) and not player.members:
            for output, knowledge in player.know(batch).items():
                said[_key(name, output)] = knowledge
    for name in names:
        if teachers and players[name].members:
            voice = players[name].voice(said[member].logits for member in players[name].members)
            said[name] = Knowledge(voice, {})
    return said


def measure(players: Mapping[str, Member], data: Dataset, teacher: Tensor | None) -> dict[str, dict[str, float]]:
    """Students, their exits and those that speak for them on the validation set: see :class:`kdlab.events.Epoch`.

    Args:
        players: all of them; the frozen teacher is not measured.
        data: whose validation set.
        teacher: the teacher's logits on it, (N, classes), or None.
    """
    labels = data.validation.y.numpy()
    said: dict[str, Tensor] = {}
    for name, player in players.items():
        if player.members:
            said[name] = player.voice(said[member] for member in player.members)
        elif player.measured:
            said |= {_key(name, output): logits for output, logits in answers(player, data.validation).items()}
    measured = {}
    for name, logits in said.items():
        measured[name] = {
            "accuracy": metrics.accuracy(logits, labels),
            "cross_entropy": metrics.cross_entropy(logits, labels),
        }
        if teacher is not None:
            measured[name] |= {"agreement": metrics.agreement(logits, teacher), "kl": metrics.kl(teacher, logits)}
    return measured


def _key(name: str, output: str) -> str:
    return f"{name}:{output}" if output else name
