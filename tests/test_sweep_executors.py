"""A sweep on other people's executors: what is lost is tried again, what kills its worker is named, nothing is lost."""

from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest
from helpers import net, sure, toy

import kdlab
from kdlab import Recipe, Sweep
from kdlab.sweeps import alike, executors, running, trial
from kdlab.sweeps.running import LOG

BASE = Recipe(epochs=1, batch_size=32, learning_rate=0.01)
PLAN = Sweep(BASE, {"temperature": [1.0, 2.0, 4.0]}, seeds=2)


@pytest.fixture(scope="module", autouse=True)
def one_by_one():
    """To the bit as each by itself; test_sweep_stacked.py has what is trained side by side."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "TOGETHER", 1)
        yield


class Fragile(ThreadPoolExecutor):
    """Loses what it is told to.

    Args:
        calls: calls of ``submit`` by their number, from 1.
        poison: whatever holds a recipe of this temperature.
        dead: all calls from this number on.
    """

    def __init__(self, calls=(), poison=None, dead=float("inf")):
        super().__init__(1)
        self.calls, self.poison, self.dead, self.count, self.tasks = set(calls), poison, dead, 0, []

    def submit(self, fn, *args, **kwargs):
        self.count += 1
        recipes = args[0] if args else []
        self.tasks.append([recipe["temperature"] for recipe in recipes])
        if self.count in self.calls or self.count >= self.dead or self.poison in self.tasks[-1]:
            lost = Future()
            lost.set_exception(BrokenProcessPool("a worker died"))
            return lost
        return super().submit(fn, *args, **kwargs)


MINE = """
from dataclasses import dataclass

import kdlab


@kdlab.register("my-targets", type="response")
@dataclass(frozen=True)
class Mine(kdlab.methods.kind("soft-targets")):
    pass
