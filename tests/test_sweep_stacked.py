"""Trials of a sweep that take each step together: the same but for rounding, written as they end, and said."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from helpers import net, sure, toy
from stacks import assert_same

import kdlab
from kdlab import Recipe, Sweep, stacked
from kdlab.sweeps import alike, trial
from kdlab.sweeps.running import LOG
from kdlab.training import Training

BASE = Recipe(epochs=2, batch_size=16, learning_rate=0.01, order_seed=3)
GRID = {"temperature": [1.0, 4.0], "alpha": [0.0, 0.8]}
PLAN = Sweep(BASE, GRID, seeds=3)


@pytest.fixture(scope="module")
def given():
    return {"data": toy(), "teacher": sure(), "student": net}


@pytest.fixture(scope="module")
def alone(given):
    """The plan one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "TOGETHER", 1)
        return kdlab.sweep(PLAN, **given)


@pytest.fixture
def steps(monkeypatch):
    """Seeds of the trainings whose steps are taken one by one."""
    seen, step = [], Training.take_step
    monkeypatch.setattr(Training, "take_step", lambda self: seen.append(self.recipe.seed) or step(self))
    return seen


def entries(folder):
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_a_plan_with_one_order_is_one_stack_and_the_same(given, alone, steps):
    found = kdlab.sweep(PLAN, **given)
    assert steps == []
    assert {result["stacked"] for result in found.trials.values()} == {12}
    assert "12 trained side by side, 0 one by one" in repr(found).splitlines()
    assert all(row["seconds"] > 0 for row in found.table())
    assert_same(found, alone)
    assert found.best() == alone.best()
    assert "0 trained side by side, 12 one by one" in repr(alone)


def test_without_one_order_the_settings_of_each_seed_are_a_stack(given, steps):
    found = kdlab.sweep(Sweep(BASE.replace(order_seed=None), GRID, seeds=2), **given)
    assert steps == []
    assert {result["stacked"] for result in found.trials.values()} == {4}
    seeds = kdlab.sweep(Sweep(BASE.replace(order_seed=None), seeds=2), **given)
    why = "0 trained side by side, 2 one by one: each has an order of batches of its own (one order_seed would do)"
    assert why in repr(seeds)
    rates = kdlab.sweep(Sweep(BASE, {"learning_rate": [0.01, 0.02]}, seeds=1), **given)
    assert "2 one by one: no other has the same structure and learning rate" in repr(rates)


@pytest.mark.parametrize(
    ("together", "room", "hands", "sizes"),
    [(100, 100, 1, [12]), (5, 100, 1, [4, 4, 4]), (100, 7, 1, [6, 6]), (100, 100, 3, [4, 4, 4]), (1, 9, 1, [1] * 12)],
)
def test_batches_are_bound_by_memory_and_by_hands(together, room, hands, sizes, monkeypatch):
    monkeypatch.setattr(alike, "TOGETHER", together)
    trials = PLAN.trials()
    found = alike.batches(trials, {alike.structure(BASE): room}, hands)
    assert [len(batch) for batch in found] == sizes
    assert [t for batch in found for t in batch] == trials


def test_batches_are_of_one_kind_in_the_order_of_their_first(given):
    trials = Sweep(BASE.replace(order_seed=None), {"batch_size": [16, 32], "temperature": [1, 2]}, seeds=2).trials()
    found = alike.batches(trials, dict.fromkeys(map(alike.structure, (t.recipe for t in trials)), 9))
    assert [[(t.recipe.batch_size, t.recipe.temperature, t.seed) for t in batch] for batch in found] == [
        [(size, t, seed) for t in (1, 2)] for seed in (0, 1) for size in (16, 32)
    ]


def test_each_structure_has_the_room_that_its_students_need(given, monkeypatch):
    own = trial.Own(**given)
    [room] = alike.check_each(PLAN.trials(), own).values()
    numbers = 4 * 6 * 6 + 8  # activations of the toy network, its answer aside
    assert room == int(stacked.ROOM / (8 * numbers * 16))
    monkeypatch.setattr(stacked, "ROOM", 8 * numbers * 16 * 5.5)
    assert [*alike.check_each(PLAN.trials(), own).values()] == [5]


def test_a_stack_is_written_when_it_is_done_and_the_sweep_goes_on_from_there(given, alone, tmp_path, monkeypatch):
    monkeypatch.setattr(alike, "TOGETHER", 4)
    folder, run = tmp_path / "out", trial.run

    def stops(recipes, *others):
        if (folder / LOG).exists():
            raise KeyboardInterrupt
        return run(recipes, *others)

    with monkeypatch.context() as patch:
        patch.setattr(trial, "run", stops)
        with pytest.raises(KeyboardInterrupt):
            kdlab.sweep(PLAN, out=folder, **given)
    before = entries(folder)
    assert [entry["recipe"]["seed"] for entry in before] == [0] * 4
    assert {entry["stacked"] for entry in before} == {4}
    again = kdlab.sweep(PLAN, out=folder, **given)
    assert entries(folder)[:4] == before
    assert len({json.dumps(entry["recipe"]) for entry in entries(folder)}) == 12
    assert_same(again, alone)


def test_a_stack_that_was_written_in_part_is_gone_on_with(given, alone, tmp_path):
    running = PLAN.run(out=tmp_path / "out", **given)
    for _ in running:
        if len(running.results) == 5:
            break
    again = kdlab.sweep(PLAN, out=tmp_path / "out", **given)
    assert [entry["stacked"] for entry in entries(tmp_path / "out")] == [12] * 5 + [7] * 7
    assert_same(again, alone)


