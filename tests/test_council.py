"""The teacher shelf: what it computes for its stills, against plain loops."""

import io

import numpy as np
import pytest
import torch
from helpers import sure
from PIL import Image

from kdlab.algorithms.multi_teacher import COMBINE
from kdlab.ui.panels.council import SHOWN, Council

NETS = {"one": sure(1), "two": sure(2), "three": sure(3)}
X = torch.rand(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Y = torch.arange(40) % 3
CLASSES = ["a", "b", "c"]


@pytest.fixture
def view() -> Council:
    return Council(NETS, X, Y, CLASSES, weights=[1.0, 2.0, 0.0])


def alone(k: int) -> np.ndarray:
    return list(NETS.values())[k](X).softmax(1).detach().double().numpy()


def test_teachers_alone_and_together_are_as_worked_out_by_a_loop(view):
    assert view.said() == pytest.approx(np.stack([alone(k) for k in range(3)]), abs=1e-6)
    assert view.together() == pytest.approx((alone(0) + 2 * alone(1)) / 3, abs=1e-6)
    view.how = "logits"
    product = (alone(0) * alone(1) ** 2) ** (1 / 3)
    assert view.together() == pytest.approx(product / product.sum(1, keepdims=True), abs=1e-6)


def test_who_is_right_how_often(view):
    together, each = view.right()
    assert each == pytest.approx([np.mean(alone(k).argmax(1) == Y.numpy()) for k in range(3)])
    assert together == pytest.approx(np.mean((alone(0) + 2 * alone(1)).argmax(1) == Y.numpy()))


def test_pictures_to_choose_from_are_those_on_which_teachers_that_count_disagree(view):
    disagree = np.flatnonzero(alone(0).argmax(1) != alone(1).argmax(1))
    assert view.places == disagree[:SHOWN].tolist() or not len(disagree)
    images = np.frombuffer(view.images, np.uint8).reshape(len(view.places), 6, 6)
    assert images[0] == pytest.approx(255 * X[view.places[0], 0].numpy(), abs=0.51)


def test_where_nobody_counts_nothing_is_known(view):
    view.weights = [0.0, 0.0, 0.0]
    assert view.together() == pytest.approx(np.full((40, 3), 1 / 3))


@pytest.mark.parametrize("how", COMBINE)
def test_picture_and_sentence_are_of_what_is_set(view, how):
    view.how, view.sample = how, 1
    k = view.places[1]
    best = view.together()[k].argmax()
    assert f"of class {CLASSES[Y[k]]}: " in view.sentence()
    assert f"by {how}, they say {CLASSES[best]} with {100 * view.together()[k, best]:.0f} %" in view.sentence()
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert len(view.picture()) <= 40_000
