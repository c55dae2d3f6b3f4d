"""How sure a network may be: what the view's stills and sentences say, against plain numbers."""

import io

import numpy as np
import pytest
from PIL import Image

from kdlab import metrics
from kdlab.ui.panels.certainty import Certainty

LABELS = np.arange(60) % 4
LOGITS = np.random.default_rng(0).normal(size=(3, 60, 4)) * np.array([1.0, 2.0, 5.0])[:, None, None]
LOGITS[:, np.arange(60), LABELS] += 1


@pytest.fixture
def view() -> Certainty:
    return Certainty([2, 4, 6], LOGITS, LABELS, [1.2, 0.8, 0.1])


def test_it_begins_at_the_last_epoch_at_t_1(view):
    assert (view.place, view.temperature) == (2, 1.0)
    assert view.reliability().ece == pytest.approx(metrics.ece(LOGITS[2], LABELS), abs=1e-6)


def test_an_epoch_and_a_temperature_are_what_is_measured(view):
    view.place, view.temperature = 1, 2.5
    p = np.exp(LOGITS[1] / 2.5)
    sure = (p / p.sum(1, keepdims=True)).max(1)
    right = LOGITS[1].argmax(1) == LABELS
    gap = 0.0
    for k in range(10):
        inside = (sure >= k / 10) & (sure < (k + 1) / 10)
        gap += abs(sure[inside].sum() - right[inside].sum()) / 60
    assert view.reliability().ece == pytest.approx(gap, abs=1e-6)
    said = view.sentence()
    assert "At epoch 4, at T = 2.5" in said
    assert f"{100 * sure.mean():.0f} % sure" in said
    assert f"right for {100 * right.mean():.0f} % of 60" in said
    assert f"error {100 * gap:.1f} points" in said


def test_its_picture_follows(view):
    late = view.picture()
    assert Image.open(io.BytesIO(late)).size == (780, 330)
    view.place = 0
    assert view.picture() != late


def test_lengths_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="for 2 epochs, 60 labels"):
        Certainty([2, 4], LOGITS, LABELS, [1.2, 0.8])
    with pytest.raises(ValueError, match="2 values of training"):
        Certainty([2, 4, 6], LOGITS, LABELS, [1.2, 0.8])
