"""Schedules: knobs that turn by themselves until a hand turns them."""

import math

import pytest
from helpers import bits, same, training
from hypothesis import given
from hypothesis import strategies as st

from kdlab import Recipe, events, schedules
from kdlab.events import Changed, Step

FALLING = {"temperature": [[0.0, 4.0], [1.0, 1.0]]}


def test_a_line_between_points_and_level_beyond_them():
    line = [[0.2, 4.0], [0.4, 2.0], [0.8, 3.0]]
    for share, value in ((0, 4), (0.2, 4), (0.3, 3), (0.4, 2), (0.6, 2.5), (0.8, 3), (1, 3)):
        assert schedules.value(line, share) == pytest.approx(value)
    assert schedules.value([[0.5, 7.0]], 0.1) == schedules.value([[0.5, 7.0]], 0.9) == 7.0


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 9)), min_size=1, max_size=5, unique_by=lambda p: p[0]))
def test_values_stay_within_those_of_the_points(given_points):
    line = schedules.points({"temperature": sorted(given_points)})["temperature"]
    values = [value for _, value in line]
    for share in (0.0, 0.3, 0.9999, 1.0, *(x for x, _ in line)):
        assert min(values) - 1e-9 <= schedules.value(line, share) <= max(values) + 1e-9
    assert all(schedules.value(line, x) == pytest.approx(y) for x, y in line)


def test_knobs_are_read_at_every_step_and_recorded():
    """Equal to the same values turned by hand, step by step, to the bit."""
    made = training(schedule={**FALLING, "alpha": [[0, 0.2], [0.5, 1.0]], "learning_rate": [(0.0, 0.001), (1.0, 0.02)]})
    by_hand = training()
    happened = list(made)
    steps = [e for e in happened if isinstance(e, Step)]
    assert not any(isinstance(e, Changed) for e in happened)
    while by_hand.step < 18:
        share = by_hand.step / 17
        wanted = {
            "temperature": 4 - 3 * share,
            "alpha": min(1.0, 0.2 + 1.6 * share),
            "learning_rate": 0.001 + 0.019 * share,
        }
        assert steps[by_hand.step].knobs == pytest.approx(wanted)
        by_hand.recipe = by_hand.recipe.replace(**steps[by_hand.step].knobs)
        step = by_hand.step
        while by_hand.step == step:
            next(iter(by_hand))
    assert same(bits(made), bits(by_hand))
    assert steps[0].knobs["temperature"] == 4.0
    assert steps[-1].knobs["temperature"] == 1.0
    assert steps[0].weights == {"student/labels": 0.8, "student/soft targets": 0.2}
    assert steps[-1].weights == {"student/labels": 0.0, "student/soft targets": 1.0}


def test_steps_without_a_schedule_say_nothing_of_it():
    step = next(e for e in training() if isinstance(e, Step))
    assert step.knobs == {}
    assert "knobs" not in events.to_line(step)
    assert events.from_line(events.to_line(step)) == step
    scheduled = next(e for e in training(schedule=FALLING) if isinstance(e, Step))
    assert events.from_line(events.to_line(scheduled)) == scheduled


def turn_at(made, step, **changes):
    happened = []
    for event in made:
        happened.append(event)
        if isinstance(event, Step) and event.step == step:
            made.recipe = made.recipe.replace(**changes)
    return happened


def test_a_knob_turned_by_hand_ends_its_schedule_and_no_other():
    both = {**FALLING, "alpha": [[0.0, 0.1], [1.0, 0.9]]}
    made = training(schedule=both)
    happened = turn_at(made, 6, temperature=3.0)
    steps = [e for e in happened if isinstance(e, Step)]
    assert steps[5].knobs["temperature"] == pytest.approx(4 - 15 / 17)
    assert set(steps[6].knobs) == {"alpha"}
    assert made.recipe.temperature == 3.0
    assert made.recipe.schedule == {"alpha": both["alpha"]}
    changed = {e.knob: e for e in happened if isinstance(e, Changed)}
    assert changed["temperature"] == Changed(6, "temperature", pytest.approx(4 - 18 / 17), 3.0)  # what it had reached
    assert changed["schedule"] == Changed(6, "schedule", both, {"alpha": both["alpha"]})
    assert {mark["text"] for mark in events.marks(happened)} == {
        "T 2.94 → 3",
        "schedule temperature 4 – 1, alpha 0.1 – 0.9 → alpha 0.1 – 0.9",
    }


def test_another_knob_turned_by_hand_leaves_the_schedule():
    for happened in (turn_at(training(schedule=FALLING), 6, alpha=0.3), list(training(schedule=FALLING))):
        assert [e.knobs["temperature"] for e in happened if isinstance(e, Step)][-1] == 1.0


