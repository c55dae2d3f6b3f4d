"""The view of exits: accuracies, leaving early and costs, against plain loops."""

import io

import numpy as np
import pytest
import torch
from helpers import toy
from PIL import Image
from torch import nn

import kdlab
from kdlab.deploy import exit_costs
from kdlab.ui.panels.exits import Exits

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 3, 50)
MOMENTS = {name: [RANDOM.normal(size=(50, 3)) * scale for scale in (1, 2, 4)] for name in ("1 step", "9 steps")}
MACS = [10, 30, 100]


@pytest.fixture
def view() -> Exits:
    return Exits(MOMENTS, LABELS, names=["a", "b", "c"], macs=MACS)


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


@pytest.mark.parametrize("moment", [0, 1])
def test_accuracies_are_the_shares_of_right_answers(view, moment):
    said = list(MOMENTS.values())[moment]
    assert view.accuracies(moment) == pytest.approx([(z.argmax(1) == LABELS).mean() for z in said])


@pytest.mark.parametrize("threshold", [0.0, 0.55, 0.9, 1.0])
def test_leaving_is_at_the_first_exit_that_is_sure_enough(view, threshold):
    said = MOMENTS["9 steps"]
    places, right = [], 0
    for i, label in enumerate(LABELS):
        confidence = [np.floor(127 * softmax(z[i]).max()) / 127 for z in said]
        place = next((k for k in range(2) if confidence[k] >= threshold), 2)
        places.append(place)
        right += said[place][i].argmax() == label
    found = view.leaving(threshold)
    assert found["shares"] == pytest.approx([places.count(k) / 50 for k in range(3)])
    assert found["accuracy"] == pytest.approx(right / 50)
    assert found["macs"] == pytest.approx(np.mean([MACS[k] for k in places]))


def test_at_the_ends_all_leave_first_or_nearly_all_last(view):
    assert view.leaving(0.0)["shares"] == [1, 0, 0]
    assert view.leaving(0.0)["macs"] == MACS[0]
    assert view.leaving(1.0)["shares"][2] > 0.9


def test_costs_are_those_worked_out_by_hand():
    net = nn.Sequential()
    for name, stage in {
        "first": nn.Sequential(nn.Flatten(), nn.Linear(toy().train.x[0].numel(), 8), nn.ReLU()),
        "second": nn.Sequential(nn.Linear(8, 6), nn.ReLU()),
        "head": nn.Linear(6, 3),
    }.items():
        net.add_module(name, stage)
    data = toy()
    recipe = kdlab.Recipe(scheme="self", scheme_variant="exits", epochs=1)
    player = kdlab.train(net, data, recipe=recipe).setup.players["student"]
    d, classes = data.train.x[0].numel(), len(data.classes)
    assert exit_costs(player, data) == [8 * d + 8 * classes, 8 * d + 8 * 6 + 6 * 3]
    assert torch.equal(player.net.head.weight, net.head.weight)


def test_picture_and_sentence(view):
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert len(view.picture()) <= 40_000
    assert view.sentence().startswith("9 steps: a ")
    view.moment, view.threshold = 0, 0.0
    assert view.sentence().startswith("1 step: a ")
    assert "at 10% of the whole cost" in view.sentence()
