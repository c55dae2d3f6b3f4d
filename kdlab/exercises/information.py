"""Exercises of notebook 16: bits that a target hands over, and whether two tasks' gradients are in conflict."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise
from kdlab.handover import bits, handed_over

SAMPLES, CLASSES, KEEP = 6, 5, 3


def top(p: Tensor, k: int) -> Tensor:
    """The top k of each row as they are, the others 0."""
    return torch.zeros_like(p).scatter(1, p.topk(k).indices, p.topk(k).values)


def entropy(p: Tensor) -> Tensor:
    """Of each row, in nats."""
    return bits(p) * math.log(2)


def number(value: float) -> Tensor:
    """A float as a tensor to compare with."""
    return torch.as_tensor(value, dtype=torch.float64)


# What goes wrong, as functions: whoever's answers equal one of them has made that mistake.
MISTAKES: list[tuple[Callable[[Tensor, int], Tensor], str]] = [
    (
        lambda p, k: entropy(handed_over(p, k)).mean(),
        "a fair coin would get 0.69 here, and it has 1 bit: this is in nats, with the natural logarithm",
    ),
    (
        lambda p, k: bits(handed_over(p, k)).mean() * math.log10(2),
        "the logarithm has the base 10 here; for bits it has the base 2",
    ),
    (
        lambda p, k: bits(top(p, k)).mean(),
        "what is told does not add up to 1: after the top k are taken, each row must be divided by its sum",
    ),
    (
        lambda p, k: bits(p).mean(),
        "the same answer whatever k is: these are the bits of the full targets",
    ),
    (
        lambda p, k: bits(handed_over(p, k).mean(0)),
        "this is the entropy of the mean target: how different the targets are counts as doubt. First the entropy of "
        "each sample, then the mean",
    ),
    (
        lambda p, k: bits(handed_over(p, k)).sum(),
        "the bits of all samples are added up; a mean for each target is asked for",
    ),
    (
        lambda p, k: -bits(handed_over(p, k)).mean(),
        "it is negative: logarithms of probabilities are, and the minus sign is missing",
    ),
    (
        lambda p, k: bits(handed_over(p, k)).mean() / CLASSES,
        "the mean runs over the classes too: within one sample the terms are added up",
    ),
    (
        lambda p, k: bits(handed_over(p, k)).mean() / k,
        "the mean runs over the k classes too: within one sample the terms are added up",
    ),
    (
        lambda p, k: bits(top(p, k).softmax(1)).mean(),
        "a softmax makes the rows add up to 1, but changes their proportions: divide by the sum",
    ),
    (
        lambda p, k: bits(p.topk(k).values.softmax(1)).mean(),
        "a softmax makes the rows add up to 1, but changes their proportions: divide by the sum",
    ),
    (
        lambda p, k: bits(p[:, :k] / p[:, :k].sum(1, keepdim=True)).mean(),
        "these are the first k classes of each row, not the k most probable ones",
    ),
    (
        lambda p, k: bits(handed_over(p, k, rest="even")).mean(),
        "the rest is spread evenly here; it is to be dropped",
    ),
    (
        lambda p, k: number(math.log2(k)),
        "log₂ k is what k classes could say at most, if all were equally probable: the probabilities are not used",
    ),
]


@exercise(
    "bits_per_target",
    "bits_per_target(probabilities, k)",
    right="the mean doubt in bits of the top k, made to add up to 1; what is certain has none",
    hints=(
        "Four steps: the k largest of each row; divide them by their sum; −Σ p log₂ p of each row; the mean of the "
        "rows. What is 0 times the logarithm of 0 to be?",
        "probabilities.topk(k).values gives the k largest of each row. torch.log2 has the base 2. A probability of 0 "
        "must add nothing, but 0 * log2(0) is nan: torch.xlogy(p, p) is 0 there.",
        "With q = probabilities.topk(k).values and q = q / q.sum(1, keepdim=True), the answer is "
        "-(torch.xlogy(q, q).sum(1) / math.log(2)).mean().",
    ),
)
def bits_per_target(yours: Asked, random: torch.Generator) -> None:
    """Positive probabilities first, then some that are exactly 0, then hard labels."""
    p = (2 * torch.randn(SAMPLES, CLASSES, generator=random, dtype=torch.float64)).softmax(1)
    p = p[:, p[0].argsort()]  # so that the first k are not the top k
    got = yours.tensor(p, KEEP, shape=())
    if got.isnan():
        raise WrongAnswer("nan comes back, even where no probability is 0")
    for mistake, message in MISTAKES:
        if close(got, number(mistake(p, KEEP))):
            raise WrongAnswer(message)
    if not close(got, bits(handed_over(p, KEEP)).mean()):
        raise WrongAnswer(
            "not the mean entropy in bits: try one row by hand, (½, ¼, ¼, 0, 0) with k = 2 becomes (⅔, ⅓) and has 0.918"
        )
    sparse = p * (p > p.median(1, keepdim=True).values)
    sparse = sparse / sparse.sum(1, keepdim=True)
    zeros = yours.tensor(sparse, KEEP, shape=())
    if zeros.isnan():
        raise WrongAnswer("right for positive probabilities, but where one is 0 it gives nan: 0 log 0 counts as 0")
    if not close(zeros, bits(handed_over(sparse, KEEP)).mean()):
        raise WrongAnswer("right for positive probabilities, but not where some are exactly 0: 0 log 0 counts as 0")
    hard = yours.tensor(p, 1, shape=())
    if not hard.abs() < 1e-6:
        raise WrongAnswer("with k = 1 it is a hard label, which has 0 bits of doubt: that is not what comes back")


def flat(gradients: list[Tensor]) -> Tensor:
    """One vector of them all."""
    return torch.cat([g.flatten() for g in gradients])


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Of the angle between two vectors."""
    return a @ b / (a.norm() * b.norm())


