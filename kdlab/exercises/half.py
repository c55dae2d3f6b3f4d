"""Exercise of notebook 03: the temperature at which the top class falls to one half."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, exercise

CLASSES = 10
FINE, COARSE = 0.005, 0.05  # how far from one half the top class may be


def top(logits: Tensor, temperature: float) -> float:
    """Probability of the top class at T."""
    return (logits.double() / temperature).softmax(0).max().item()


def solve(logits: Tensor, goal: float = 0.5) -> float:
    """The T at which the top class falls to ``goal``: halving an interval on a log scale."""
    low, high = 1e-4, 1e4
    for _ in range(80):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if top(logits, middle) > goal else (low, middle)
    return (low * high) ** 0.5


def cases(random: torch.Generator) -> list[Tensor]:
    """Three rows of logits, of which the answers are about 0.5 (less than 1 in any case), 2 and 5."""
    rows = []
    for wanted in (0.5, 2.0, 5.0):
        row = torch.randn(CLASSES, generator=random)
        row[row.argmax()] += 1.0  # one class is clearly on top
        rows.append(row * (wanted / solve(row)))  # scaling the logits scales the T that is looked for
    return rows


@exercise(
    "temperature_for_half",
    "temperature_for_half(logits)",
    right="at your T the top class has one half, whether that takes T above or below 1",
    hints=(
        "How does the top class's probability change as T grows? It only ever falls. "
        "So there is one T, and you can close in on it.",
        "Halve an interval: start from T between 0.01 and 100, look at the middle, keep the half with the answer.",
        "for _ in range(60): middle = (low + high) / 2; if the top class has more than 1/2 at middle, T must be "
        "larger: low = middle; else high = middle. In the end, return middle.",
    ),
)
def temperature_for_half(yours: Asked, random: torch.Generator) -> None:
    """Look at where the top class is at the learner's T."""
    rows = cases(random)
    found = [yours.tensor(row, shape=()).item() for row in rows]
    right = [solve(row) for row in rows]
    for t in found:
        if not (t == t and 0 < t < float("inf")):
            raise WrongAnswer(f"T must be a finite number above 0, got {t:g}")
    if max(found) - min(found) < 1e-6:
        raise WrongAnswer("the same T for three different rows of logits: does your T depend on the logits?")

    def off(values: list[float], goals: Sequence[float] = (0.5, 0.5, 0.5)) -> float:
        return max(abs(top(row, t) - g) for row, t, g in zip(rows, values, goals, strict=True))

    if off(found) <= FINE:
        return
    if off([1 / t for t in found]) <= COARSE:
        raise WrongAnswer("at 1/T, not at T, the top class has one half: the logits are to be divided by T")
    if off(found, [top(row, 1.0) / 2 for row in rows]) <= FINE:
        raise WrongAnswer("the top class falls to half of what it had at T = 1; it is to fall to one half")
    if off(found) <= COARSE:
        raise WrongAnswer(f"near, but not within {FINE:g} of one half: the steps are too coarse, close in further")
    if off([right[0], *found[1:]]) <= COARSE:
        raise WrongAnswer(
            "right where the top class has more than one half at T = 1; where it has less, T must go below 1"
        )
    if max(abs(found[i] - right[i]) for i in (0, 1)) < 0.1:
        raise WrongAnswer("right for small T; the search ends before it reaches a T of about 5")
    worst = max(range(len(rows)), key=lambda i: abs(top(rows[i], found[i]) - 0.5))
    side = "more" if top(rows[worst], found[worst]) > 0.5 else "less"
    raise WrongAnswer(f"for one of three rows the top class still has {side} than one half at your T")
