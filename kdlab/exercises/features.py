"""Exercises of notebook 08: the hint loss with its regressor, and plain linear CKA."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from kdlab import metrics
from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

Regressor = Callable[[Tensor], Tensor]

HINT_MISTAKES: list[tuple[Callable[[Tensor, Tensor, Regressor], Tensor], str]] = [
    (
        lambda s, t, r: (s - t).square().mean(),
        "the regressor is not used: the student's map is compared as it is",
    ),
    (
        lambda s, t, r: (s - r(t)).square().mean(),
        "the regressor is applied to the teacher's map: it leads from the student's to the teacher's shape",
    ),
    (
        lambda s, t, r: (r(s) - r(t)).square().mean(),
        "the regressor is applied to both maps, and could make them equal by forgetting both: it belongs to the "
        "student's alone",
    ),
    (
        lambda s, t, r: (r(s) - t).abs().mean(),
        "these are absolute differences: the hint loss squares them",
    ),
    (
        lambda s, t, r: (r(s) - t).square().mean().sqrt(),
        "this is the root of the mean square: the hint loss has no root",
    ),
    (
        lambda s, t, r: (r(s) - t).square().sum(),
        "everything is added up: twice as large a batch would weigh twice as much; take the mean",
    ),
    (
        lambda s, t, r: (r(s) - t).square().flatten(1).sum(1).mean(),
        "a mean over the batch, but a sum over the units: a larger layer would weigh more; take the mean over all",
    ),
    (
        lambda s, t, r: (r(s) - t).mean().square(),
        "the mean is squared, so that differences of opposite sign cancel: square first, then take the mean",
    ),
    (
        lambda s, t, r: (r(s) - t).square().mean() / 2,
        "half of it: some books put a ½ before the squares, this package does not",
    ),
]


@exercise(
    "hint_loss",
    "hint_loss(student_map, teacher_map, regressor)",
    right="right for maps and for vectors; student and regressor learn, the teacher does not",
    hints=(
        "Three things: bring the student's map to the teacher's shape, take the difference, make one number of it.",
        "`regressor(student_map)` has the teacher's shape. The mean runs over everything: batch, channels and places.",
        "(regressor(student_map) - teacher_map.detach()).square().mean()",
    ),
)
def hint_loss(yours: Asked, random: torch.Generator) -> None:
    """Compare values, then see where the gradients go."""
    draw = lambda *size: torch.randn(*size, generator=random)  # noqa: E731
    equal = draw(5, 3, 4, 4), draw(5, 3, 4, 4), _linear(3, 3, random)
    cases = [equal, (draw(6, 4), draw(6, 7), _linear(4, 7, random))]
    first = yours.tensor(*equal, shape=())
    wanted = _hint(*equal)
    if not close(first, wanted):
        for mistake, message in HINT_MISTAKES:
            if close(first, mistake(*equal)):
                raise WrongAnswer(message)
        raise WrongAnswer("the value is not the mean squared difference of regressor(student_map) from teacher_map")
    for case in cases[1:]:
        if not close(yours.tensor(*case, shape=()), _hint(*case)):
            raise WrongAnswer("right for maps, not for layers that are vectors: is the number of dimensions fixed?")
    student, teacher, regressor = equal
    student, teacher = student.clone().requires_grad_(), teacher.clone().requires_grad_()
    value = yours.function(student, teacher, regressor)
    if not getattr(value, "requires_grad", False):
        raise WrongAnswer(
            "the value is right, but no gradient flows: is there .item(), .detach() or no_grad around it?"
        )
    found = torch.autograd.grad(value, (student, teacher, *regressor.parameters()), allow_unused=True)
    if found[1] is not None and found[1].abs().max() > 0:
        raise WrongAnswer("a gradient flows into the teacher, which would come to meet its student: detach its map")
    if found[0] is None:
        raise WrongAnswer("no gradient reaches the student, so only the regressor would learn: is its map detached?")
    if any(gradient is None for gradient in found[2:]):
        raise WrongAnswer("no gradient reaches the regressor, which must learn too: is it used in no_grad?")


class _Each(nn.Module):
    """A linear map of the channels, at every place of a map or for a vector."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, features: Tensor) -> Tensor:
        """(batch, in, …) to (batch, out, …)."""
        return torch.einsum("oi,bi...->bo...", self.weight, features)


