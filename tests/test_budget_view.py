"""The chart of models under a budget: which model is the best, and what picture and sentence say."""

import io

import pytest
from PIL import Image

from kdlab.ui.panels.budget import Budget


def model(name, accuracy, size, role="student", **costs):
    return {"name": name, "role": role, "taught": "taught", "accuracy": accuracy} | {
        "bytes": size, "macs": 10 * size, "microseconds": 5.0
    } | costs  # fmt: skip


SMALL, TWIN, LARGE = model("small", 0.7, 100), model("twin", 0.7, 200), model("large", 0.9, 1000, "teacher")


@pytest.fixture
def view():
    return Budget([TWIN, LARGE, SMALL], budget=500)


def test_the_best_is_the_most_accurate_within_and_of_equals_the_cheaper(view):
    assert view.best()["name"] == "small"
    assert view.best(1000)["name"] == "large"  # exactly the budget is within
    assert view.best(999)["name"] == "small"
    assert view.best(99) is None
    assert view.best(10_000, "macs")["name"] == "large"


def test_the_other_axes_start_at_their_middle(view):
    assert view.budgets == {"bytes": 500.0, "macs": 2000, "microseconds": 5.0}


def test_sentence_and_picture_follow_the_line(view):
    assert view.sentence() == (
        "2 of 3 models cost at most 500 bytes in memory; the best of them is small, taught, right for 70.0 %."
    )
    before = view.picture()
    view.budgets = {**view.budgets, "bytes": 50.0}
    assert view.sentence() == "0 of 3 models cost at most 50 bytes in memory: nothing can be chosen."
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert view.picture() != before
    assert len(before) <= 40_000


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"models": [], "budget": 1}, "models must not be empty"),
        ({"models": [SMALL], "budget": 0}, "budget must be above 0, got 0"),
        ({"models": [SMALL], "budget": 1, "axis": "weight"}, "axis must be one of 'bytes', 'macs', 'microseconds'"),
    ],
)
def test_what_cannot_be_shown_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        Budget(**settings)
