"""Exercise of notebook 09: the distance part of relational knowledge distillation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab import losses
from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

Unit = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # both tables of distances -> both in units of their own


def _table(f: Tensor) -> Tensor:
    """Euclidean distances, (B, B)."""
    return (f[:, None] - f[None]).square().sum(2).sqrt()


def _mean(d: Tensor) -> Tensor:
    """Mean over pairs of two samples."""
    return d.sum() / (len(d) * (len(d) - 1))


TABLES: dict[str, Callable[[Tensor], Tensor]] = {
    "": _table,
    "the distances are squared: the root is missing": lambda f: _table(f).square(),
    "the distances are sums of absolute differences, not Euclidean": lambda f: (f[:, None] - f[None]).abs().sum(2),
    "inner products stand where distances belong": lambda f: f @ f.T,
    "the features are brought to length 1 before their distances are taken: that is not asked for": (
        lambda f: _table(F.normalize(f, dim=1))
    ),
}
UNITS: dict[str, Unit] = {
    "": lambda s, t: (s / _mean(s), t / _mean(t)),
    "the mean distance is taken over the diagonal too, whose zeros belong to no pair": (
        lambda s, t: (s / s.mean(), t / t.mean())
    ),
    "student and teacher are divided by one common mean: each side has a unit of its own": (
        lambda s, t: (2 * s / (_mean(s) + _mean(t)), 2 * t / (_mean(s) + _mean(t)))
    ),
    "both sides are divided by the teacher's mean: each side has a unit of its own": (
        lambda s, t: (s / _mean(t), t / _mean(t))
    ),
    "nothing is divided by the mean distance, so that twice as long features change it": lambda s, t: (s, t),
    "the distances are divided by the largest one, not by their mean": lambda s, t: (s / s.max(), t / t.max()),
    "only the student's distances are divided by their mean": lambda s, t: (s / _mean(s), t),
    "each row is divided by its own mean; one mean over all pairs belongs there": (
        lambda s, t: tuple(d * (len(d) - 1) / d.sum(1, keepdim=True) for d in (s, t))
    ),
}
GAPS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "": F.smooth_l1_loss,
    "the difference is squared (MSE) where smooth L1 belongs": F.mse_loss,
    "the absolute difference (L1) is taken where smooth L1 belongs": F.l1_loss,
    "smooth L1 is added up over the entries where it is to be averaged": lambda s, t: F.smooth_l1_loss(
        s, t, reduction="sum"
    ),
    "smooth L1 is averaged over pairs of two samples; here its mean is over all batch² entries, diagonal included": (
        lambda s, t: F.smooth_l1_loss(s, t) * len(s) / (len(s) - 1)
    ),
}


def explanations() -> Iterator[tuple[tuple[str, str, str], Callable[[Tensor, Tensor], Tensor]]]:
    """What may be wrong in table, unit and gap, the simplest explanation first, with the value it gives."""
    for parts in sorted(product(TABLES, UNITS, GAPS), key=lambda p: sum(map(bool, p))):
        table, unit, gap = TABLES[parts[0]], UNITS[parts[1]], GAPS[parts[2]]
        yield parts, lambda s, t, table=table, unit=unit, gap=gap: gap(*unit(table(s), table(t)))


@exercise(
    "rkd_distance",
    "rkd_distance(student, teacher)",
    right="values and gradients are right; two pictures at the same place do no harm, and the teacher learns nothing",
    hints=(
        "Three steps: a table of distances for each side; each table in units of its own mean distance; then compare.",
        "The mean is over pairs of two different pictures: batch · (batch − 1) entries. The comparison is "
        "F.smooth_l1_loss, whose mean is over all batch² entries.",
        "The root has an infinite slope at 0, and the diagonal is all zeros. torch.cdist(f, f) knows that; by hand, "
        "take the root of squared.clamp(min=1e-12), or of the entries above 0 alone.",
    ),
)
def rkd_distance(yours: Asked, random: torch.Generator) -> None:
    """Values on three batches, gradients, then samples that coincide."""
    sizes = ((5, 3, 4), (7, 2, 6), (4, 5, 5))
    cases = [
        tuple(w * torch.randn(n, d, generator=random, dtype=torch.float64) for d, w in ((a, 3.0), (b, 1.0)))
        for n, a, b in sizes
    ]
    for student, _ in cases:
        student[0] += 20  # far out: else all gaps are below 1, where smooth L1 is half the square
    got = [yours.tensor(s, t, shape=()) for s, t in cases]
    if not all(value.isfinite() for value in got):
        raise WrongAnswer("not finite for ordinary features")
    for parts, value in explanations():
        if all(close(g, value(s, t), 1e-4) for g, (s, t) in zip(got, cases, strict=True)):
            if any(parts):
                raise WrongAnswer("; and ".join(filter(None, parts)))
            break
    else:
        raise WrongAnswer(_unknown(yours, cases[0], got))
    _gradients(yours, *cases[0])


def _unknown(yours: Asked, case: tuple[Tensor, Tensor], got: list[Tensor]) -> str:
    student, teacher = case
    if all(close(value, got[0], 1e-9) for value in got):
        return "the same value whatever student and teacher are"
    if yours.tensor(teacher, teacher, shape=()).abs() > 1e-6:
        return "not 0 where student and teacher are the same"
    if not close(yours.tensor(2 * student, teacher, shape=()), got[0], 1e-4):
        return "it changes when all of the student's features are doubled: is each side in units of its own mean?"
    if not close(yours.tensor(student + 1, teacher, shape=()), got[0], 1e-4):
        return "it changes when all of the student's features are moved: are these distances between samples?"
    return "moving and doubling change nothing, as it must be, but the value is another: try three points by hand"


def _gradients(yours: Asked, student: Tensor, teacher: Tensor) -> None:
    student.requires_grad_()
    teacher.requires_grad_()
    value = yours.tensor(student, teacher, shape=())
    if not value.requires_grad:
        raise WrongAnswer("the value is right, but no gradient reaches the student: is there .item() or .detach()?")
    mine, theirs = torch.autograd.grad(value, (student, teacher), allow_unused=True)
    if mine is not None and not mine.isfinite().all():
        raise WrongAnswer(
            "the value is right, but its gradient is NaN: the root has an infinite slope at 0, and every picture has "
            "the distance 0 from itself"
        )
    if theirs is not None and theirs.nan_to_num().abs().max() > 0:
        raise WrongAnswer("a gradient flows into the teacher, which would then learn from its student: detach it")
    right = torch.autograd.grad(losses.rkd_distance(student, teacher), student)[0]
    if mine is None or not close(mine, right, 1e-2):
        raise WrongAnswer("the value is right, but its gradient is not: is the student's mean distance detached?")
    twins = student.detach().clone()
    twins[1] = twins[0]
    twins.requires_grad_()
    slope = torch.autograd.grad(yours.tensor(twins, teacher.detach(), shape=()), twins)[0]
    if not slope.isfinite().all():
        raise WrongAnswer("its gradient is NaN where two pictures lie at the same place, which ReLUs can bring about")
