"""Forks of a run: lines that part where they should, and a picture and a sentence that say the same."""

import io

import pytest
from PIL import Image

from kdlab.events import Epoch
from kdlab.ui.panels.forks import Forks


def events(*points):
    return [Epoch(step, step // 10, {"student": {"accuracy": accuracy}}) for step, accuracy in points]


@pytest.fixture
def view():
    trunk = events((10, 0.5), (20, 0.6), (30, 0.7))
    return Forks(
        trunk,
        {
            0: {"soft targets": events((10, 0.55), (20, 0.65), (30, 0.75))},
            10: {"soft targets": events((20, 0.62), (30, 0.74)), "hard answers": events((20, 0.61), (30, 0.72))},
        },
        place=1,
    )


def test_a_branch_begins_where_the_trunk_is(view):
    trunk, soft, hard = view.chart()["series"]
    assert (trunk["x"], trunk["y"]) == ([10, 20, 30], [50, 60, 70])
    assert (soft["x"], soft["y"]) == ([10, 20, 30], [50, 62, 74])
    assert hard["y"][0] == trunk["y"][0]
    assert view.chart()["marks"] == [{"x": 10, "text": "the runs part"}]
    assert [s["role"] for s in (trunk, soft, hard)] == ["labels", "teacher", "hard"]


def test_a_fork_at_the_start_has_no_point_of_the_trunk(view):
    view.place = 0
    assert view.chart()["series"][1]["y"] == [55, 65, 75]
    assert view.chart()["marks"] == []


def test_hidden_branches_are_in_neither_picture_nor_sentence(view):
    assert view.sentence() == (
        "The runs part after step 10. Validation accuracy at the end: labels only 70.0 %, soft targets 74.0 %, "
        "hard answers 72.0 %."
    )
    whole = view.picture()
    view.hidden = ["hard answers"]
    assert "hard" not in view.sentence()
    assert view.picture() != whole
    assert Image.open(io.BytesIO(whole)).format == "PNG"


def test_a_fork_where_the_trunk_was_not_measured_and_a_wrong_place_are_refused():
    trunk = events((10, 0.5))
    with pytest.raises(ValueError, match="got 7"):
        Forks(trunk, {7: {}})
    with pytest.raises(ValueError, match="one of the 1 forks, got 4"):
        Forks(trunk, {10: {}}, place=4)
