"""``kdlab sweep``: what it prints and writes, and that the same command goes on."""

import json
import re
import sys
from pathlib import Path

import pytest

import kdlab
from kdlab import Recipe, cli
from kdlab.sweeps import running

PLAN = """
seeds = 2

[base]
data = "fashion-mnist"
labelled = 60
pool = 0
student = "mlp-16"
teacher = "fashion-mnist-cnn"
epochs = 2

[grid]
temperature = [1.0, 4.0]
alpha = [0.0, 0.9]
"""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("warm.toml").write_text(PLAN)
    return "warm.toml"


def test_it_prints_the_table_and_writes_all_there_is(plan, capsys):
    assert cli.main(["sweep", plan, "--workers", "0"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    folder = Path("runs") / "warm"
    again = kdlab.sweep(plan, out=folder)
    assert out == f"{again!r}\nwritten to {folder}\n"
    names = ["best.toml", "map.png", "sweep.csv", "sweep.parquet", "trials.jsonl"]
    assert sorted(path.name for path in folder.iterdir()) == names
    best = Recipe.from_toml((folder / "best.toml").read_text())
    assert best == again.best()
    assert cli.main(["run", str(folder / "best.toml")]) == 0
    accuracy = next(row["test_accuracy"] for row in again.table() if row["seed"] == 0 and matches(row, best))
    assert re.search(rf"^accuracy +{accuracy:.1%}$", capsys.readouterr().out, re.MULTILINE)


def test_without_pyarrow_it_says_how_to_get_it(plan, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert cli.main(["sweep", plan, "--workers", "0", "--out", "out"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "written to out without Parquet, which needs pip install 'kdlab[parquet]'"


def matches(row, recipe):
    return (row["temperature"], row["alpha"]) == (recipe.temperature, recipe.alpha)


def test_ctrl_c_says_where_it_goes_on(plan, capsys, monkeypatch):
    append = running.finished.append

    def stops(path, entry):
        append(path, entry)
        if len(path.read_text().splitlines()) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(running.finished, "append", stops)
        assert cli.main(["sweep", plan, "--workers", "0", "--out", "out"]) == 130
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        "kdlab: what is finished is in out; the same command goes on from there\nkdlab: stopped\n",
    )
    assert cli.main(["sweep", plan, "--workers", "0", "--out", "out"]) == 0
    seeds = [json.loads(line)["recipe"]["seed"] for line in Path("out/trials.jsonl").read_text().splitlines()]
    assert seeds == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("alpha", "alhpa"), r"recipe key must be one of .*, got 'alhpa'; did you mean 'alpha'\?"),
        (("[grid]", "[gird]"), r"key of a sweep must be one of .*, got 'gird'; did you mean 'grid'\?"),
        (('"mlp-16"', '"mlp"'), "name must be one of .*, got 'mlp'.*"),
        (('teacher = "fashion-mnist-cnn"\n', ""), "teacher must be a trained module .*"),
        (("labelled = 60", "labelled = 3"), "labelled must be a whole number from 10 .*, got 3.*"),
    ],
)
def test_a_bad_plan_is_one_line_and_nothing_is_written(plan, change, message, capsys):
    Path(plan).write_text(PLAN.replace(*change))
    assert cli.main(["sweep", plan, "--workers", "0"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(f"kdlab: {message}\n", err)
    assert [path.name for path in Path().iterdir()] == [plan]


def test_where_all_fail_it_says_so_and_why(plan, capsys):
    Path(plan).write_text(PLAN.replace("[grid]", "learning_rate = 1e30\nbatch_size = 16\n[grid]"))
    assert cli.main(["sweep", plan, "--workers", "0"]) == 1
    assert "8 trials diverged or failed, the first: the loss of step" in capsys.readouterr().out


def test_where_it_runs_is_asked_for(plan, monkeypatch):
    asked = []
    monkeypatch.setattr(
        kdlab, "sweep", lambda plan, **given: asked.append(given) or kdlab.sweeps.Results(kdlab.Sweep())
    )
    for options in ([], ["--workers", "3"], ["--dask"], ["--dask", "tcp://there:1", "--workers", "3"]):
        cli.main(["sweep", plan, *options])
    cores = kdlab.sweeps.executors.cores()
    assert [(given["executor"], given["workers"]) for given in asked] == [
        (None, cores), (None, 3), ("local", 0), ("tcp://there:1", 3),
    ]  # fmt: skip
    assert {given["out"] for given in asked} == {Path("runs/warm")}
