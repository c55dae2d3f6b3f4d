"""The plan of a sweep: grids by hand, draws that stay what they are, and refusals before anything is trained."""

import math

import numpy as np
import pytest

from kdlab import Recipe, Sweep
from kdlab.sweeps import values

TEXT = """
seeds = [3, 5]
draws = 2
draw_seed = 7

[base]
data = "fashion-mnist"
method_knobs.weight = 2.0

[grid]
temperature = [1, 4.0]
method_knobs.weight = [0.5, 1.0]

[random]
learning_rate = { low = 1e-4, high = 1e-2, log = true }
"""


def test_a_grid_is_every_combination_the_last_knob_fastest():
    plan = Sweep({"epochs": 2}, {"temperature": [1.0, 2.0], "alpha": [0.0, 0.5, 0.9]}, seeds=2)
    assert [(p["temperature"], p["alpha"]) for p in plan.points] == [
        (1.0, 0.0), (1.0, 0.5), (1.0, 0.9), (2.0, 0.0), (2.0, 0.5), (2.0, 0.9),
    ]  # fmt: skip
    assert plan.recipes[4] == Recipe(epochs=2, temperature=2.0, alpha=0.5)
    trials = plan.trials()
    assert [(t.seed, t.place) for t in trials] == [(s, i) for s in (0, 1) for i in range(6)]
    assert trials[-1].recipe == Recipe(epochs=2, temperature=2.0, alpha=0.9, seed=1)


def test_one_recipe_and_its_seeds_are_a_sweep_too():
    plan = Sweep(Recipe(epochs=1), seeds=[4, 2])
    assert plan.points == [{}]
    assert [t.recipe for t in plan.trials()] == [Recipe(epochs=1, seed=4), Recipe(epochs=1, seed=2)]


def test_dots_reach_into_tables():
    base = Recipe(method={"soft-targets": 1.0, "hint": 0.5}, schedule={"temperature": [[0.0, 4.0], [1.0, 1.0]]})
    plan = Sweep(base, {"method.hint": [0.1], "method_knobs.hint.weight": [3.0], "schedule.alpha": [[[0.0, 0.2]]]})
    [recipe] = plan.recipes
    assert recipe.method == {"soft-targets": 1.0, "hint": 0.1}
    assert recipe.method_knobs == {"hint.weight": 3.0}
    assert recipe.schedule["alpha"][0] == [0.0, 0.2]
    assert recipe.schedule["temperature"] == base.schedule["temperature"]


def test_a_method_brings_its_type():
    plan = Sweep(grid={"method": ["soft-targets", "hint", "rkd", {"soft-targets": 1.0, "pkt": 1.0}]})
    assert [r.type for r in plan.recipes] == ["response", "feature", "relation", "response"]


def test_arrays_become_plain_numbers():
    plan = Sweep(grid={"temperature": np.geomspace(1, 8, 4), "epochs": np.arange(1, 3)}, seeds=np.arange(2))
    assert plan.grid["temperature"] == pytest.approx([1, 2, 4, 8])
    assert {type(v) for p in plan.points for v in p.values()} == {float, int}
    assert plan.seeds == (0, 1)


