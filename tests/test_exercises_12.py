"""Gradient reversal: right answers pass in any style, each mistake has its own message."""

import pytest
import torch

from kdlab import losses
from kdlab.exercises import check, hint

SEEDS = range(6)


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return -gradient


class Stuck(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return -torch.ones_like(gradient)


def hooked(x):
    y = x.clone()
    y.register_hook(torch.neg)
    return y


WRONG = [
    (lambda x: x, "or it is reversed twice"),
    (lambda x: Reverse.apply(Reverse.apply(x)), "or it is reversed twice"),
    (lambda x: -x, "but so is what the discriminator sees"),
    (lambda x: x - 2 * x.detach(), "the value is −x; going"),
    (lambda x: 2 * x, "the value is not x"),
    (torch.zeros_like, "the value is not x"),
    (lambda x: x.detach(), "no gradient comes back"),
    (lambda x: x.detach() + 0 * x, "the gradient is 0"),
    (lambda x: 3 * x.detach() - 2 * x, "multiplied by -2"),
    (Stuck.apply, "must change with what comes in"),
    (lambda x: x.sum(), "shape (4, 3)"),
    (lambda x: None, "nothing comes back yet"),
    (lambda x: 1 / 0, "raised ZeroDivisionError"),
    (lambda: 0, "raised TypeError"),
]


@pytest.mark.parametrize(
    "answer", [lambda x: 2 * x.detach() - x, lambda x: x.detach() - (x - x.detach()), Reverse.apply, hooked,
               losses.gradient_reversal],
)  # fmt: skip
def test_right_answers_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("gradient_reversal", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG)
def test_each_mistake_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("gradient_reversal", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def test_an_unfinished_answer_says_so_and_hints_are_three():
    def unfinished(x):
        raise NotImplementedError("write it")

    assert "nothing is written yet" in str(check("gradient_reversal", unfinished))
    assert "pass the function itself" in str(check("gradient_reversal", 1.0))
    assert [hint("gradient_reversal").partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
