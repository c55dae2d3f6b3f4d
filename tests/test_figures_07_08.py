"""Figures of notebooks 07 and 08: what they show is what they were given."""

import numpy as np
import pytest

from kdlab.plots import teach


def test_class_gains_show_each_seed_and_the_mean():
    gains = {"hard": np.array([[0.01, -0.02], [0.03, 0.0]]), "soft": np.array([[0.1, 0.2], [0.3, 0.2]])}
    axes = teach.class_gains(["a", "b"], gains, roles={"hard": "hard", "soft": "teacher"}).axes[0]
    drawn = [np.asarray(line.get_xdata()) for line in axes.lines]
    assert any(len(x) == 2 and x == pytest.approx([10, 30]) for x in drawn)
    assert any(len(x) == 1 and x == pytest.approx([20]) for x in drawn)
    assert [t.get_text() for t in axes.get_yticklabels()] == ["a", "b"]
    assert axes.get_xlabel()
    assert axes.get_title(loc="left")


def test_left_out_shows_recall_before_and_after_and_its_mean():
    rows = [("soft", "teacher", np.array([0.0, 0.2]), np.array([0.7, 0.9]))]
    axes = teach.left_out(rows, name="Sneaker").axes[0]
    drawn = [list(np.asarray(line.get_xdata(), float)) for line in axes.lines]
    assert pytest.approx([0, 20]) in drawn
    assert pytest.approx([70, 90]) in drawn
    assert "80 %" in [t.get_text() for t in axes.texts]
    assert "Sneaker" in axes.get_title(loc="left")


def test_alikeness_has_every_number_in_its_place():
    grid = {"one": {"stage": 0.5, "top": 0.9}, "two": {"stage": 0.25, "top": 0.75}}
    left, right = teach.alikeness(grid, {"one": 0.05, "two": 0.8}).axes
    assert [t.get_text() for t in left.texts] == ["0.50", "0.90", "0.25", "0.75"]
    assert [bar.get_width() for bar in right.patches] == [5, 80]
    assert [t.get_text() for t in left.get_yticklabels()] == ["one", "two"]
