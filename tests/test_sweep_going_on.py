"""A sweep that was stopped, killed, changed or grown goes on: nothing is trained twice, and nothing is lost."""

import json

import pytest
from helpers import net, sure, toy
from torch import nn

import kdlab
from kdlab import Recipe, Sweep, finished
from kdlab.sweeps import Results, alike, trial
from kdlab.sweeps.running import LOG

BASE = Recipe(epochs=2, batch_size=16, learning_rate=0.01)
PLAN = Sweep(BASE, {"temperature": [1.0, 4.0], "alpha": [0.0, 0.8]}, seeds=2)


@pytest.fixture(scope="module", autouse=True)
def one_by_one():
    """To the bit as each by itself; test_sweep_stacked.py has what is trained side by side."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "TOGETHER", 1)
        yield


@pytest.fixture(scope="module")
def given():
    return {"data": toy(), "teacher": sure(), "student": net}


@pytest.fixture(scope="module")
def made(given):
    return kdlab.sweep(PLAN, **given)


@pytest.fixture
def trained(monkeypatch):
    """Recipes that are trained, in their order."""
    seen, train = [], trial._one

    def spy(recipe, *others):
        seen.append(recipe)
        return train(recipe, *others)

    monkeypatch.setattr(trial, "_one", spy)
    return seen


def untimed(results):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in results.table()]


def entries(folder):
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_ctrl_c_keeps_what_is_finished_and_it_goes_on_from_there(made, given, tmp_path, monkeypatch, trained):
    folder, train = tmp_path / "out", trial._one

    def stops(recipe, *others):
        if len(trained) == 3:
            raise KeyboardInterrupt
        return train(recipe, *others)

    with monkeypatch.context() as patch:
        patch.setattr(trial, "_one", stops)
        with pytest.raises(KeyboardInterrupt):
            kdlab.sweep(PLAN, out=folder, **given)
    assert [path.name for path in folder.iterdir()] == [LOG]
    assert len(entries(folder)) == 3
    with (folder / LOG).open("a") as log:
        log.write('{"recipe": {"type": "resp')  # killed as it wrote
    again = kdlab.sweep(PLAN, out=folder, **given)
    assert len(trained) == 8
    assert untimed(again) == untimed(made)
    assert len({json.dumps(e["recipe"], sort_keys=True) for e in entries(folder)}) == len(entries(folder)) == 8
    kdlab.sweep(PLAN, out=folder, **given)
    assert len(trained) == 8


def test_each_trial_is_written_before_the_next_one(given, tmp_path):
    running = PLAN.run(out=tmp_path / "out", **given)
    assert len(running.todo) == 8
    for count, result in enumerate(running, start=1):
        assert entries(tmp_path / "out")[-1] == result
        assert len(entries(tmp_path / "out")) == len(running.results) == count
        assert len(running.todo) == 8 - count
        assert running.results.plot().axes  # a map at any time
    assert count == 8


def test_to_stop_is_not_to_ask_for_more(made, given):
    running = PLAN.run(**given)
    for _ in running:
        if len(running.results) == 3:
            break
    assert len(list(running)) == 5
    assert untimed(running.results) == untimed(made)


def test_a_sweep_that_has_grown_trains_what_is_new(given, tmp_path, trained):
    kdlab.sweep(Sweep(BASE, {"temperature": [1.0]}, seeds=2), out=tmp_path / "out", **given)
    kdlab.sweep(Sweep(BASE, {"temperature": [1, 2]}, seeds=3), out=tmp_path / "out", **given)
    assert [(r["temperature"], r["seed"]) for r in trained[2:]] == [(2, 0), (2, 1), (1, 2), (2, 2)]
    small = kdlab.sweep(Sweep(BASE, {"temperature": [2.0]}, seeds=1), out=tmp_path / "out", **given)
    assert (len(small), len(trained), len(entries(tmp_path / "out"))) == (1, 6, 6)


def bent(seed):
    """The student with another activation; its first weights are the same."""
    made = net(seed)
    made.embedding[2] = nn.Tanh()
    return made


@pytest.mark.parametrize("change", ["teacher", "student", "activation", "data", "torch", "files"])
def test_what_was_made_otherwise_is_made_again(change, given, tmp_path, trained):
    plan, folder = Sweep(BASE, seeds=1), tmp_path / "out"
    kdlab.sweep(plan, out=folder, **given)
    if change in ("torch", "files"):
        [entry] = entries(folder)
        (folder / LOG).write_text(json.dumps(entry | {change: "other"}) + "\n")
    other = {"teacher": {"teacher": sure(8)}, "student": {"student": lambda seed: net(seed + 1)}}
    other |= {"activation": {"student": bent}, "data": {"data": toy(labelled=60)}}
    kdlab.sweep(plan, out=folder, **given | other.get(change, {}))
    assert len(trained) == 2
    assert len(entries(folder)) == 2  # the other one is kept


def test_a_folder_of_something_else_is_left_alone(given, tmp_path):
    (tmp_path / "best.toml").write_text("mine")
    with pytest.raises(
        ValueError, match=r"^out must be a new folder or that of a sweep, got .*, which holds something else$"
    ):
        kdlab.sweep(PLAN, out=tmp_path, **given)
    assert [path.name for path in tmp_path.iterdir()] == ["best.toml"]


def test_a_sweep_that_was_planned_before_another_one_ran_keeps_what_that_one_wrote(given, tmp_path, trained):
    here = {"out": tmp_path / "out", **given}
    first, second = (Sweep(BASE, {"temperature": [1.0, t]}, seeds=1).run(**here) for t in (4.0, 8.0))
    assert len(list(second)) == 2
    assert len(list(first)) == 1  # temperature 1 is finished by now
    assert [entry["recipe"]["temperature"] for entry in entries(tmp_path / "out")] == [1.0, 8.0, 4.0]
    assert len(first.results) == len(second.results) == 2
    assert len(trained) == 3
    assert first.todo == []


def test_tables_are_written_while_nobody_else_may_write(given, tmp_path, monkeypatch):
    log, write, tried = tmp_path / "out" / LOG, Results.write, []

    def spy(results, folder):
        with pytest.raises(BlockingIOError), finished.sole(log):
            pass
        tried.append(len(results))
        return write(results, folder)

    monkeypatch.setattr(Results, "write", spy)
    plan = Sweep(BASE, {"temperature": [1.0, 4.0]}, seeds=1)
    kdlab.sweep(plan, out=log.parent, **given)
    assert (log.parent / "best.toml").exists()
    kdlab.sweep(plan, out=log.parent, **given)  # with nothing to train
    view = kdlab.SweepMap(Sweep(BASE, {"temperature": [2.0, 3.0]}, seeds=1).run(out=log.parent, **given))
    monkeypatch.setattr(view, "_show", lambda *_: view.stop())
    view.start()
    assert view.settled()
    assert tried == [2, 2, 1]


def test_two_sweeps_do_not_write_into_one_folder(given, tmp_path):
    running = iter(PLAN.run(out=tmp_path / "out", **given))
    next(running)
    with pytest.raises(BlockingIOError, match="must have one writer, got a second one while the first works"):
        kdlab.sweep(PLAN, out=tmp_path / "out", **given)
    running.close()
    assert len(kdlab.sweep(PLAN, out=tmp_path / "out", **given)) == 8
    assert len(entries(tmp_path / "out")) == 8


def test_a_trial_that_fails_is_recorded_and_tried_again_later(given, tmp_path, trained):
    broken = {"yes": True}

    def student(seed):
        made = net(seed)
        if seed == 1:
            made.register_forward_hook(lambda *_: 1 / 0 if broken["yes"] and made.training else None)
        return made

    plan = Sweep(BASE, {"temperature": [1.0, 2.0]}, seeds=3)
    found = kdlab.sweep(plan, out=tmp_path / "out", **given | {"student": student})
    assert [row["status"] for row in found.table()] == ["finished", "failed", "finished"] * 2
    assert found.table()[1]["reason"] == "ZeroDivisionError: division by zero"
    with pytest.raises(ValueError, match="results must hold a recipe that has finished with all its seeds, got none"):
        found.best()
    assert "3, 1 failed" in repr(found)
    broken["yes"] = False
    whole = kdlab.sweep(plan, out=tmp_path / "out", **given | {"student": student})
    assert [row["status"] for row in whole.table()] == ["finished"] * 6
    assert [recipe["seed"] for recipe in trained] == [0, 0, 1, 1, 2, 2, 1, 1]
    assert len(entries(tmp_path / "out")) == 6  # each is there once