"""


@pytest.fixture(scope="module")
def given():
    return {"data": toy(), "teacher": sure(), "student": net}


@pytest.fixture(scope="module")
def made(given):
    return kdlab.sweep(PLAN, **given)


def untimed(results):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in results.table()]


@pytest.mark.parametrize("calls", [{1}, {6}, {2, 3, 5}, {1, 2, 3, 4, 5, 6}])
def test_what_is_lost_is_tried_again_and_each_trial_is_there_once(calls, made, given, tmp_path):
    with Fragile(calls) as executor:
        found = kdlab.sweep(PLAN, executor=executor, out=tmp_path / "out", **given)
    assert untimed(found) == untimed(made)
    assert len((tmp_path / "out" / LOG).read_text().splitlines()) == len(found) == 6
    assert executor.count == 6 + len(calls)


def test_what_kills_its_worker_is_named_and_the_others_are_trained(made, given, tmp_path):
    with Fragile(poison=2.0) as executor:
        found = kdlab.sweep(PLAN, executor=executor, out=tmp_path / "out", **given)
    bad = [row for row in found.table() if row["temperature"] == 2.0]
    assert {(row["status"], row["reason"]) for row in bad} == {
        ("failed", "its worker ended, twice: BrokenProcessPool: a worker died")
    }
    assert [row for row in untimed(found) if row["temperature"] != 2.0] == [
        row for row in untimed(made) if row["temperature"] != 2.0
    ]
    again = kdlab.sweep(PLAN, out=tmp_path / "out", **given)
    assert untimed(again) == untimed(made)


def test_of_a_batch_that_kills_its_worker_each_trial_is_tried_by_itself(made, given, monkeypatch):
    monkeypatch.setattr(alike, "TOGETHER", 3)
    with Fragile(poison=4.0) as executor:
        found = kdlab.sweep(PLAN, executor=executor, **given)
    assert [row["status"] for row in found.table()] == ["finished"] * 4 + ["failed"] * 2
    assert untimed(found)[:4] == untimed(made)[:4]
    assert executor.tasks[0] == [1.0, 2.0, 4.0]
    assert executor.tasks.count([4.0]) >= 2  # and not the others of its batch, which are finished


def test_an_executor_that_is_dead_is_said_and_what_was_finished_is_kept(given, tmp_path):
    executor = Fragile(dead=3)
    message = (
        r"^executor must run what it is given, got BrokenProcessPool: a worker died; a script .*; 4 of 6 trials are"
    )
    with pytest.raises(ChildProcessError, match=message):
        kdlab.sweep(PLAN, executor=executor, out=tmp_path / "out", **given)
    assert len((tmp_path / "out" / LOG).read_text().splitlines()) == 2
    assert len(kdlab.sweep(PLAN, out=tmp_path / "out", **given)) == 6


def test_to_stop_takes_back_what_was_not_begun(given):
    class Slow(Executor):
        def __init__(self):
            self.futures = []

        def submit(self, fn, *args):
            self.futures.append(Future())
            if len(self.futures) == 1:
                self.futures[0].set_result(fn(*args))
            return self.futures[-1]

    executor = Slow()
    names = Recipe(data="fashion-mnist", labelled=60, pool=0, student="mlp-16", alpha=0.0, epochs=1)
    going = iter(Sweep(names, {"label_smoothing": [0.0, 0.1]}, seeds=2).run(executor=executor))
    next(going)
    going.close()
    assert [future.cancelled() for future in executor.futures] == [False, True, True, True]


def test_methods_of_ones_own_go_along_by_their_module(tmp_path, monkeypatch):
    (tmp_path / "my_methods.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    import my_methods  # noqa: F401

    seen = []

    class Spy(ThreadPoolExecutor):
        def submit(self, fn, recipes, modules, own):
            seen.append(modules)
            return super().submit(fn, recipes, modules, own)

    names = {"data": "fashion-mnist", "labelled": 60, "pool": 0, "student": "mlp-16", "teacher": "fashion-mnist-cnn"}
    plan = Sweep(names | {"epochs": 1}, {"method": ["my-targets", "hint"]}, seeds=1)
    try:
        with Spy(1) as executor:
            found = kdlab.sweep(plan, executor=executor)
        assert [row["status"] for row in found.table()] == ["finished"] * 2
        assert seen == [["my_methods"]] * 2
        monkeypatch.setattr(kdlab.methods.kind("my-targets"), "__module__", "__main__")
        with pytest.raises(ValueError, match=r"^what is registered must be in a file that worker processes can import"):
            kdlab.sweep(plan, workers=2)
        assert [row["status"] for row in kdlab.sweep(plan).table()] == ["finished"] * 2
    finally:
        kdlab.methods.base._METHODS.pop("my-targets")


def test_a_trial_imports_the_modules_that_it_is_given(tmp_path, monkeypatch):
    (tmp_path / "late_methods.py").write_text(MINE.replace("my-targets", "late-targets"))
    monkeypatch.syspath_prepend(tmp_path)
    names = {"data": "fashion-mnist", "labelled": 60, "pool": 0, "student": "mlp-16", "alpha": 0.0, "epochs": 1}
    try:
        without, given = (trial.run([names | {"method": "late-targets"}], m)[0] for m in ((), ("late_methods",)))
        assert without["reason"].startswith("ValueError: method must be one of ")
        assert (given["status"], given["reason"]) == ("finished", "")
    finally:
        kdlab.methods.base._METHODS.pop("late-targets", None)


def test_without_dask_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    names = Recipe(data="fashion-mnist", labelled=60, pool=0, student="mlp-16", alpha=0.0)
    with pytest.raises(ImportError, match=r"^a Dask cluster needs distributed, .*: pip install 'kdlab\[cluster\]'$"):
        kdlab.sweep(Sweep(names, seeds=1), executor="local")


def test_every_executor_is_open_for_the_sweep_alone():
    with executors.opened(None, 0) as here:
        assert here == (None, 1)
    with ThreadPoolExecutor(3) as mine, executors.opened(mine, 0) as same:
        assert same == (mine, 1)  # threads of this process train one at a time
    with ProcessPoolExecutor(3) as mine, executors.opened(mine, 0) as same:
        assert same == (mine, 3)
    assert running.in_process(None)
    assert not running.in_process("local")
