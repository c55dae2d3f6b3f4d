"""Exercise of notebook 03: softmax at a temperature."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

BATCH, CLASSES = 6, 10
TEMPERATURES = (4.0, 1.0, 0.5)

# What goes wrong, as functions: whoever's answers equal one of them has made that mistake.
MISTAKES: list[tuple[Callable[[Tensor, float], Tensor], str]] = [
    (
        lambda z, t: z.softmax(1),
        "the same answer at T = 1 and at T = 4: the temperature is not used",
    ),
    (
        lambda z, t: (z * t).softmax(1),
        "at T = 4 the top class gets more, not less: the logits are multiplied by T where they are to be divided",
    ),
    (
        lambda z, t: z.softmax(1) / t,
        "right at T = 1, but at T = 4 a row adds up to 1/4: T divides the probabilities; it belongs inside, "
        "before the exponential",
    ),
    (
        lambda z, t: (z / t).softmax(0),
        "each column adds up to 1 and the rows do not: the sum runs over the batch, not over the classes",
    ),
    (
        lambda z, t: (z / t).log_softmax(1),
        "all values are negative: these are the logarithms of the probabilities",
    ),
    (
        lambda z, t: (z / t).exp(),
        "all values are positive, but a row does not add up to 1: the division by the sum is missing",
    ),
    (
        lambda z, t: z / t,
        "some values are negative and no row adds up to 1: these are still logits, divided by T",
    ),
    (
        lambda z, t: torch.full_like(z, 1 / z.shape[1]),
        "1/10 for every class, whatever the logits: that is the limit T → ∞, not the answer at T = 4",
    ),
]


@exercise(
    "soften",
    "soften(logits, temperature)",
    right="right at T = 4, 1 and 0.5, every row adds up to 1, and logits of a thousand do no harm",
    hints=(
        "Three steps: divide, exponentiate, make each row add up to 1. Which of them sees T?",
        "T divides the logits, before the exponential. The sum runs over the classes, which are the last dimension.",
        "With e = ((logits − each row's maximum) / temperature).exp(), the answer is e / e.sum(dim=1, keepdim=True); "
        "taking off the maximum changes nothing but keeps exp from overflowing.",
    ),
)
def soften(yours: Asked, random: torch.Generator) -> None:
    """Compare with softmax(logits / T), and with what usually goes wrong."""
    cases = [(3 * torch.randn(BATCH, CLASSES, generator=random), t) for t in TEMPERATURES]
    got = [yours.tensor(z, t, shape=z.shape) for z, t in cases]
    for mistake, message in MISTAKES:
        if all(close(g, mistake(z, t)) for g, (z, t) in zip(got, cases, strict=True)):
            raise WrongAnswer(message)
    for g, (z, t) in zip(got, cases, strict=True):
        if not close(g.sum(1), torch.ones(BATCH)):
            raise WrongAnswer(f"at T = {t:g} the rows do not add up to 1, as probabilities must")
        if not close(g, (z / t).softmax(1)):
            raise WrongAnswer(
                f"the rows add up to 1, but at T = {t:g} the odds of two classes are not exp((z₁ − z₂) / T): "
                "try it by hand on logits [log 16, log 4, 0] at T = 2, which give 4/7, 2/7, 1/7"
            )
    far = torch.tensor([[1000.0, 0.0, -1000.0], [999.0, 1000.0, 0.0]])
    if not close(yours.tensor(far, 1.0, shape=far.shape), far.softmax(1)):
        raise WrongAnswer("right for ordinary logits, not for logits of 1,000: exp(1000) is infinite")
