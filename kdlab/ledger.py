"""Who pulls the student, how hard, and in which direction: the gradient of each term of the loss."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from kdlab.taps import resting
from kdlab.training import Training


class Entry(NamedTuple):
    """One term of the loss on one batch.

    Attributes:
        value: the term's value, without its weight.
        weight: what it is multiplied by, alpha included.
        norm: length of its weighted gradient in the student's weights.
        share: ``norm`` over the sum of all terms' norms, in [0, 1].
        cosine: of its gradient with the labels', in [-1, 1]; NaN where one of the two is 0.
    """

    value: float
    weight: float
    norm: float
    share: float
    cosine: float


def ledger(training: Training, step: int | None = None, *, exits: bool = False) -> dict[str, Entry]:
    """The terms that pull at the student, by name; nothing about the training changes.

    Args:
        training: not being iterated by another thread meanwhile.
        step: whose batches to take, counted from 0; None: those of the next step.
        exits: with the terms of the student's exits, as ``"stage1/labels"``, which pull at its layers too.
    """
    learners = training.learners()
    student = training.students["student"]
    parameters = [p for p in student.parameters() if p.requires_grad]
    with resting(*learners.values()), torch.enable_grad():
        terms = training.terms(*training.batches(training.step if step is None else step))
        owners = ("student/", "student:") if exits else ("student/",)
        terms = {n.removeprefix("student")[1:]: t for n, t in terms.items() if n.startswith(owners)}
        gradients = {name: _gradient(term.value, parameters) for name, term in terms.items()}
    norms = {name: float(t.weight) * gradients[name].norm().item() for name, t in terms.items()}
    whole = sum(norms.values()) or 1.0
    return {
        name: Entry(
            value=term.value.item(),
            weight=float(term.weight),
            norm=norms[name],
            share=norms[name] / whole,
            cosine=_cosine(gradients[name], gradients["labels"]),
        )
        for name, term in terms.items()
    }


def pull(entries: dict[str, Entry]) -> dict[str, float] | None:
    """Labels against all distillation terms together: ``{"labels": share, "teacher": share, "cosine": …}``."""
    taught = {name: e for name, e in entries.items() if name != "labels"}
    if not taught:
        return None
    strongest = max(taught.values(), key=lambda e: e.norm)
    return {
        "labels": entries["labels"].share,
        "teacher": sum(e.share for e in taught.values()),
        "cosine": strongest.cosine,
    }


def _gradient(value: Tensor, parameters: list[Tensor]) -> Tensor:
    if not value.requires_grad:
        return torch.zeros(sum(p.numel() for p in parameters))
    found = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
    return torch.cat(
        [(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(found, parameters, strict=True)]
    )


def _cosine(a: Tensor, b: Tensor) -> float:
    scale = (a.norm() * b.norm()).item()
    return (a @ b).item() / scale if scale > 0 else float("nan")
