"""What a sweep found: means by hand, the best by validation alone, and tables that say the same in every form."""

import csv
import io
import json
import re
import sys

import numpy as np
import pytest
from pyarrow import parquet

from kdlab import Recipe, Sweep
from kdlab.sweeps.results import Results
from kdlab.sweeps.trial import failure

PLAN = Sweep(Recipe(epochs=1), {"temperature": [1.0, 4.0], "alpha": [0.2, 0.8]}, seeds=2)


def result(validation, test=0.5, loss=1.0, seconds=2.0):
    """A finished trial out of thin air."""
    counts = {"training_labels": 60, "transfer_set": 90, "validation_labels": 40, "test_labels": 50}
    measured = {"accuracy": validation, "cross_entropy": loss, "agreement": 0.25, "kl": 0.125}
    made = {"status": "finished", "reason": "", "steps": 6, "seconds": seconds} | counts
    return made | {"validation": measured, "test": measured | {"accuracy": test, "ece": 0.1}}


def results(accuracies, plan=PLAN):
    """Results from validation accuracies, or whole results: one list of seeds for each recipe; None: not in yet."""
    made = Results(plan)
    for t in plan.trials():
        given = accuracies[t.place][plan.seeds.index(t.seed)]
        if given is not None:
            made.add(t, result(given) if isinstance(given, float) else given)
    return made


@pytest.fixture
def whole():
    return results([[0.5, 0.7], [0.9, 0.6], [0.4, 0.4], [0.1, 0.2]])


def test_means_and_spreads_worked_by_hand(whole):
    rows = whole.rows()
    assert [row["place"] for row in rows] == [1, 0, 2, 3]
    first = rows[0]
    assert (first["temperature"], first["alpha"], first["seeds"], first["failed"]) == (1.0, 0.8, 2, 0)
    assert first["validation"] == pytest.approx(0.75)
    assert first["validation_sd"] == pytest.approx(0.3 / np.sqrt(2))  # of two numbers: their distance over √2
    assert (first["test"], first["test_sd"], first["seconds"]) == (0.5, 0.0, 2.0)
    [row] = results([[0.5]], Sweep(seeds=1)).rows()
    assert row["validation_sd"] is None


def test_the_best_is_chosen_by_validation_and_never_by_test():
    found = results([[result(0.8, test=0.1)] * 2, [result(0.7, test=0.9)] * 2, [0.6] * 2, [0.6] * 2])
    assert found.best() == PLAN.recipes[0].replace(seed=0)
    later = Sweep(PLAN.base, PLAN.grid, seeds=[5, 3])
    assert results([[0.1] * 2, [0.1] * 2, [0.1] * 2, [0.2] * 2], later).best() == later.recipes[3].replace(seed=5)


def test_of_equal_accuracies_the_lower_cross_entropy_wins():
    found = results([[0.8, 0.8], [result(0.9, loss=0.5), result(0.7, loss=0.5)], [0.1] * 2, [0.1] * 2])
    assert found.best() == PLAN.recipes[1]


@pytest.mark.parametrize("other", [None, failure("the loss of step 3 was nan")])
def test_a_recipe_without_all_its_seeds_is_not_the_best(other):
    found = results([[0.9, other], [0.5, 0.5], [None, None], [other, other]])
    assert found.best() == PLAN.recipes[1]
    assert [row["place"] for row in found.rows()] == [1, 0] + ([3] if other else [])
    assert found.rows()[1]["validation"] == 0.9


def test_nothing_is_the_best_before_a_recipe_is_whole():
    for found in (Results(PLAN), results([[0.9, None], [0.8, failure("no")], [None] * 2, [None] * 2])):
        with pytest.raises(
            ValueError, match=r"^results must hold a recipe that has finished with all its seeds, got none"
        ):
            found.best()


# --- tables ---


def test_csv_and_parquet_hold_every_trial(whole):
    table = whole.table()
    assert [(row["temperature"], row["alpha"], row["seed"]) for row in table][:3] == [
        (1.0, 0.2, 0),
        (1.0, 0.2, 1),
        (1.0, 0.8, 0),
    ]
    assert list(table[0]) == whole.columns()
    read = list(csv.DictReader(io.StringIO(whole.csv())))
    assert [{k: str(v) for k, v in row.items()} for row in table] == read
    assert parquet.read_table(io.BytesIO(whole.parquet())).to_pylist() == table


def test_columns_have_one_kind_whatever_is_swept():
    mix = {"soft-targets": 1.0, "hint": 0.5}
    plan = Sweep(Recipe(), {"method": ["hint", mix], "labelled": [10, 500]}, seeds=1)
    found = results([[0.5], [0.6], [failure("no\nluck")], [0.7]], plan)
    table = parquet.read_table(io.BytesIO(found.parquet()))
    assert table.column("method").to_pylist() == ["hint", "hint", json.dumps(mix), json.dumps(mix)]
    assert table.column("labelled").to_pylist() == [10, 500, 10, 500]
    assert table.column("validation_accuracy").to_pylist() == [0.5, 0.6, None, 0.7]
    assert table.column("reason").to_pylist() == ["", "", "no luck", ""]
    kinds = {field.name: str(field.type) for field in table.schema}
    assert (kinds["seed"], kinds["test_kl"], kinds["status"], kinds["seconds"]) == (
        "int64",
        "double",
        "string",
        "double",
    )
    assert list(csv.DictReader(io.StringIO(found.csv())))[2]["test_accuracy"] == ""
    empty = parquet.read_table(io.BytesIO(Results(plan).parquet()))
    assert (empty.num_rows, empty.column_names) == (0, found.columns())