def test_a_file_says_the_same_as_the_arguments():
    plan = Sweep.from_toml(TEXT)
    same = Sweep(
        Recipe(data="fashion-mnist", method_knobs={"weight": 2.0}),
        {"temperature": [1, 4.0], "method_knobs.weight": [0.5, 1.0]},
        {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
        draws=2,
        draw_seed=7,
        seeds=[3, 5],
    )
    assert plan == same
    assert plan.recipes == same.recipes
    assert len(plan.recipes) == 2 * 2 * 2
    assert len({p["learning_rate"] for p in plan.points}) == 2  # each draw meets each point of the grid
    assert plan.trials()[0].recipe.seed == 3


# --- draws ---


def drawn(knob="learning_rate", count=2000, base=None, **given):
    return [p[knob] for p in Sweep(base or {}, random={knob: given.get("values", given)}, draws=count, seeds=1).points]


def test_more_draws_and_further_knobs_leave_the_first_ones_as_they_are():
    few = Sweep(random={"temperature": {"low": 1, "high": 8}}, draws=5)
    more = Sweep(random={"alpha": [0.1, 0.5], "temperature": {"low": 1, "high": 8}}, draws=9)
    assert [p["temperature"] for p in more.points][:5] == [p["temperature"] for p in few.points]
    other = Sweep(random={"temperature": {"low": 1, "high": 8}}, draws=5, draw_seed=1)
    assert not {p["temperature"] for p in other.points} & {p["temperature"] for p in few.points}
    twins = Sweep(random={"alpha": {"low": 0, "high": 1}, "label_smoothing": {"low": 0, "high": 1}}, draws=5)
    assert all(p["alpha"] != p["label_smoothing"] for p in twins.points)


def test_a_range_is_drawn_evenly_and_a_log_range_evenly_over_magnitudes():
    even = np.array(values.draw({"low": 1, "high": 9}, 2000, seed=0, knob="temperature"))
    assert even.min() >= 1
    assert even.max() <= 9
    assert np.mean(even < 3) == pytest.approx(0.25, abs=0.04)
    log = np.array(values.draw({"low": 1, "high": 9, "log": True}, 2000, seed=0, knob="temperature"))
    assert np.mean(log < 3) == pytest.approx(0.5, abs=0.04)
    assert log.min() < 1.05
    assert log.max() > 8.6


@pytest.mark.parametrize("log", [False, True])
def test_a_knob_that_counts_gets_whole_numbers_both_ends_included(log):
    counts = drawn("batch_size", low=1, high=4, log=log)  # of which three of four come again, and are left out
    assert sorted(counts) == [1, 2, 3, 4]
    assert {type(v) for v in counts} == {int}
    chance = values.draw({"low": 1, "high": 4}, 4000, seed=0, knob="batch_size", whole=True)
    assert np.bincount(chance)[1:] == pytest.approx(1000, abs=120)


def test_whole_numbers_go_by_the_knob_not_by_how_its_range_is_written():
    assert {type(v) for v in drawn("temperature", 20, low=1, high=8)} == {float}
    assert {type(v) for v in drawn("labelled", 20, low=10, high=1000)} == {int}
    anchors = drawn("method_knobs.anchors", 20, {"type": "relation"}, low=2, high=64)
    assert {type(v) for v in anchors} == {int}
    mix = {"method": {"soft-targets": 1.0, "rkd": 1.0}}
    assert {type(v) for v in drawn("method_knobs.rkd.anchors", 20, mix, low=2, high=64)} == {int}
    assert {type(v) for v in drawn("method_knobs.rkd.angle_weight", 20, mix, low=1, high=20)} == {float}


def test_drawn_numbers_can_be_read():
    assert all(v == float(f"{v:.4g}") for v in drawn(count=50, low=1e-4, high=1e-2, log=True))


def test_what_is_drawn_twice_is_trained_once():
    assert sorted(drawn("temperature", 50, values=[2.0, 4.0, 8.0])) == [2.0, 4.0, 8.0]


# --- refusals ---


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"grid": {"temprature": [1]}},
            r"recipe key must be one of .*, got 'temprature'; did you mean 'temperature'\?",
        ),
        ({"grid": {"method_knob.weight": [1]}}, r"table of the knob 'method_knob.weight' must be one of .*"),
        ({"grid": {"method_knobs.wieght": [1]}}, r"knob of soft-targets must be .* did you mean 'weight'\?"),
        ({"grid": {"method.hint": [1.0]}}, "method must be a table for the knob 'method.hint', got None"),
        ({"grid": {"temperature": [1, 0]}}, "temperature must be a finite number above 0, got 0"),
        ({"grid": {"temperature": []}}, "grid.temperature must hold at least one value, got an empty list"),
        ({"grid": {"temperature": [1, 1.0]}}, r"grid.temperature must hold values that differ, got \[1, 1.0\]"),
        ({"grid": {"temperature": 2.0}}, "grid.temperature must be a list of values, got 2.0"),
        ({"grid": {"student": "mlp-16"}}, "grid.student must be a list of values, got 'mlp-16'"),
        ({"grid": {"seed": [0, 1]}}, "seed must be left to seeds, got it among the knobs"),
        ({"grid": [1]}, r"grid must be a table of names and values, got \[1\]"),
        ({"base": {"seed": 4}}, "base must leave the seed to seeds, got seed 4"),
        ({"base": {"epoch": 4}}, r"recipe key must be one of .*, got 'epoch'; did you mean 'epochs'\?"),
        ({"base": 3}, "base must be a table of names and values, got 3"),
        ({"seeds": 0}, "seeds must be a whole number of at least 1, got 0"),
        ({"seeds": [1, 1]}, r"seeds must hold values that differ, got \[1, 1\]"),
        ({"seeds": [-1]}, r"seeds\[0\] must be a whole number of at least 0, got -1"),
        ({"seeds": [0.5]}, r"seeds\[0\] must be a whole number of at least 0, got 0.5"),
        ({"draws": 3}, "draws must be at least 1 where random has knobs, and 0 elsewhere, got 3"),
        ({"random": {"alpha": [0.1]}}, "draws must be at least 1 where random has knobs, and 0 elsewhere, got 0"),
        ({"draws": -1}, "draws must be a whole number of at least 0, got -1"),
        ({"draw_seed": -1}, r"draw_seed must be a number in \[0, 4294967295\], got -1"),
        ({"random": {"alpha": {"low": 0.1}}, "draws": 1}, "random.alpha must be a list, .* got one without high"),
        ({"random": {"alpha": {"low": 0.1, "hight": 1}}, "draws": 1}, r"key of random.alpha .* did you mean 'high'\?"),
        ({"random": {"alpha": {"low": 1, "high": 0}}, "draws": 1}, "random.alpha.low must be below its high, .*"),
        ({"random": {"alpha": {"low": "a", "high": 0}}, "draws": 1}, "random.alpha.low must be a finite number.*'a'"),
        (
            {"random": {"alpha": {"low": 0.1, "high": math.inf}}, "draws": 1},
            "random.alpha.high must be a finite number, got inf",
        ),
        (
            {"random": {"alpha": {"low": 0, "high": 1, "log": True}}, "draws": 1},
            "random.alpha.low must be a finite number above 0, got 0",
        ),
        ({"random": {"alpha": {"low": 0.1, "high": 2}}, "draws": 40}, r"alpha must be a number in \[0, 1\], got 1\..*"),
        (
            {"grid": {"alpha": [0.1]}, "random": {"alpha": [0.2]}, "draws": 1},
            "grid and random must have no knob in common, got alpha in both",
        ),
    ],
)
def test_what_is_wrong_is_named(given, message):
    with pytest.raises((ValueError, TypeError), match=rf"^{message}$"):
        Sweep(**given)


def test_a_file_that_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"^key of a sweep must be one of .*, got 'gird'; did you mean 'grid'\?$"):
        Sweep.from_toml("[gird]\ntemperature = [1]")
    with pytest.raises(ValueError, match=r"^sweep must be TOML, got text that is not: "):
        Sweep.from_toml("grid: 3")