def test_a_hand_that_turns_a_whole_recipe_counts_too():
    """As where every knob is handed over anew, the schedule among them."""
    made = training(schedule=FALLING)
    while made.step < 4:
        next(iter(made))
    made.recipe = Recipe.from_dict(made.recipe.to_dict() | {"temperature": 3.0})
    assert made.recipe.schedule == {}
    list(made)
    assert made.recipe.temperature == 3.0
    fresh = training(schedule=FALLING)
    fresh.recipe = Recipe.from_dict(fresh.recipe.to_dict() | {"schedule": {"alpha": [[0.0, 0.5]]}})
    assert fresh.recipe.schedule == {"alpha": [[0.0, 0.5]]}


def test_turned_to_where_the_recipe_stands_it_ends_too():
    made = training(schedule=FALLING)
    happened = turn_at(made, 6, temperature=2.0)  # the recipe's own, which the schedule stood in for
    assert made.recipe.schedule == {}
    assert [e.knobs for e in happened if isinstance(e, Step)][6:] == [{}] * 12


def test_the_share_is_of_the_whole_run_its_phases_and_a_change_of_epochs_included():
    made = training(schedule=FALLING, scheme="self", scheme_variant="born-again", epochs=1, fine_tune=1, patience=9)
    steps = [e for e in made if isinstance(e, Step)]
    assert [e.knobs["temperature"] for e in steps] == pytest.approx([4 - 3 * i / 17 for i in range(18)])
    longer = turn_at(training(schedule=FALLING), 6, epochs=6)
    assert [e.knobs["temperature"] for e in longer if isinstance(e, Step)][6] == pytest.approx(4 - 3 * 6 / 35)


def test_toml_both_ways():
    recipe = Recipe(schedule={"temperature": ((0, 4), (1, 1)), "alpha": [(0.5, 0.9)]})
    assert recipe.schedule == {"temperature": [[0.0, 4.0], [1.0, 1.0]], "alpha": [[0.5, 0.9]]}
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    assert Recipe.from_toml("temperature = 3.0\n[schedule]\ntemperature = [[0, 4], [1, 1]]").schedule == FALLING
    assert recipe.resolved().schedule == recipe.schedule
    assert "schedule" not in Recipe().to_toml()


def test_an_alpha_that_rises_needs_a_teacher_and_online_stays_below_1():
    rising = {"alpha": [[0.0, 0.0], [1.0, 0.9]]}
    with pytest.raises(ValueError, match=r"^teacher must be a trained module"):
        training(teacher=None, alpha=0.0, schedule=rising)
    list(training(teacher=None, alpha=0.5, schedule={"alpha": [[0.0, 0.0]]}))
    with pytest.raises(ValueError, match=r"^alpha must be below 1 online, got 1"):
        Recipe(scheme="online", schedule={"alpha": [[0.0, 0.2], [1.0, 1.0]]})


@pytest.mark.parametrize(
    ("schedule", "error", "message"),
    [
        ({"temprature": [[0, 1]]}, ValueError, "schedule's knob must be one of .*; did you mean 'temperature'"),
        ({"epochs": [[0, 1]]}, ValueError, "schedule's knob must be one of 'temperature', 'alpha', 'learning_rate'"),
        ({"alpha": [[0, 1.2]]}, ValueError, r"alpha in its schedule must be a number in \[0, 1\], got 1.2"),
        ({"temperature": [[0, 0]]}, ValueError, "temperature in its schedule must be a finite number above 0, got 0"),
        ({"learning_rate": [[0, math.inf]]}, ValueError, "learning_rate in its schedule must be a finite number"),
        ({"alpha": [[1.5, 0.5]]}, ValueError, r"share of the run in the schedule of alpha must be a number in"),
        ({"alpha": [[0.5, 0.5], [0.5, 0.6]]}, ValueError, r"schedule of alpha must have shares that grow, got \[0.5, "),
        ({"alpha": []}, TypeError, r"schedule of alpha must be pairs \[share of the run, value\], got \[\]"),
        ({"alpha": 0.5}, TypeError, "schedule of alpha must be pairs .*, got 0.5"),
        ({"alpha": "ab"}, TypeError, "schedule of alpha must be pairs"),
        ({"alpha": [0.5]}, TypeError, "schedule of alpha must be pairs"),
        ({"alpha": [[0, 1, 2]]}, TypeError, "schedule of alpha must be pairs"),
        ({"alpha": [["0", 1]]}, TypeError, "share of the run in the schedule of alpha must be a number"),
        (3, TypeError, "schedule must be a table of names and values, got 3"),
    ],
)  # fmt: skip
def test_bad_schedules_are_named(schedule, error, message):
    with pytest.raises(error, match=rf"^{message}"):
        Recipe(schedule=schedule)
