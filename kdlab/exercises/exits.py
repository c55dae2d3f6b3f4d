"""Exercises of notebook 11: the losses of exits, and a teacher that is its own student."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise
from kdlab.exercises.letters import letters_are_right

Exits = Sequence[Tensor]
Whole = Callable[[Exits, Tensor, float, float], Tensor]  # (logits of the exits, labels, T, alpha) -> loss


def _ce(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z, y)


def _kl(teacher: Tensor, student: Tensor, T: float) -> Tensor:
    """T² KL(teacher ‖ student), the teacher detached, mean over images."""
    p, q = (teacher.detach() / T).log_softmax(1), (student / T).log_softmax(1)
    return T**2 * (p.exp() * (p - q)).sum(1).mean()


def truth(z: Exits, y: Tensor, T: float, a: float) -> Tensor:
    """Mean over exits: the deepest from labels alone, the others from labels and from the deepest."""
    shallow = [(1 - a) * _ce(one, y) + a * _kl(z[-1], one, T) for one in z[:-1]]
    return (sum(shallow) + _ce(z[-1], y)) / len(z)


def _each(term: Callable[[Exits, int, Tensor, float], Tensor]) -> Whole:
    """The same loss with another distillation term for shallow exit k."""
    return lambda z, y, T, a: (
        (sum((1 - a) * _ce(z[k], y) + a * term(z, k, y, T) for k in range(len(z) - 1)) + _ce(z[-1], y)) / len(z)
    )


MISTAKES: list[tuple[Whole, str]] = [
    (
        lambda z, y, T, a: truth(z, y, T, a) * len(z),
        "the exits' losses are added up where they are to be averaged: three exits, three times the learning rate",
    ),
    (
        lambda z, y, T, a: sum((1 - a) * _ce(one, y) + a * _kl(z[-1], one, T) for one in z) / len(z),
        "the deepest exit gets a distillation term too: it would be its own teacher, which says nothing, and its "
        "labels lose weight; labels alone teach it, with weight 1",
    ),
    (
        _each(lambda z, k, y, T: _kl(z[0], z[-1], T)),
        "the shallowest exit teaches the deepest: the deepest knows most, so it is the teacher",
    ),
    (
        lambda z, y, T, a: (_ce(z[0], y) + sum((1 - a) * _ce(o, y) + a * _kl(z[0], o, T) for o in z[1:])) / len(z),
        "the first of the list is the teacher: the list goes from shallow to deep, so the teacher is the last",
    ),
    (
        _each(lambda z, k, y, T: _kl(z[k], z[-1], T)),
        "the roles are swapped: KL(deepest ‖ shallow) belongs there, with the deepest as the target",
    ),
    (
        _each(lambda z, k, y, T: _kl(z[k + 1], z[k], T)),
        "each exit learns from the next deeper one; here the deepest teaches all of them",
    ),
    (_each(lambda z, k, y, T: _kl(z[-1], z[k], T) / T**2), "the factor T² is missing in the distillation term"),
    (
        _each(lambda z, k, y, T: _kl(z[-1], z[k], T) / z[0].shape[1]),
        "the distillation term is averaged over the classes too",
    ),
    (_each(lambda z, k, y, T: _kl(z[-1], z[k], 1.0)), "T is not used"),
    (
        lambda z, y, T, a: (sum(a * _kl(z[-1], o, T) for o in z[:-1]) + _ce(z[-1], y)) / len(z),
        "the shallow exits see no labels: their cross-entropy, with weight 1 − alpha, is missing",
    ),
    (
        lambda z, y, T, a: sum((1 - a) * _ce(o, y) + a * _kl(z[-1], o, T) for o in z[:-1]) / len(z),
        "nobody teaches the deepest exit: its cross-entropy with the labels is missing, so that it learns nothing",
    ),
    (lambda z, y, T, a: truth(z, y, T, 1 - a), "alpha is the wrong way round: it weighs the distillation term"),
    (
        lambda z, y, T, a: sum(_ce(o, y) for o in z) / len(z),
        "this is deep supervision alone, labels at every exit: the distillation terms are missing",
    ),
    (
        lambda z, y, T, a: (
            sum((1 - a) * _ce(o, y) + a * _kl(z[-1], o, T) for o in z[:-1]) / (len(z) - 1) + _ce(z[-1], y)
        ),
        "the mean is over the shallow exits only, and the deepest is added; the mean over all exits belongs there",
    ),
]


@exercise(
    "exit_losses",
    "exit_losses(exits_logits, labels, temperature, alpha)",
    right="the deepest exit learns from labels and teaches all others, and no gradient comes back to it from them",
    hints=(
        "exits_logits goes from shallow to deep. Take the last one off the list: it is the teacher, and it learns too.",
        "deepest: cross-entropy. Each other exit: (1 − alpha) · cross-entropy + alpha · T² · KL(deepest ‖ exit). Then "
        "the mean over all exits.",
        "*shallow, deepest = exits_logits; the target is deepest.detach(), in the distillation term only.",
    ),
)
def exit_losses(yours: Asked, random: torch.Generator) -> None:
    """Values with three and with four exits, then who gets a gradient from what."""
    cases = []
    for exits, T, alpha in ((3, 3.0, 0.3), (4, 2.0, 0.8)):
        z = [2 * torch.randn(5, 4, generator=random, dtype=torch.float64) for _ in range(exits)]
        cases.append((z, z[-1].argmin(1), T, alpha))
    got = [yours.tensor([one.clone() for one in z], y, T, a, shape=()) for z, y, T, a in cases]

    def fits(whole: Whole) -> bool:
        return all(close(g, whole(*case)) for g, case in zip(got, cases, strict=True))

    if not fits(truth):
        for mistake, message in MISTAKES:
            if fits(mistake):
                raise WrongAnswer(message)
        if not all(g.isfinite() for g in got):
            raise WrongAnswer("not finite for ordinary logits")
        raise WrongAnswer("the value is not the mean over the exits of their losses: try alpha = 0, then alpha = 1")
    _gradients(yours, *cases[0])


def _gradients(yours: Asked, z: list[Tensor], y: Tensor, T: float, alpha: float) -> None:
    z = [one.requires_grad_() for one in z]
    value = yours.tensor(z, y, T, alpha, shape=())
    if not value.requires_grad:
        raise WrongAnswer("the value is right, but no gradient comes back: is there .item() or .detach() on it?")
    found = torch.autograd.grad(value, z, allow_unused=True)
    right = torch.autograd.grad(truth(z, y, T, alpha), z)
    if found[-1] is None:
        raise WrongAnswer("no gradient reaches the deepest exit: detach it as a target only, its labels teach it")
    if not close(found[-1], right[-1]):
        only_labels = close(found[-1], torch.zeros_like(right[-1]))
        raise WrongAnswer(
            "no gradient reaches the deepest exit: its labels teach it"
            if only_labels
            else "the deepest exit is not detached as a target: the shallow ones pull it down to what they can say"
        )
    if any(mine is None or not close(mine, wanted) for mine, wanted in zip(found[:-1], right[:-1], strict=True)):
        raise WrongAnswer(
            "the value is right, but the gradients of the shallow exits are not: is one of them detached?"
        )


BUGS = {
    "a": ("teacher and student are one and the same object", "ask `is`, or train a little and look at the KL term"),
    "b": ("the teacher is trained too", "compare the teacher's weights before and after a step"),
    "c": ("the second generation starts from the first one's weights", "compare both at step 0"),
    "d": ("the second generation starts with other seeds for its batches", "look at the order of its batches"),
}
ANSWERS = {"born_again_1": "a", "born_again_2": "c"}


@exercise(
    "spot_the_twin",
    right="both found: in born_again_1 the teacher is the student, in born_again_2 the child is a copy of its parent",
    hints=(
        "Call each with a small network, and look at the two it returns before anything is trained.",
        "In Python an assignment gives a second name, not a second network. `teacher is student` tells.",
        "In one the KL term is 0 at every step. In the other it is 0 at the first step, and only there.",
    ),
)
def spot_the_twin(answer: Any, random: torch.Generator) -> None:
    """Letters for both functions; a wrong one is answered by the experiment that rules it out."""
    letters_are_right(answer, BUGS, ANSWERS)
