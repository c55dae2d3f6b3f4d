"""Exercise of notebook 06: a knob that moves along a straight line, and then stays."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from kdlab.exercises.base import Asked, WrongAnswer, exercise

Line = Callable[[int, int, float, float, float], float]  # step, steps, start, end, until -> alpha
SLACK = 1e-4


def truth(step: int, steps: int, start: float, end: float, until: float) -> float:
    """Straight from start to end over the first ``until`` of the way from step 0 to step ``steps - 1``, then level."""
    return start + (end - start) * min(1.0, step / (steps - 1) / until)


def _on(share: float, start: float, end: float) -> float:
    """At a share of the line, cut off at its two ends."""
    return start + (end - start) * min(1.0, max(0.0, share))


# What goes wrong, as functions: whoever's answers equal one of them has made that mistake.
MISTAKES: list[tuple[Line, str]] = [
    (
        lambda k, n, a, b, u: _on(k / n / u, a, b),
        "late by a little, and with until = 1 the end is never reached: the last step has the number steps − 1, so one "
        "step less than `steps` lies between the first and the last",
    ),
    (
        lambda k, n, a, b, u: _on((k + 1) / n / u, a, b),
        "early by a step: at step 0 it has already left the start",
    ),
    (
        lambda k, n, a, b, u: _on((k - 1) / (n - 1) / u, a, b),
        "late by a step: it counts from 1, but the first step has the number 0",
    ),
    (
        lambda k, n, a, b, u: _on((k - 1) / n / u, a, b),
        "late by a step: it counts from 1, but the first step has the number 0",
    ),
    (
        lambda k, n, a, b, u: a + (b - a) * k / (n - 1) / u,
        "right at first, but after `until` it runs on beyond the end: there it must stay",
    ),
    (
        lambda k, n, a, b, u: a + (b - a) * k / n / u,
        "after `until` it runs on beyond the end, where it must stay; besides, the last step has the number steps − 1",
    ),
    (
        lambda k, n, a, b, u: truth(k, n, b, a, u),
        "it runs backwards: from the end to the start",
    ),
    (
        lambda k, n, a, b, u: truth(k, n, a, b, 1),
        "the same answer whatever `until` is: the line takes the whole run",
    ),
    (
        lambda k, n, a, b, u: _on(k / u, a, b),
        "the end is there after a step: `until` is a share of the run, and not a number of steps",
    ),
    (
        lambda k, n, a, b, u: _on(k / (n - 1) * u, a, b),
        "with until = 0.5 it is too slow, not too fast: a line over half of the run is twice as steep",
    ),
    (
        lambda k, n, a, b, u: b if k / (n - 1) >= u else a,
        "it jumps: start before `until`, end from there on. Wanted is a straight line between the two",
    ),
    (
        lambda k, n, a, b, u: _on(k // (n - 1) / u, a, b),
        "it stays at the start for too long: `//` cuts everything behind the point off, `/` does not",
    ),
    (
        lambda k, n, a, b, u: a if k / (n - 1) > u else truth(k, n, a, b, u),
        "right up to `until`, but after that it is back at the start",
    ),
    (
        lambda k, n, a, b, u: a * (1 - min(1.0, k / (n - 1) / u)),
        "it goes to 0 whatever `end` is",
    ),
    (
        lambda k, n, a, b, u: a + b * min(1.0, k / (n - 1) / u),
        "it adds a share of the end, where a share of the way from start to end belongs",
    ),
    (
        lambda k, n, a, b, u: a * (b / a) ** min(1.0, k / (n - 1) / u),
        "both ends are right, but between them it multiplies: a curve, where a straight line is wanted",
    ),
    (
        lambda k, n, a, b, u: a + (b - a) * (1 - math.cos(math.pi * min(1.0, k / (n - 1) / u))) / 2,
        "both ends are right, but between them it is a cosine: a straight line is wanted",
    ),
    (
        lambda k, n, a, b, u: max(b, a + (b - a) * k / (n - 1) / u),
        "right for an alpha that falls, wrong for one that rises: it must be stopped at the end from both sides",
    ),
    (
        lambda k, n, a, b, u: min(b, a + (b - a) * k / (n - 1) / u),
        "right for an alpha that rises, wrong for one that falls: it must be stopped at the end from both sides",
    ),
]


@exercise(
    "alpha_schedule",
    "alpha_schedule(step, steps, start, end, until)",
    right="a straight line that arrives on time and stays, whether it falls or rises",
    hints=(
        "Think in two stages. How much of the run is over at this step, from 0 at the first to 1 at the last? "
        "And how much of the line is over by then?",
        "Steps are numbered 0, 1, …, steps − 1. A line that must be done at `until` = 0.5 moves twice as fast as the "
        "run. After that, its share must not grow beyond 1.",
        "With s = step / (steps − 1) the share of the line is min(1, s / until); the rest is start plus that share of "
        "(end − start).",
    ),
)
def alpha_schedule(yours: Asked, random: torch.Generator) -> None:
    """Compare with the line at all steps of four runs, and with what usually goes wrong."""
    steps = [int(torch.randint(11, 26, (), generator=random)) for _ in range(4)]
    high, low = (float(base + 0.1 * torch.rand((), generator=random)) for base in (0.8, 0.1))
    runs = [(n, *ends, u) for n, ends, u in zip(steps, [(high, low), (low, high)] * 2, (0.5, 0.4, 1, 1), strict=True)]
    got = [[_ask(yours, k, *run) for k in range(run[0])] for run in runs]

    def equal(line: Line) -> bool:
        return all(
            math.isclose(line(k, *run), g, abs_tol=SLACK)
            for run, values in zip(runs, got, strict=True)
            for k, g in enumerate(values)
        )

    if equal(truth):
        return
    for mistake, message in MISTAKES:
        if equal(mistake):
            raise WrongAnswer(message)
    if all(max(values) - min(values) < SLACK for values in got):
        raise WrongAnswer("alpha never moves: the same value at all steps of a run")
    for (n, start, end, until), values in zip(runs, got, strict=True):
        where = f"from {start:.2f} to {end:.2f} over {until:g} of {n} steps"
        if abs(values[0] - start) > SLACK:
            raise WrongAnswer(f"{where}, it does not begin at the start: step 0 gives {values[0]:.3f}")
        if abs(values[-1] - end) > SLACK:
            raise WrongAnswer(f"{where}, it does not end at the end: step {n - 1} gives {values[-1]:.3f}")
        wrong = [k for k, v in enumerate(values) if abs(v - truth(k, n, start, end, until)) > SLACK]
        if wrong:
            raise WrongAnswer(
                f"{where}, both ends are right, but at step {wrong[0]} it is {values[wrong[0]]:.3f}, which is not on "
                "the line: work that step out by hand"
            )


def _ask(yours: Asked, *given: float) -> float:
    """One answer, a finite number."""
    value = yours.tensor(*given, shape=()).item()
    if not math.isfinite(value):
        raise WrongAnswer(f"it gives {value} at step {given[0]} of {given[1]}, which is no number")
    return value
