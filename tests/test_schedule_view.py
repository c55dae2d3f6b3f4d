"""The schedule editor: what it draws is what a recipe takes, and its still and sentence are of that."""

import io

import pytest
from PIL import Image

from kdlab.recipe import Recipe
from kdlab.ui.panels.schedule import PRESETS, ScheduleEditor


@pytest.mark.parametrize("name", PRESETS)
def test_every_example_is_a_schedule_of_a_recipe(name):
    view = ScheduleEditor(PRESETS[name])
    assert Recipe(schedule=view.schedule).schedule == PRESETS[name] == view.schedule


def test_a_step_is_at_its_share_of_the_way_from_the_first_to_the_last():
    view = ScheduleEditor({"alpha": [[0, 1], [1, 0]], "temperature": [[0.5, 8], [1, 1]]}, steps=5)
    assert [view.at(k).alpha for k in range(1, 6)] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert [view.at(k).temperature for k in range(1, 6)] == [8.0, 8.0, 8.0, 4.5, 1.0]


def test_what_the_browser_draws_is_refused_where_no_recipe_could_have_it():
    view = ScheduleEditor()
    with pytest.raises(ValueError, match="shares that grow"):
        view.schedule = {"alpha": [[0.5, 1], [0.5, 0]]}
    with pytest.raises(ValueError, match="learning_rate"):
        view.schedule = {"learning_rate": [[0, 0.1]]}
    with pytest.raises(ValueError, match="at most the 10 steps, got 11"):
        ScheduleEditor(steps=10, step=11)
    assert view.schedule == PRESETS["alpha falls"]
    view.schedule = {"alpha": [[0, 1], [1, 0.5]]}
    assert view.schedule == {"alpha": [[0.0, 1.0], [1.0, 0.5]], "temperature": [[0.0, 2.0], [1.0, 2.0]]}


def test_picture_and_sentence_are_of_what_is_drawn():
    view = ScheduleEditor(steps=101, step=26)
    assert view.sentence() == (
        "Over 101 steps: alpha goes 1 (at 0 %) – 0 (at 100 %), T stays 2; step 26 has alpha = 0.75 and T = 2.0."
    )
    before = view.picture()
    assert Image.open(io.BytesIO(before)).format == "PNG"
    assert len(before) <= 40_000
    view.schedule = PRESETS["T falls"]
    assert view.picture() != before
    assert "alpha stays 0.9, T goes 8 (at 0 %) – 1 (at 100 %)" in view.sentence()
