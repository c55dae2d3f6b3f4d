"""The choice of students above the relations: what is shown is what was chosen."""

import io

import numpy as np
import pytest
import torch
from helpers import net, sure, toy
from PIL import Image

from kdlab.ui.panels.related import Related


@pytest.fixture
def view() -> Related:
    return Related({"one": net(1), "other": net(2)}, toy(), teacher=sure(), count=12, layer="embedding")


def test_choosing_a_student_shows_its_relations(view):
    first = view.relations.student
    view.tabs.selected = 1
    assert view.relations.student != first
    assert "other" in view.relations.note
    view.tabs.selected = 0
    assert view.relations.student == first


def test_what_is_asked_for_is_computed(view):
    for kind in ("cosine", "angle", "distance"):
        view.relations.kind = kind
        assert view.relations.drawn == kind


def test_how_far_they_are_apart_is_the_mean_over_pairs(view):
    def distances(f):
        d = torch.cdist(f.double().flatten(1), f.double().flatten(1))
        return (d / d[~torch.eye(len(d), dtype=bool)].mean()).numpy()

    gap = np.abs(distances(view._teacher) - distances(view._features["one"]))
    n = len(gap)
    assert view.apart("one") == pytest.approx(gap[~np.eye(n, dtype=bool)].mean(), rel=1e-4)
    assert view.relations.remaining == pytest.approx(view.apart("one"), abs=0.01)


def test_picture_and_sentence(view):
    data, _ = view._repr_mimebundle_()
    assert data["text/plain"].startswith("Student: one. Distance of ")
    assert Image.open(io.BytesIO(view.relations.picture())).format == "PNG"
