"""Exercise of notebook 13: several teachers' answers made one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

TEACHERS, BATCH, CLASSES = 3, 5, 7  # all different, so that no sum can run over the wrong ones unseen
WEIGHTS = (2.0, 1.0, 0.5)
TEMPERATURES = (4.0, 1.0)


def share(w: Tensor) -> Tensor:
    """Weights that add up to 1, for a sum over teachers, (teachers, 1, 1)."""
    return (w / w.sum())[:, None, None]


def truth(z: Tensor, w: Tensor, t: float) -> Tensor:
    """Weighted mean of the teachers' probabilities at T, (batch, classes)."""
    return (share(w) * (z / t).softmax(-1)).sum(0)


# What goes wrong, as functions: whoever's answers equal one of them has made that mistake.
MISTAKES: list[tuple[Callable[[Tensor, Tensor, float], Tensor], str]] = [
    (
        lambda z, w, t: (share(w) * z / t).sum(0).softmax(-1),
        "the softmax comes after the mean: this averages logits, so that whoever has the largest ones is heard most",
    ),
    (
        lambda z, w, t: (z / t).mean(0).softmax(-1),
        "the softmax comes after the mean, and the weights are not used at all",
    ),
    (
        lambda z, w, t: (share(w) * z).sum(0) / t,
        "some values are negative and no row adds up to 1: this is a mean of logits, with no softmax",
    ),
    (
        lambda z, w, t: (z / t).softmax(-1).mean(0),
        "the same answer whatever the weights are: all teachers count alike",
    ),
    (
        lambda z, w, t: (w[:, None, None] * (z / t).softmax(-1)).sum(0),
        "with weights 2, 1 and 0.5 a row adds up to 3.5: the weights must first be divided by their sum",
    ),
    (
        lambda z, w, t: (w[:, None, None] * (z / t).softmax(-1)).mean(0),
        "it is divided by the number of teachers, where the sum of the weights belongs",
    ),
    (
        lambda z, w, t: (w.softmax(0)[:, None, None] * (z / t).softmax(-1)).sum(0),
        "the weights went through a softmax: a weight of 2 is to count twice as much as one of 1, and not e times",
    ),
    (
        lambda z, w, t: (share(w) * z.softmax(-1)).sum(0),
        "the same answer at T = 1 and at T = 4: the temperature is not used",
    ),
    (
        lambda z, w, t: (share(w) * (z * t).softmax(-1)).sum(0),
        "at T = 4 the teachers become surer, not less sure: the logits are multiplied by T where they are to be "
        "divided",
    ),
    (
        lambda z, w, t: ((share(w) * z.softmax(-1)).sum(0).log() / t).softmax(-1),
        "right at T = 1 only: the mean is softened; each teacher is to be softened before the mean",
    ),
    (
        lambda z, w, t: (share(w) * z.softmax(-1)).sum(0) / t,
        "at T = 4 a row adds up to 1/4: T divides the probabilities where it is to divide the logits",
    ),
    (
        lambda z, w, t: (share(w) * (z / t).softmax(0)).sum(0),
        "the softmax runs over the teachers: it is the classes, the last dimension, that must add up to 1",
    ),
    (
        lambda z, w, t: (share(w) * (z / t).softmax(1)).sum(0),
        "the softmax runs over the pictures of the batch: it is the classes, the last dimension, that must add up to 1",
    ),
    (
        lambda z, w, t: truth(z, w, t).log(),
        "all values are negative: this is the logarithm of the mean; the probabilities are asked for",
    ),
    (
        lambda z, w, t: (z / t).softmax(-1)[0],
        "this is what the first teacher says alone",
    ),
]


@exercise(
    "combine",
    "combine(teacher_logits, weights, temperature)",
    right="the weighted mean of what the teachers say at T; only the proportions of the weights count",
    hints=(
        "Three steps: soften each teacher, give it its weight, add up over the teachers. "
        "In the end every picture must have probabilities that add up to 1.",
        "teacher_logits has the shape (teachers, batch, classes). The softmax runs over the last dimension, the sum "
        "over the first. Weights of 2, 1, 0.5 must do the same as 4, 2, 1.",
        "With p = (teacher_logits / temperature).softmax(-1) and w = weights / weights.sum(), the answer is "
        "(w[:, None, None] * p).sum(0).",
    ),
)
def combine(yours: Asked, random: torch.Generator) -> None:
    """Compare with the weighted mean of softened probabilities, and with what usually goes wrong."""
    draw = lambda: 2 * torch.randn(TEACHERS, BATCH, CLASSES, generator=random)  # noqa: E731
    cases = [(draw(), torch.tensor(WEIGHTS), t) for t in TEMPERATURES]
    got = [_ask(yours, *case) for case in cases]
    for mistake, message in MISTAKES:
        if all(close(g, mistake(*case)) for g, case in zip(got, cases, strict=True)):
            raise WrongAnswer(message)
    for g, case in zip(got, cases, strict=True):
        if not close(g.sum(1), torch.ones(BATCH)):
            raise WrongAnswer(f"at T = {case[2]:g} the rows do not add up to 1, as probabilities must")
        if not close(g, truth(*case)):
            raise WrongAnswer(
                f"the rows add up to 1, but at T = {case[2]:g} they are not the weighted mean of the teachers' "
                "probabilities: try two teachers and two classes by hand"
            )
    z, w, t = cases[0]
    if not close(_ask(yours, z, 2 * w, t), got[0]):
        raise WrongAnswer("right for these weights, but with all of them doubled the answer is another")
    one = torch.tensor([0.0, 3.0, 0.0])
    if not close(_ask(yours, z, one, t), (z[1] / t).softmax(-1)):
        raise WrongAnswer("a teacher with all the weight is not what comes out: one of weight 0 still counts")


def _ask(yours: Asked, z: Tensor, w: Tensor, t: float) -> Tensor:
    """The answer, (batch, classes); a sum over the wrong dimension is said as what it is."""
    raw = yours(z, w, t)
    if isinstance(raw, Tensor) and raw.shape == (TEACHERS, CLASSES):
        raise WrongAnswer("one row for each teacher comes back: the sum runs over the pictures, not over the teachers")
    if isinstance(raw, Tensor) and raw.shape == z.shape:
        raise WrongAnswer("every teacher still has an answer of its own: the sum over the teachers is missing")
    return Asked(yours.call, lambda *_: raw).tensor(z, w, t, shape=(BATCH, CLASSES))
