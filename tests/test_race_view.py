"""The race of students: the order at a step, and what picture and sentence say."""

import io

import pytest
from PIL import Image

from kdlab.ui.panels.race import Race

STEPS = [0, 10, 50]
RUNNERS = {"slow": [0.1, 0.2, 0.9], "quick": [0.1, 0.6, 0.8]}


def test_the_order_is_that_of_the_step_that_is_shown():
    view = Race(STEPS, RUNNERS, at=10)
    assert view.order() == ["quick", "slow"]
    assert view.order(50) == ["slow", "quick"]
    assert view.sentence() == "Step 10 of 50: quick 60 %, slow 20 %."
    before = view.picture()
    view.place = 2
    assert view.sentence() == "Step 50 of 50: slow 90 %, quick 80 %."
    assert view.picture() != before
    assert Image.open(io.BytesIO(before)).format == "PNG"
    assert len(before) <= 40_000


@pytest.mark.parametrize(
    ("steps", "runners", "at", "said"),
    [
        ([0], {"a": [0.1]}, None, "steps must be at least two"),
        ([10, 0], {"a": [0.1, 0.2]}, None, "ascending"),
        (STEPS, {}, None, "runners must be 1 to 4, got 0"),
        (STEPS, {"a": [0.1]}, None, "'a' has 1"),
        (STEPS, RUNNERS, 20, "at must be one of the steps"),
    ],
)
def test_what_cannot_be_shown_is_refused(steps, runners, at, said):
    with pytest.raises(ValueError, match=said):
        Race(steps, runners, at=at)
