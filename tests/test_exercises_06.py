"""A schedule of alpha: right answers pass in any style, each mistake has its own message."""

import math

import numpy as np
import pytest
import torch

from kdlab import schedules
from kdlab.exercises import check, hint

SEEDS = range(6)


def with_if(step, steps, start, end, until):
    last = until * (steps - 1)
    if step >= last:
        return end
    return start + (end - start) * step / last


def in_numpy(step, steps, start, end, until):
    return np.interp(step, [0, until * (steps - 1)], [start, end])


def in_torch(step, steps, start, end, until):
    share = torch.tensor(step / (steps - 1) / until).clamp(max=1.0)
    return torch.lerp(torch.tensor(start), torch.tensor(end), share)


def of_the_package(step, steps, start, end, until):
    return schedules.value([[0.0, start], [until, end]], step / (steps - 1))


def clip(share, a, b):
    return a + (b - a) * float(np.clip(share, 0, 1))


WRONG = [
    (lambda k, n, a, b, u: with_if(k, n + 1, a, b, u), "has the number steps − 1"),
    (lambda k, n, a, b, u: with_if(k + 1, n + 1, a, b, u), "already left the start"),
    (lambda k, n, a, b, u: clip((k - 1) / (n - 1) / u, a, b), "it counts from 1"),
    (lambda k, n, a, b, u: clip((k - 1) / n / u, a, b), "it counts from 1"),
    (lambda k, n, a, b, u: a + (b - a) * k / ((n - 1) * u), "runs on beyond the end: there"),
    (lambda k, n, a, b, u: a + (b - a) * k / (n * u), "runs on beyond the end, where"),
    (lambda k, n, a, b, u: with_if(k, n, b, a, u), "it runs backwards"),
    (lambda k, n, a, b, u: with_if(k, n, a, b, 1), "whatever `until` is"),
    (lambda k, n, a, b, u: clip(k / u, a, b), "not a number of steps"),
    (lambda k, n, a, b, u: clip(k / (n - 1) * u, a, b), "twice as steep"),
    (lambda k, n, a, b, u: a if k < u * (n - 1) else b, "it jumps"),
    (lambda k, n, a, b, u: clip(k // (n - 1) / u, a, b), "cuts everything"),
    (lambda k, n, a, b, u: a if k > u * (n - 1) else with_if(k, n, a, b, u), "back at the start"),
    (lambda k, n, a, b, u: with_if(k, n, a, 0, u), "goes to 0 whatever"),
    (lambda k, n, a, b, u: a + b * clip(k / (n - 1) / u, 0, 1), "adds a share of the end"),
    (lambda k, n, a, b, u: math.exp(with_if(k, n, math.log(a), math.log(b), u)), "it multiplies"),
    (lambda k, n, a, b, u: a + (b - a) * math.sin(math.pi / 2 * clip(k / (n - 1) / u, 0, 1)) ** 2, "it is a cosine"),
    (lambda k, n, a, b, u: max(b, a + (b - a) * k / (n - 1) / u), "wrong for one that rises"),
    (lambda k, n, a, b, u: min(b, a + (b - a) * k / (n - 1) / u), "wrong for one that falls"),
    (lambda k, n, a, b, u: with_if(k, n, a, b, u) ** 2, "does not begin at the start"),
    (lambda k, n, a, b, u: a if k == 0 else with_if(k, n, a, b, u) ** 2, "does not end at the end"),
    (lambda k, n, a, b, u: clip((k / (n - 1) / u) ** 2, a, b), "not on the line"),
    (lambda k, n, a, b, u: a, "alpha never moves"),
    (lambda k, n, a, b, u: 0.5, "alpha never moves"),
    (lambda k, n, a, b, u: 0, "alpha never moves"),
    (lambda k, n, a, b, u: math.nan, "which is no number"),
    (lambda k, n, a, b, u: [a, b], "must return one number"),
    (lambda k, n, a, b, u: "falls", "got a str"),
    (lambda k, n, a, b, u: None, "nothing comes back yet"),
    (lambda k, n, a, b, u: ..., "nothing comes back yet"),
    (lambda k, n, a, b, u: 1 / 0, "raised ZeroDivisionError"),
    (lambda step: step, "raised TypeError"),
]


@pytest.mark.parametrize("answer", [with_if, in_numpy, in_torch, of_the_package])
def test_right_answers_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("alpha_schedule", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG, ids=range(len(WRONG)))
def test_each_mistake_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("alpha_schedule", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def test_an_unfinished_answer_says_so_and_hints_are_three():
    def alpha_schedule(step, steps, start, end, until):
        raise NotImplementedError("how much of the line is over?")

    assert "nothing is written yet" in str(check("alpha_schedule", alpha_schedule))
    assert "pass the function itself" in str(check("alpha_schedule", 0.5))
    assert [hint("alpha_schedule").partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
