"""The study: Holm by hand, pairs as scipy's, nothing trained twice, and a stored table that says what was measured."""

import csv
import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import kdlab
from kdlab import cli, data, finished, methods, registry
from kdlab import study as studies
from kdlab.comparison import compare
from kdlab.study import SET_UPS, SetUp, study
from kdlab.tally import CELLS, HARD, LABELS, TABLE, TEXT, Study, holm, paired, read

STORED = Path(__file__).parents[1] / "data" / "studies"
TINY = SetUp("tiny", "mlp-16", 60, 20, 2, 5e-3)
NAMES = ["soft-targets", "rkd"]


def cells(accuracies, set_up="a"):
    """Finished trainings out of thin air: arm -> an accuracy for each seed."""
    counts = {"steps": 4, "training_labels": 60, "transfer_set": 80, "validation_labels": 9, "test_labels": 9}
    made = counts | {"agreement": 0.5, "teacher": 0.9, "parameters": 7, "seconds": 60.0, "date": "2025-01-01"}
    made |= {"torch": "2", "python": "3", "kdlab": "0"}
    recipes = TINY.arms(NAMES)
    return [
        made | {"set_up": set_up, "arm": arm, "seed": seed, "accuracy": value, "recipe": recipes[arm].to_dict()}
        for arm, values in accuracies.items()
        for seed, value in enumerate(values)
    ]


def draws(*arms, seeds=6):
    rng = np.random.RandomState(0)
    return {arm: list(0.8 + 0.01 * place + 0.01 * rng.randn(seeds)) for place, arm in enumerate(arms)}


# --- the numbers ---


def test_holm_worked_by_hand():
    # sorted: .01 · 4 = .04, .02 · 3 = .06, .03 · 2 = .06, .04 · 1 = .04 -> not below .06
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.01, 0.8, 0.9]) == pytest.approx([0.03, 1.0, 1.0])  # .8 · 2 is above 1
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
    with pytest.raises(ValueError, match=r"^p\[1\] must be a number in \[0, 1\], got 1.5$"):
        holm([0.1, 1.5])


def test_pairs_are_those_of_scipy():
    a, b = draws("a", "b").values()
    difference, p = paired(a, b)
    test = stats.ttest_1samp(np.subtract(a, b), 0.0)
    assert difference == pytest.approx((np.mean(a) - np.mean(b), *test.confidence_interval(0.95)))
    assert p == pytest.approx(test.pvalue)
    assert p < stats.ttest_ind(a, b).pvalue or np.corrcoef(a, b)[0, 1] < 0


def test_without_spread_nothing_can_be_told():
    difference, p = paired([0.5, 0.6], [0.4, 0.5])
    assert p == 1.0
    assert difference == pytest.approx((0.1, -np.inf, np.inf))


def test_the_rows_compare_each_arm_with_both_controls_seed_by_seed():
    accuracy = draws(LABELS, "label smoothing", HARD, "rkd")
    shuffled = sorted(cells(accuracy), key=lambda cell: (cell["seed"] % 2, cell["seed"]))
    rows = {row["arm"]: row for row in Study(shuffled, "").rows()}
    assert list(rows) == list(accuracy)
    difference, p = paired(accuracy["rkd"], accuracy[HARD])
    row = rows["rkd"]
    found = (row["less_hard"], row["less_hard_low"], row["less_hard_high"], row["less_hard_p"])
    assert found == pytest.approx((*difference, p), rel=1e-5)
    assert row["less_labels"] == pytest.approx(np.mean(accuracy["rkd"]) - np.mean(accuracy[LABELS]), rel=1e-5)
    assert row["accuracy"] == pytest.approx(np.mean(accuracy["rkd"]), rel=1e-5)
    assert row["sd"] == pytest.approx(np.std(accuracy["rkd"], ddof=1), rel=1e-5)
    assert (row["seeds"], row["steps"], row["training_labels"], row["validation_labels"]) == (6, 4, 60, 9)
    blank = [(arm, column) for arm in rows for column in ("less_labels", "less_hard") if rows[arm][column] is None]
    assert blank == [
        (LABELS, "less_labels"),
        (LABELS, "less_hard"),
        ("label smoothing", "less_hard"),
        (HARD, "less_hard"),
    ]


