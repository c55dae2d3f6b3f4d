"""What a method shows of its loss is what it compares: the loss can be worked out from it."""

import pytest
import torch
from helpers import rand

from kdlab import methods
from kdlab.knowledge import Exchange, Knowledge


def exchange(name, student, teacher, temperature=3.0):
    """One method's exchange of one layer, with its adapter."""
    method = methods.get(name)
    knowing = [Knowledge(rand(5, 3, seed=i).float(), {"layer": f}) for i, f in enumerate((student, teacher))]
    pairs = (("layer", "layer"),)
    adapter = method.adapter(*knowing, pairs)
    return method, Exchange(*knowing, temperature, pairs, adapter=adapter)


def maps():
    return rand(5, 4, 6, 6, seed=3).float(), rand(5, 7, 6, 6, seed=4).float()


def mean_square(s, t, temperature):
    return (s - t).square().mean()


def divergence(s, t, temperature):
    return temperature**2 * (t * (t.log() - s.log())).flatten(2).sum(2).mean()


@pytest.mark.parametrize(
    ("name", "loss"), [("hint", mean_square), ("attention-transfer", mean_square), ("channel-wise", divergence)]
)
def test_the_loss_can_be_worked_out_from_what_is_shown(name, loss):
    method, seen = exchange(name, *maps())
    ((s, t),) = method.shows(seen)
    (term,) = method.terms(seen).values()
    torch.testing.assert_close(loss(s, t, seen.temperature), term.value)


def test_attention_is_shown_as_one_map_for_each_sample():
    method, seen = exchange("attention-transfer", *maps())
    ((s, t),) = method.shows(seen)
    assert s.shape == t.shape == (5, 6, 6)
    torch.testing.assert_close(t.flatten(1).norm(dim=1), torch.ones(5))


@pytest.mark.parametrize("name", ["hierarchical-context", "vid"])
def test_a_regressor_is_shown_beside_the_teacher_itself(name):
    method, seen = exchange(name, *maps())
    ((s, t),) = method.shows(seen)
    assert s.shape == t.shape
    torch.testing.assert_close(t, seen.teacher.features["layer"])


def test_a_mix_shows_the_first_part_that_has_something_to_show():
    method, seen = exchange({"rkd": 1.0, "hint": 0.5}, *maps())
    ((s, t),) = method.shows(seen)
    torch.testing.assert_close((s - t).square().mean(), method.terms(seen)["hint"].value)


@pytest.mark.parametrize("name", ["soft-targets", "rkd", "nst", "factor-transfer"])
def test_what_is_not_compared_place_by_place_is_not_shown(name):
    method, seen = exchange(name, *maps())
    assert method.shows(seen) == []
