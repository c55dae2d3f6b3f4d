"""Exercise of notebook 12: a gradient reversal."""

from __future__ import annotations

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise


@exercise(
    "gradient_reversal",
    "gradient_reversal(x)",
    right="forwards it is x itself, backwards every gradient changes its sign",
    hints=(
        "Two demands: the value is x, and the slope is −1. Write x as a sum of a part that has a gradient and a part "
        "that has none.",
        ".detach() gives the same numbers without a gradient. The part with a gradient must be −x; what must be added "
        "so that the value becomes x again?",
        "−x + 2x = x. Let the 2x have no gradient: 2 * x.detach() - x.",
    ),
)
def gradient_reversal(yours: Asked, random: torch.Generator) -> None:
    """Look at the value first, then at the gradient."""
    x = torch.randn(4, 3, generator=random, dtype=torch.float64).requires_grad_()
    coming = torch.randn(4, 3, generator=random, dtype=torch.float64)
    value = yours.tensor(x, shape=x.shape)
    slope = _slope(value, x, coming)
    if close(value, -x.detach()):
        if slope is not None and close(slope, -torch.ones(1, dtype=torch.float64).expand_as(slope)):
            raise WrongAnswer("the value is −x: the gradient is reversed, but so is what the discriminator sees")
        raise WrongAnswer("the value is −x; going forwards, nothing may change")
    if not close(value, x.detach()):
        raise WrongAnswer("the value is not x; going forwards, nothing may change")
    if slope is None:
        raise WrongAnswer("no gradient comes back: detached, the student would learn nothing from the discriminator")
    ones = torch.ones_like(slope)
    if close(slope, -ones):
        return
    if slope.abs().max() < 1e-9:
        raise WrongAnswer("the gradient is 0: the student would learn nothing from the discriminator")
    if close(slope, ones):
        raise WrongAnswer(
            "the gradient passes as through x itself: nothing is reversed, or it is reversed twice; the student would "
            "help the discriminator"
        )
    if close(slope, slope.mean().expand_as(slope)):
        raise WrongAnswer(f"the value is right, but the gradient is multiplied by {slope.mean():.3g}; it must be by −1")
    raise WrongAnswer(
        "the value is right, but the gradient is not that which comes in times −1: it must change with what comes in"
    )


def _slope(value: Tensor, x: Tensor, coming: Tensor) -> Tensor | None:
    """By how much the gradient is multiplied, entry by entry; None where there is none."""
    if not value.requires_grad:
        return None
    found = torch.autograd.grad(value, x, coming, allow_unused=True)[0]
    return None if found is None else found / coming