def test_the_correction_is_over_the_whole_table():
    accuracy = draws(LABELS, HARD, "rkd")
    one, two = (Study([c for s in places for c in cells(accuracy, s)], "").rows() for places in ("a", "ab"))
    p = [row[f"{c}_p"] for row in two for c in ("less_labels", "less_hard") if row[f"{c}_p"] is not None]
    assert len(p) == 6
    corrected = [row[f"{c}_holm"] for row in two for c in ("less_labels", "less_hard") if row[f"{c}_p"] is not None]
    assert corrected == pytest.approx(holm(p), rel=1e-5)
    assert min(corrected) == pytest.approx(2 * min(r["less_labels_holm"] for r in one[1:]), rel=1e-5)


# --- the run ---


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return folder, study(NAMES, [TINY], range(2), out=folder, command="kdlab study --seeds 2")


def test_a_small_study_end_to_end(made):
    folder, whole = made
    rows = {row["arm"]: row for row in whole.rows()}
    assert list(rows) == [LABELS, "label smoothing", HARD, *NAMES]
    assert {row["steps"] for row in rows.values()} == {2}
    assert {(row["training_labels"], row["transfer_set"], row["test_labels"]) for row in rows.values()} == {
        (60, 80, 2000)
    }
    assert [rows[arm]["alpha"] for arm in rows] == [0.0, 0.0, 0.9, 0.9, 0.5]
    assert sorted(path.name for path in folder.iterdir()) == sorted([CELLS, TABLE, TEXT])
    assert (folder / TABLE).read_text() == whole.csv()
    assert (folder / TEXT).read_text() == whole.markdown() == repr(whole)
    assert "`kdlab study --seeds 2`" in whole.markdown()


def test_its_trainings_are_those_of_compare(made):
    arms = TINY.arms(NAMES)
    table = compare({arm: arms[arm] for arm in (LABELS, "rkd")}, seeds=range(2))
    for cell in made[1].cells:
        if cell["arm"] in table.accuracy:
            assert cell["accuracy"] == table.accuracy[cell["arm"]][cell["seed"]]
            assert cell["agreement"] == table.agreement[cell["arm"]][cell["seed"]]


def test_a_stopped_study_goes_on_and_trains_nothing_twice(made, tmp_path, monkeypatch):
    _, whole = made
    train, trained = studies._one, []

    def stops(recipe, images):
        if len(trained) == 4:
            raise KeyboardInterrupt
        trained.append(recipe)
        return train(recipe, images)

    monkeypatch.setattr(studies, "_one", stops)
    with pytest.raises(KeyboardInterrupt):
        study(NAMES, [TINY], range(2), out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CELLS]
    with (tmp_path / CELLS).open("a") as log:
        log.write('{"set_up": "tiny", "arm": "rk')  # killed as it wrote
    monkeypatch.setattr(studies, "_one", lambda *given: trained.append(given[0]) or train(*given))
    again = study(NAMES, [TINY], range(2), out=tmp_path)
    assert len(trained) == len(whole.cells) == 10
    assert len({json.dumps(recipe.to_dict(), sort_keys=True) for recipe in trained}) == 10
    assert untimed(again) == untimed(whole)
    study(NAMES, [TINY], range(2), out=tmp_path)
    assert len(trained) == 10


def test_two_studies_do_not_write_into_one_folder_and_keep_what_the_other_wrote(made, tmp_path, monkeypatch):
    folder, whole = made
    train, sole, trained = studies._one, finished.sole, []

    def spy(recipe, images):
        trained.append(recipe)
        if len(trained) == 1:
            with pytest.raises(BlockingIOError, match="must have one writer, got a second one while the first works"):
                study(["rkd"], [TINY], range(2), out=tmp_path)
        return train(recipe, images)

    def meanwhile(log):
        """Between the first look at the folder and the lock, somebody has finished all but the last two."""
        lines = (folder / CELLS).read_text().splitlines(keepends=True)
        log.write_text("".join(lines[:-2]) + lines[0].replace('"tiny"', '"theirs"'))
        monkeypatch.setattr(finished, "sole", sole)
        return sole(log)

    monkeypatch.setattr(studies, "_one", spy)
    monkeypatch.setattr(finished, "sole", meanwhile)
    again = study(NAMES, [TINY], range(2), out=tmp_path)
    assert len(trained) == 2
    assert untimed(again) == untimed(whole)
    assert sorted(cell["set_up"] for cell in read(tmp_path / CELLS).values()) == ["theirs", *["tiny"] * 10]


def untimed(made):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in made.rows()]


def test_more_seeds_and_methods_are_added_to_what_is_there(made, tmp_path, monkeypatch):
    folder, _ = made
    (tmp_path / CELLS).write_bytes((folder / CELLS).read_bytes())
    train, trained = studies._one, []
    monkeypatch.setattr(studies, "_one", lambda *given: trained.append(given[0]) or train(*given))
    study(["soft-targets"], [TINY], range(3), out=tmp_path)
    assert [(recipe.seed, recipe.alpha) for recipe in trained] == [(2, 0.0), (2, 0.0), (2, 0.9), (2, 0.9)]
    assert len(read(tmp_path / CELLS)) == 14  # rkd's are kept, though not asked for