def test_what_cannot_be_stacked_is_trained_one_by_one_and_it_is_said(given, steps):
    plan = Sweep(BASE, {"temperature": [1.0, 4.0]}, seeds=2)
    dropped = given | {"student": lambda seed: net(seed, dropout=0.5)}
    found = kdlab.sweep(plan, **dropped)
    assert len(steps) == 4 * 12
    assert "4 trials: 2 recipes × 2 seeds" in repr(found)
    assert "0 trained side by side, 4 one by one: dropout would draw other numbers" in repr(found)
    assert "one by one: dropout would draw other numbers" in found._repr_html_()
    expected = kdlab.distill(
        net(1, dropout=0.5), given["data"], teacher=given["teacher"], recipe=plan.recipes[1].replace(seed=1)
    )
    assert found.table()[3]["test_cross_entropy"] == expected.metrics()["cross_entropy"]  # to the bit


@pytest.fixture
def written(tmp_path, monkeypatch):
    """How many trials are in the log when each begins that is trained by itself."""
    log, seen, train = tmp_path / "out" / LOG, [], trial._one
    monkeypatch.setattr(
        trial, "_one", lambda *given: seen.append(len(entries(log.parent)) if log.exists() else 0) or train(*given)
    )
    return seen


def test_what_cannot_be_stacked_is_written_before_the_next_begins(given, tmp_path, written):
    """Else a kill would lose what is finished, and Stop would wait for all in hand."""
    plan = Sweep(BASE.replace(scheme="self", scheme_variant="born-again"), GRID, seeds=1)
    found = kdlab.sweep(plan, out=tmp_path / "out", **given | {"teacher": None})
    assert written == [0, 1, 2, 3]
    assert {r["alone"] for r in found.trials.values()} == {"the scheme has several phases"}


def test_one_network_of_another_kind_makes_all_be_written_one_by_one(given, tmp_path, written):
    student = {"student": lambda seed: net(seed, batch_norm=seed == 2)}
    found = kdlab.sweep(Sweep(BASE, seeds=4), out=tmp_path / "out", **given | student)
    assert written == [0, 1, 2, 3]
    assert {r["alone"][:30] for r in found.trials.values()} == {"the networks differ in their l"}


def test_an_executor_is_given_one_by_one_what_cannot_be_stacked(given, tmp_path):
    class Spy(ThreadPoolExecutor):
        def submit(self, fn, recipes, *others):
            sizes.append(len(recipes))
            return super().submit(fn, recipes, *others)

    sizes = []
    plan = Sweep(BASE, GRID | {"scheme": ["offline", "self"]}, seeds=1)
    stubborn = {"student": lambda seed: net(seed, dropout=0.5)}
    with Spy(1) as executor:
        running = plan.run(executor=executor, out=tmp_path / "out", **given | stubborn)
        for count, result in enumerate(running, start=1):
            assert (result["stacked"], result["alone"]) == (1, "dropout would draw other numbers")
            assert len(entries(tmp_path / "out")) == count
    assert (count, sizes) == (8, [4, 4] + 8 * [1])


def test_reasons_are_counted(given):
    plan = Sweep(BASE, {"scheme": ["offline", "self"], "fine_tune": [0, 1]}, seeds=2)
    found = kdlab.sweep(plan, **given)
    assert "4 trained side by side, 4 one by one: the scheme has several phases" in repr(found)
    found.trials[0, 0] |= {"stacked": 1, "alone": "something else"}
    last = "the scheme has several phases (4); something else (1)"
    assert f"3 trained side by side, 5 one by one; {last}" in repr(found)


def test_old_logs_say_nothing_of_stacks(given):
    found = kdlab.sweep(Sweep(BASE, seeds=1), **given)
    del found.trials[0, 0]["stacked"]
    assert "side by side" not in repr(found)


def test_one_that_fails_stops_no_other_of_its_stack(given):
    def student(seed):
        made = net(seed)
        if seed == 1:
            made.register_forward_hook(lambda *_: 1 / 0 if made.training else None)
        return made

    found = kdlab.sweep(Sweep(BASE, seeds=3), **given | {"student": student})
    assert [row["status"] for row in found.table()] == ["finished", "failed", "finished"]
    assert found.table()[1]["reason"] == "ZeroDivisionError: division by zero"
    assert "division by zero" in found.trials[0, 0]["alone"]


def test_one_that_cannot_be_set_up_stops_no_other_of_its_stack(given):
    broken = {"yes": False}

    def student(seed):
        if seed == 2 and broken["yes"]:
            raise OSError("not found")
        return net(seed)

    running = Sweep(BASE, seeds=4).run(**given | {"student": student})
    broken["yes"] = True
    assert [result["status"] for result in running] == ["finished", "finished", "failed", "finished"]
    assert running.results.trials[0, 0]["alone"] == "OSError: not found"


def test_one_that_diverges_stops_no_other_of_its_stack(given):
    def student(seed):
        made = net(seed)
        if seed == 1:
            torch.nn.init.constant_(made.head.weight, float("inf"))
        return made

    found = kdlab.sweep(Sweep(BASE, seeds=3), **given | {"student": student})
    assert [row["status"] for row in found.table()] == ["finished", "diverged", "finished"]
    assert found.table()[1]["reason"] == "the loss of step 1 was nan"
    assert {result["stacked"] for result in found.trials.values()} == {3}


def test_threads_stack_too(given, alone):
    with ThreadPoolExecutor(3) as executor:
        found = kdlab.sweep(PLAN, executor=executor, **given)
    assert {result["stacked"] for result in found.trials.values()} == {12}
    assert_same(found, alone)