CONFLICTS: list[tuple[Callable[[list[Tensor], list[Tensor]], Tensor], str]] = [
    (
        lambda a, b: torch.stack([cosine(x.flatten(), y.flatten()) for x, y in zip(a, b, strict=True)]).mean(),
        "this is the mean of a cosine for each parameter, where a small bias counts as much as a large matrix: put all "
        "parameters into one vector first",
    ),
    (
        lambda a, b: flat(a) @ flat(b),
        "this is the dot product: it grows with the length of the gradients. It must be divided by both lengths",
    ),
    (
        lambda a, b: flat(a) @ flat(b) / (flat(a).norm() ** 2 * flat(b).norm() ** 2),
        "it is divided by the squares of the lengths: a root is missing",
    ),
    (
        lambda a, b: flat(a) @ flat(b) / (flat(a).abs().sum() * flat(b).abs().sum()),
        "the lengths are sums of absolute values; the length of a vector is the root of the sum of squares",
    ),
    (
        lambda a, b: cosine(a[0].flatten(), b[0].flatten()),
        "only the first parameter is looked at",
    ),
    (
        lambda a, b: cosine(flat(a), flat(b)).arccos(),
        "this is the angle itself; its cosine is asked for",
    ),
    (
        lambda a, b: 1 - cosine(flat(a), flat(b)),
        "this is 1 less the cosine, a distance; the cosine itself is asked for",
    ),
    (
        lambda a, b: -cosine(flat(a), flat(b)),
        "the sign is turned: two tasks that want the same are to get +1",
    ),
    (
        lambda a, b: cosine(flat(a).abs(), flat(b).abs()),
        "the signs of the gradients are lost, and it is they that say who pulls where",
    ),
]


@exercise(
    "gradient_conflict",
    "gradient_conflict(first, second)",
    right="the cosine over all shared parameters: +1 the same way, −1 in conflict, 0 nothing to do with each other",
    hints=(
        "Make one long vector of each list. Then it is the cosine that you know: dot product over both lengths.",
        "torch.cat([g.flatten() for g in first]) is the long vector. Where a length is 0, dividing gives nan: look at "
        "that before.",
        "With a and b the long vectors and length = a.norm() * b.norm(), the answer is "
        "a @ b / length if length > 0 else 0.0.",
    ),
)
def gradient_conflict(yours: Asked, random: torch.Generator) -> None:
    """Random gradients of unlike sizes, then the same way, the opposite way, and none at all."""
    sizes = ((4, 6), (4,), (3, 4))

    def draw(*lengths: float) -> list[Tensor]:
        made = (torch.randn(s, generator=random, dtype=torch.float64) for s in sizes)
        return [length * g for length, g in zip(lengths, made, strict=True)]

    a, b = draw(1.0, 0.2, 3.0), draw(2.0, 0.5, 0.7)
    b = [y + 0.6 * x for x, y in zip(a, b, strict=True)]  # clear of 0
    got = _ask(yours, a, b)
    for mistake, message in CONFLICTS:
        if close(got, mistake(a, b)):
            raise WrongAnswer(message)
    if not close(got, cosine(flat(a), flat(b))):
        raise WrongAnswer("not the cosine of the two: with one parameter, (3, 4) against (4, 3) must give 0.96")
    for factor in (2.0, -0.5):
        if not close(_ask(yours, a, [factor * g for g in a]), number(math.copysign(1, factor))):
            raise WrongAnswer(f"a gradient against {factor:g} times itself must give {math.copysign(1, factor):+.0f}")
    none = _ask(yours, a, [0 * g for g in a])
    if none.isnan():
        raise WrongAnswer("right, but where a task's gradient is all zeros it gives nan: return 0 there")
    if none.abs() > 1e-9:
        raise WrongAnswer("where a task's gradient is all zeros there is no conflict: return 0")


def _ask(yours: Asked, first: list[Tensor], second: list[Tensor]) -> Tensor:
    """The answer, one number; lists are copied, so that what was given stays."""
    copies: list[Any] = [[g.clone() for g in given] for given in (first, second)]
    found = yours.tensor(*copies, shape=())
    kept = copies[0] + copies[1]
    if len(kept) < len(first + second) or not all(map(torch.equal, first + second, kept)):
        raise WrongAnswer("it writes into the gradients it was given: compute new tensors instead")
    return found