def test_numbers_beside_texts_become_texts():
    found = results([[0.5], [0.6]], Sweep(Recipe(), {"taps": [{"a": "b"}, {"a": "c"}]}, seeds=1))
    assert [row["taps"] for row in found.table()] == ['{"a": "b"}', '{"a": "c"}']
    from kdlab.sweeps.files import parquet_bytes

    rows = [{"knob": "a"}, {"knob": 1.5}, {"knob": None}]
    assert parquet.read_table(io.BytesIO(parquet_bytes(["knob"], rows))).to_pylist() == [
        {"knob": "a"}, {"knob": "1.5"}, {"knob": None},
    ]  # fmt: skip


def test_what_is_written(whole, tmp_path):
    assert [path.name for path in whole.write(tmp_path)] == ["sweep.csv", "sweep.parquet", "best.toml", "map.png"]
    assert (tmp_path / "sweep.csv").read_text() == whole.csv()
    assert Recipe.from_toml((tmp_path / "best.toml").read_text()) == whole.best()
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert parquet.read_table(tmp_path / "sweep.parquet").num_rows == 8


def test_without_pyarrow_parquet_says_how_to_get_it_and_the_rest_is_written(whole, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ImportError, match=r"^Parquet needs pyarrow, which is not installed: pip install 'kdlab\[parquet\]'$"
    ):
        whole.parquet()
    assert [path.name for path in whole.write(tmp_path)] == ["sweep.csv", "best.toml", "map.png"]


# --- in words and pictures ---


def test_the_text_says_what_was_chosen_on_what(whole):
    head, first, *_ = repr(whole).splitlines()
    assert head.split() == ["temperature", "alpha", "seeds", "validation", "%", "test", "%", "s"]
    assert first.split() == ["1", "0.8", "2", "75.0", "±", "21.2", "50.0", "±", "0.0", "2.00"]
    assert "8 of 8 trials: 4 recipes × 2 seeds, the best by mean validation accuracy first" in repr(whole)
    assert "60 training labels among 90 inputs; chosen on 40 validation labels" in repr(whole)
    assert "50 test labels, which chose nothing" in repr(whole)


def test_a_notebook_gets_the_table_and_the_map_with_words_for_it(whole):
    html = whole._repr_html_()
    assert html.count("<tr>") == 5
    [alt] = re.findall(r"<img alt='([^']*)' src='data:image/png;base64,", html)
    assert alt == (
        "Mean validation accuracy over temperature and alpha: from 15.0% to 75.0%, "
        "the best at temperature 1, alpha 0.8."
    )
    fresh = Results(PLAN)._repr_html_()
    assert "nothing is finished yet" in fresh
    assert "0 of 8 trials" in fresh
    assert "<img" not in Results(Sweep())._repr_html_()
    assert "<b>" not in results([[failure("<b>")]], Sweep(seeds=1))._repr_html_()


def cells(figure):
    axes = figure.axes[0]
    return np.asarray(axes.images[0].get_array()), [t.get_text() for t in axes.get_xticklabels()]


def test_the_map_has_a_cell_for_each_pair(whole):
    values, ticks = cells(whole.plot())
    assert values == pytest.approx(np.array([[60.0, 40.0], [75.0, 15.0]]))  # alpha upwards, T to the right
    assert ticks == ["1", "4"]
    turned, ticks = cells(whole.plot(x="alpha"))
    assert turned == pytest.approx(values.T)
    assert ticks == ["0.2", "0.8"]
    with pytest.raises(
        ValueError, match=r"^y must be one of 'temperature', 'alpha', got 'alhpa'; did you mean 'alpha'\?$"
    ):
        whole.plot(y="alhpa")
    with pytest.raises(ValueError, match=r"^results must be of a sweep over one knob at least to be drawn, got none$"):
        Results(Sweep()).plot()


def test_the_map_shows_the_best_over_further_knobs_and_fills_as_trials_come_in():
    plan = Sweep(Recipe(), {"student": ["mlp-64", "conv-4"], "temperature": [4.0, 1.0], "alpha": [0.2, 0.8]}, seeds=2)
    found = results([[0.1, 0.3], [0.5] * 2, [0.6] * 2, [0.7] * 2, [0.4] * 2, [0.2] * 2, [0.9, None], [None] * 2], plan)
    values, _ = cells(found.plot())
    assert values == pytest.approx(np.array([[60.0, 40.0], [70.0, 50.0]]))  # a whole recipe goes before a part of one
    assert (
        found.plot()
        .axes[0]
        .get_title(loc="left")
        .startswith("Mean validation accuracy of 2 seeds, the best over student")
    )
    _, names = cells(found.plot(x="student"))
    assert names == ["mlp-64", "conv-4"]  # as the plan has them
    few = results([[0.1, None]] + [[None] * 2] * 7, plan)
    assert np.isnan(cells(few.plot())[0]).sum() == 0  # one cell, known


def test_one_knob_is_a_line_with_its_seeds():
    found = results([[0.5, 0.7], [0.9, None]], Sweep(Recipe(), {"temperature": [4.0, 1.0]}, seeds=2))
    axes = found.plot().axes[0]
    line = next(line for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2)
    assert list(line.get_xdata()) == [1.0, 4.0]
    assert list(line.get_ydata()) == pytest.approx([90.0, 60.0])
    dots = sorted(y for line in axes.lines if line.get_marker() == "o" for y in line.get_ydata())
    assert dots == pytest.approx([50.0, 70.0, 90.0])