def _linear(seen: int, wide: int, random: torch.Generator) -> _Each:
    return _Each(torch.randn(wide, seen, generator=random))


def _hint(student: Tensor, teacher: Tensor, regressor: Regressor) -> Tensor:
    return (regressor(student) - teacher).square().mean()


def _centred(x: Tensor) -> Tensor:
    return x - x.mean(0)


def _cka(x: Tensor, y: Tensor) -> Tensor:
    """Of features that are centred, or should be."""
    return (y.T @ x).square().sum() / ((x.T @ x).norm() * (y.T @ y).norm())


def _cross(x: Tensor, y: Tensor) -> Tensor:
    return _centred(y).T @ _centred(x)


CKA_MISTAKES: list[tuple[Callable[[Tensor, Tensor], Tensor], str]] = [
    (
        lambda x, y: _cka(x, y),
        "the features are not centred: adding the same vector to all samples changes it, which it must not",
    ),
    (
        lambda x, y: _cka(x - x.mean(1, keepdim=True), y - y.mean(1, keepdim=True)),
        "centred along the wrong axis: take off each unit's mean over the samples, not each sample's over its units",
    ),
    (
        lambda x, y: _cka(x - x.mean(), y - y.mean()),
        "one mean is taken off everything: each unit has its own",
    ),
    (
        lambda x, y: _cross(x, y).square().sum(),
        "the division is missing: it grows with the features, where twice as large ones should change nothing",
    ),
    (
        lambda x, y: _cka(_centred(x), _centred(y)).sqrt(),
        "this is its root: the numerator is the *square* of the norm of YᵀX",
    ),
    (
        lambda x, y: _cross(x, y).norm() / (_cross(x, x).norm() * _cross(y, y).norm()),
        "the square in the numerator is missing: scaling the features changes it",
    ),
    (
        lambda x, y: _cross(x, y).square().sum() / (_cross(x, x).trace() * _cross(y, y).trace()),
        "divided by the squared norms of X and Y: the norms of XᵀX and YᵀY belong there, else a layer is not 1 to "
        "itself",
    ),
    (
        lambda x, y: torch.as_tensor(metrics.cka(x, y)),
        "this is the debiased estimate, which the package uses; here the plain one is asked for",
    ),
]


@exercise(
    "linear_cka",
    "linear_cka(x, y)",
    right="right for layers of any width, blind to rotation, scale and shift, and 1 for a layer and itself",
    hints=(
        "Centre, compare, normalise. What is taken off whom so that a shift of all samples does no harm?",
        "With each unit's mean over the samples taken off: the squared Frobenius norm of YᵀX, divided by the product "
        "of the norms of XᵀX and YᵀY.",
        "x = x - x.mean(dim=0), the same for y; then (y.T @ x).norm()**2 / ((x.T @ x).norm() * (y.T @ y).norm()).",
    ),
)
def linear_cka(yours: Asked, random: torch.Generator) -> None:
    """Compare with plain linear CKA, and with what usually goes wrong."""
    draw = lambda *size: torch.randn(*size, generator=random, dtype=torch.float64)  # noqa: E731
    cases = []
    for samples, wide, other in ((12, 4, 6), (9, 5, 3)):
        x = draw(samples, wide) * (1 + draw(wide).abs()) + 2 * draw(wide)
        cases.append((x, x @ draw(wide, other) + draw(samples, other) + draw(other)))
    got = [yours.tensor(*case, shape=()) for case in cases]
    if all(close(g, _cka(*map(_centred, case))) for g, case in zip(got, cases, strict=True)):
        return
    for mistake, message in CKA_MISTAKES:
        if all(close(g, mistake(*case)) for g, case in zip(got, cases, strict=True)):
            raise WrongAnswer(message)
    if close(got[0], got[1]):
        raise WrongAnswer("the same answer whatever the two layers are")
    x = cases[0][0]
    itself = yours.tensor(x, x, shape=())
    if not close(itself, torch.ones(())):
        raise WrongAnswer(f"a layer compared with itself must give 1, and gives {itself:.3g}")
    if not close(yours.tensor(x, 3 * cases[0][1], shape=()), got[0]):
        raise WrongAnswer("three times as large features change it, which must not be: look at the division")
    raise WrongAnswer("1 for a layer and itself and blind to scale, but another value than ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖)")
