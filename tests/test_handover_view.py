"""The view of what a target can say: what it computes for its stills, against plain loops."""

import io
import math

import numpy as np
import pytest
import torch
from helpers import sure
from PIL import Image

from kdlab.plots import teach
from kdlab.ui.panels.handover import SHOWN, Handover

X = torch.rand(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Y = torch.arange(40) % 3
CLASSES = ["a", "b", "c"]
NET = sure(1)


@pytest.fixture
def view() -> Handover:
    return Handover(NET, X, Y, CLASSES, keep=2)


def soft(t: float) -> np.ndarray:
    return (NET(X) / t).softmax(1).detach().double().numpy()


def entropy(rows) -> float:
    return float(np.mean([sum(-v * math.log2(v) for v in row if v > 0) for row in rows]))


def test_numbers_are_as_worked_out_by_a_loop(view):
    full, told = soft(2.0), []
    for row in full:
        kept = [v if v > min(row) else 0.0 for v in row]
        told.append([v / sum(kept) for v in kept])
    found = view.numbers()
    assert found["full"] == pytest.approx(entropy(full), abs=1e-5)
    assert found["told"] == pytest.approx(entropy(told), abs=1e-5)
    assert found["misplaced"] == pytest.approx(np.abs(full - told).sum(1).mean() / 2, abs=1e-5)
    assert found["room"] == pytest.approx(2 * math.log2(3) + 32)


def test_the_curve_goes_from_a_hard_label_to_everything(view):
    curve = view.curve()
    assert curve[0] == 0
    assert curve[1] == view.numbers()["told"]
    assert curve[2] == pytest.approx(view.numbers()["full"])
    view.rest = "even"
    assert view.curve()[0] > curve[0]


def test_the_most_doubtful_picture_of_each_class_can_be_chosen(view):
    doubt = -(soft(1.0) * np.log2(soft(1.0))).sum(1)
    first = [max(np.flatnonzero(Y.numpy() == c), key=lambda i: doubt[i]) for c in range(3)]
    assert set(view.places[:3]) == set(first)
    assert len(set(view.places)) == SHOWN
    assert list(view.labels) == Y[view.places].tolist()
    images = np.frombuffer(view.images, np.uint8).reshape(SHOWN, 6, 6)
    assert images[0] == pytest.approx(255 * X[view.places[0], 0].numpy(), abs=0.51)


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({}, "the top 2 are told, the rest dropped, numbers exact"),
        ({"keep": 1, "rest": "even"}, "the top class is told, the rest spread evenly"),
        ({"keep": 3, "digits": "percents"}, "all classes are told, numbers in percents"),
    ],
)
def test_picture_and_sentence_are_of_what_is_set(view, traits, words):
    for name, value in traits.items():
        setattr(view, name, value)
    assert words in view.sentence()
    assert f"{view.numbers()['told']:.2f} bits of doubt" in view.sentence()
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert len(view.picture()) <= 40_000


def test_a_shelf_shows_each_student_over_its_teacher():
    figure = teach.shelf([("weak", 0.6, [0.61, 0.65]), ("strong", 0.9, [0.8, 0.82])], 0.75)
    [axes] = figure.axes
    squares = [line.get_xydata()[0].tolist() for line in axes.lines if line.get_marker() == "s"]
    assert squares == [[60, pytest.approx(63)], [90, pytest.approx(81)]]
    assert {"weak", "strong", "labels only"} <= {text.get_text() for text in axes.texts}