@pytest.mark.parametrize("change", ["recipe", "files", "torch"])
def test_what_was_made_otherwise_is_made_again(made, tmp_path, monkeypatch, change):
    folder, _ = made
    first, *others = [json.loads(line) for line in (folder / CELLS).read_text().splitlines()]
    if change == "recipe":
        first["recipe"]["learning_rate"] = 1.0
    else:
        first[change] = "other"
    (tmp_path / CELLS).write_text("".join(json.dumps(cell) + "\n" for cell in (first, *others)))
    train, trained = studies._one, []
    monkeypatch.setattr(studies, "_one", lambda *given: trained.append(given[0]) or train(*given))
    again = study(NAMES, [TINY], range(2), out=tmp_path)
    assert [(recipe.alpha, recipe.label_smoothing, recipe.seed) for recipe in trained] == [(0.0, 0.0, 0)]
    assert untimed(again) == untimed(made[1])
    assert len((tmp_path / CELLS).read_text().splitlines()) == 10


def test_methods_that_compare_maps_have_their_own_student():
    with_maps, without = (dataclasses.replace(TINY, maps=m).arms(methods.names()) for m in (True, False))
    both = {LABELS, "label smoothing", HARD, "soft-targets"}
    assert with_maps.keys() & without.keys() == both
    assert with_maps.keys() | without.keys() == {*both, *methods.names()}
    assert {methods.kind(arm).compares for arm in with_maps.keys() - both} == {"map"}
    assert with_maps["attention-transfer"].method_knobs == {"weight": methods.get("attention-transfer").weight}


def test_set_ups_take_equal_steps_for_all_arms():
    for set_up in SET_UPS:
        arms = set_up.arms(methods.names())
        assert len({(r.epochs, r.batch_size, r.labelled, r.pool, r.temperature) for r in arms.values()}) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"methods": ["rdk"]}, r"method must be one of .*, got 'rdk'; did you mean 'rkd'\?"),
        ({"methods": []}, r"methods must be such that one runs in one of the 1 set_ups, got \[\]"),
        ({"methods": ["nst"]}, r"methods must be such that one runs in one of the 1 set_ups, got \['nst'\]"),
        ({"seeds": [1]}, r"seeds must be at least 2 that differ, got \[1\]"),
        ({"seeds": [1, 1, 2]}, r"seeds must be at least 2 that differ, got \[1, 1, 2\]"),
        ({"set_ups": [TINY, TINY]}, r"set_ups must have names that differ, got \['tiny', 'tiny'\]"),
        (
            {"methods": ["nst"], "set_ups": [dataclasses.replace(TINY, maps=True)]},
            "method 'nst' compares feature maps, and the student has none",
        ),
    ],
)
def test_what_cannot_run_is_refused_before_training(given, message, tmp_path, monkeypatch):
    monkeypatch.setattr("kdlab.training.Training.take_step", lambda _: pytest.fail("a step was taken"))
    with pytest.raises(ValueError, match=rf"^{message}$"):
        study(**{"methods": ["rkd"], "set_ups": [TINY], "out": tmp_path / "out"} | given)
    assert not (tmp_path / "out").exists()


def test_a_log_that_holds_something_else_is_named(tmp_path):
    (tmp_path / CELLS).write_text('{"set_up": "tiny"}\n{}\n')
    with pytest.raises(ValueError, match=r"methods.jsonl line 1 must be a finished training, got '\{\"set_up\""):
        study(NAMES, [TINY], out=tmp_path)


