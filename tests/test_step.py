"""One step of the loop, and what comes before it."""

import pytest
import torch
from helpers import bits, net, same, toy, training
from torch import nn

from kdlab.events import Changed, Epoch, Phase, Step
from kdlab.taps import tapped


class Stubborn(nn.Module):
    """Its normalisation stays in eval mode, as in many a fine-tuned network."""

    def __init__(self):
        super().__init__()
        self.inner = net(1, batch_norm=True)

    def forward(self, x):
        return self.inner(x)

    def train(self, mode: bool = True):
        super().train(mode)
        self.inner.stage1[1].eval()
        return self


def test_a_network_that_keeps_its_normalisation_in_eval_mode_is_left_to_do_so():
    run = training(Stubborn())
    before = run.students["student"].inner.stage1[1].running_mean.clone()
    list(run)
    assert torch.equal(run.students["student"].inner.stage1[1].running_mean, before)


def test_a_gradient_left_behind_by_somebody_else_does_not_count():
    run, disturbed = training(), training()
    for one in (run, disturbed):
        for event in one:
            if one is disturbed and isinstance(event, Step):
                for parameter in one.students["student"].parameters():
                    parameter.grad = torch.ones_like(parameter)
    assert same(bits(run), bits(disturbed))


def test_what_comes_before_a_step_and_the_steps_make_up_the_whole():
    whole, run = list(training()), training()
    parts = []
    while not run.over:
        parts += run.until_step()
        parts.append(run.take_step())
    parts += run.until_step()
    assert parts == whole
    assert [type(event) for event in parts].count(Epoch) == 3
    assert isinstance(parts[0], Phase)
    assert isinstance(parts[-1], Epoch)


def test_nothing_comes_twice_before_a_step():
    run = training()
    assert [type(event) for event in run.until_step()] == [Phase]
    assert list(run.until_step()) == []
    run.recipe = run.recipe.replace(temperature=5.0)
    assert [type(event) for event in run.until_step()] == [Changed]


def test_over_says_whether_a_step_is_left():
    run = training(epochs=1)
    assert [run.over for event in run if isinstance(event, Step)] == [False] * 5 + [True]
    run.recipe = run.recipe.replace(epochs=2)
    list(run.until_step())
    assert not run.over


def test_without_names_nothing_is_tapped_and_a_wrong_one_is_refused():
    model, x = net(), toy().train.x[:2]
    with tapped(model, ()) as seen:
        model(x)
    assert seen == {}
    with (
        pytest.raises(ValueError, match=r"layer must be one of .*, got 'stage2'; did you mean 'stage1'"),
        tapped(model, ["stage2"]),
    ):
        pass