# --- the command ---


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(studies, "SET_UPS", (dataclasses.replace(TINY, epochs=20),))
    assert cli.main(["study", "--methods", "rkd", "--quick"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    folder = Path("runs") / "study-quick"
    assert out.endswith(f"written to {folder}\n")
    assert (folder / TEXT).read_text() in out
    assert "Made by `kdlab study --methods rkd --quick` with kdlab " in out
    assert {(row["epochs"], row["seeds"]) for row in Study(list(read(folder / CELLS).values()), "").rows()} == {(2, 2)}
    assert cli.main(["study", "--methods", "rkd,nest", "--out", str(tmp_path / "b")]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert re.match(r"kdlab: method must be one of .*, got 'nest'; did you mean 'nst'\?", err)
    assert cli.main(["study", "--seeds", "1"]) == 1
    assert capsys.readouterr().err == "kdlab: seeds must be at least 2 that differ, got [0]\n"
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


# --- what is stored ---


@pytest.fixture(scope="module")
def stored():
    with (STORED / TABLE).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_method_that_ships_stands_in_the_stored_table(stored):
    ours = {name for name in methods.names() if methods.kind(name).__module__.startswith("kdlab.")}
    for pool in (False, True):
        here = [row for row in stored if (int(row["transfer_set"]) > int(row["training_labels"])) == pool]
        assert ours <= {row["arm"] for row in here}
        for student in {row["student"] for row in here}:
            assert {LABELS, "label smoothing", HARD} <= {row["arm"] for row in here if row["student"] == student}
    for row in stored:
        assert int(row["seeds"]) >= 5
        assert row["training_labels"] == "500"
        assert row["validation_labels"] == "2000"
        assert float(row["seconds"]) > 0
        assert bool(row["less_labels_holm"]) == (row["arm"] != LABELS)
        assert bool(row["less_hard_holm"]) == (row["type"] != "control" and row["arm"] != HARD)
    for name in {row["set_up"] for row in stored}:
        assert len({(row["steps"], row["seeds"]) for row in stored if row["set_up"] == name}) == 1


def test_the_stored_table_is_what_the_stored_trainings_make(stored):
    trainings = read(STORED / CELLS)
    fresh = list(csv.DictReader(Study(list(trainings.values()), "").csv().splitlines()))
    assert list(fresh[0]) == list(stored[0])
    assert len(fresh) == len(stored)
    for mine, theirs in zip(sorted(fresh, key=place), sorted(stored, key=place), strict=True):
        for column, value in theirs.items():
            if re.fullmatch(r"-?[\d.]+(e-\d+)?", value):
                assert float(mine[column]) == pytest.approx(float(value), rel=1e-4, abs=1e-9), column
            else:
                assert mine[column] == value


def place(row):
    return row["set_up"], row["arm"]


def test_the_stored_text_says_the_numbers_of_the_table(stored):
    text = (STORED / TEXT).read_text(encoding="utf-8")
    for row in stored:
        section = text.partition(f"## {row['set_up']}\n")[2].partition("\n## ")[0]
        [line] = [line for line in section.splitlines() if line.startswith(f"| {row['arm']} |")]
        said = [cell.strip() for cell in line.strip("|").split("|")]
        assert said[3] == f"{100 * float(row['accuracy']):.1f} ± {100 * float(row['sd']):.1f}"
        for column, where in (("less_labels", 4), ("less_hard", 6)):
            if not row[column]:
                assert said[where : where + 2] == ["", ""]
                continue
            mean, low, high = (f"{100 * float(row[column + end]):+.1f}" for end in ("", "_low", "_high"))
            p = float(row[f"{column}_holm"])
            assert said[where].replace("**", "") == f"{mean} [{low}, {high}]"
            assert ("**" in said[where]) == (p < 0.05)
            assert said[where + 1] == ("< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0"))
        assert said[8] == f"{100 * float(row['agreement']):.1f}"
    assert re.search(r"^Made by `kdlab study [^`]*--out data/studies` with kdlab \S+, torch \S+, python", text, re.M)


def test_a_stored_training_comes_out_again():
    cell = min(read(STORED / CELLS).values(), key=lambda cell: (cell["seconds"], cell["arm"]))
    run = kdlab.distill(recipe=kdlab.Recipe.from_dict(cell["recipe"]))
    assert run.metrics()["accuracy"] == pytest.approx(cell["accuracy"], abs=0.02)  # other processors, other last bits


def test_studies_are_no_data_sets():
    assert data.names() == [name for name in data.names() if "stud" not in name and "method" not in name]
    assert not [file for file in registry.entries() if file.startswith("studies")]


def test_the_summary_sorts_the_methods_as_the_table_does(stored):
    summary = (STORED / "README.md").read_text(encoding="utf-8")
    for name in {row["set_up"] for row in stored}:
        [line] = [line for line in summary.splitlines() if line.startswith(f"| {name} |")]
        better, same, worse = ({m for m in cell.strip().split(", ") if m} for cell in line.split("|")[2:5])
        tested = {row["arm"]: row for row in stored if row["set_up"] == name and row["less_hard_holm"]}
        told = {arm for arm, row in tested.items() if float(row["less_hard_holm"]) < 0.05}
        up = {arm for arm, row in tested.items() if float(row["less_hard"]) > 0}
        assert (better, same, worse) == (told & up, tested.keys() - told, told - up)
