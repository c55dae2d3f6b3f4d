"""A sweep in this process: its trials are plain trainings, choice is by validation, and it goes on where it stopped."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
import torch
from helpers import net, sure, toy

import kdlab
from kdlab import Recipe, Sweep, keep, players
from kdlab.cast import PROBE
from kdlab.sweeps import alike, trial

BASE = Recipe(epochs=2, batch_size=16, learning_rate=0.01)
GRID = {"temperature": [1.0, 4.0], "alpha": [0.0, 0.8]}
PLAN = Sweep(BASE, GRID, seeds=2)
WILD = {"learning_rate": [0.01, 1e30]}  # the second diverges


@pytest.fixture(scope="module", autouse=True)
def one_by_one():
    """To the bit as each by itself; test_sweep_stacked.py has what is trained side by side."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike, "TOGETHER", 1)
        yield


@pytest.fixture(scope="module")
def data():
    return toy()


@pytest.fixture(scope="module")
def given(data):
    return {"data": data, "teacher": sure(), "student": net}


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


# --- trials ---


def test_each_trial_is_the_training_that_distill_makes(made, given):
    assert len(made) == 8
    for row in made.table():
        recipe = BASE.replace(temperature=row["temperature"], alpha=row["alpha"], seed=row["seed"])
        run = kdlab.distill(net(row["seed"]), given["data"], teacher=given["teacher"], recipe=recipe)
        measured = run.events[-1].measured["student"]
        for name in ("accuracy", "cross_entropy", "agreement", "kl"):
            assert row[f"validation_{name}"] == measured[name]
            assert row[f"test_{name}"] == run.metrics()[name]
        assert (row["status"], row["reason"], row["steps"]) == ("finished", "", 12)
        assert row["seconds"] > 0


def test_names_and_a_path_will_do(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(
        'seeds = 1\n[base]\ndata = "fashion-mnist"\nlabelled = 60\npool = 0\nstudent = "mlp-16"\n'
        'teacher = "fashion-mnist-cnn"\nepochs = 1\n[grid]\nlabel_smoothing = [0.0, 0.1]\n'
    )
    [row, other] = kdlab.sweep(path).table()
    recipe = Recipe(data="fashion-mnist", labelled=60, pool=0, student="mlp-16", teacher="fashion-mnist-cnn", epochs=1)
    assert row["test_accuracy"] == kdlab.distill(recipe=recipe).metrics()["accuracy"]
    assert other["label_smoothing"] == 0.1


def test_a_teacher_is_asked_once_for_all_trials_of_a_process(monkeypatch):
    names = {"data": "fashion-mnist", "labelled": 60, "pool": 0, "student": "mlp-16", "teacher": "fashion-mnist-cnn"}
    kdlab.sweep(Sweep(names | {"epochs": 1}, seeds=1))
    asked, see = [], players.observe

    def spy(net, x, taps):
        if sum(p.numel() for p in net.parameters()) == 206_922:
            asked.append(len(x))
        return see(net, x, taps)

    monkeypatch.setattr(players, "observe", spy)
    kdlab.sweep(Sweep(names | {"epochs": 1}, {"temperature": [1.0, 2.0, 4.0]}, seeds=2))
    assert asked
    assert max(asked) <= max(PROBE, keep.PROBE)  # the shape of its answers, and whether they still hold


def test_threads_train_one_at_a_time_and_give_the_same(made, given):
    with ThreadPoolExecutor(3) as executor:
        again = kdlab.sweep(PLAN, executor=executor, **given)
        assert executor.submit(int).result() == 0  # it is not closed
    assert untimed(again) == untimed(made)


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor])
def test_a_trial_has_one_thread_as_in_a_worker_and_the_caller_keeps_its_own(executor, given, monkeypatch):
    """More add up in another order, and a sweep that goes on elsewhere would be of two kinds."""
    seen, make = [], trial.Own.training

    def spy(self, recipe):
        made = make(self, recipe)
        seen.append(torch.get_num_threads())
        step = made.take_step
        made.take_step = lambda: seen.append(torch.get_num_threads()) or step()
        return made

    monkeypatch.setattr(trial.Own, "training", spy)
    torch.set_num_threads(2)
    try:
        with executor(1) if executor else nullcontext() as threads:
            kdlab.sweep(Sweep(BASE, seeds=2), executor=threads, **given)
            assert threads is None or threads.submit(torch.get_num_threads).result() == 2
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert seen == [1] * (1 + 2 * 13)  # looked at once; each trial set up, and its 12 steps


def test_structure_is_all_but_the_numbers_of_the_loss():
    base = Recipe(schedule={"alpha": [[0.0, 0.1], [1.0, 0.9]]})
    same = base.replace(temperature=3.0, learning_rate=0.5, seed=7, method_knobs={"weight": 2.0})
    assert alike.structure(base) == alike.structure(same)
    others = [
        base.replace(**{k: v}) for k, v in {"student": "mlp-16", "epochs": 9, "type": "relation", "alpha": 0}.items()
    ]
    assert len({alike.structure(r) for r in (base, *others)}) == 5  # turning alpha by hand has ended its schedule


# --- what goes wrong ---


def test_a_trial_that_diverges_is_recorded_and_stops_no_other(given, tmp_path, trained):
    plan = Sweep(BASE, WILD | {"temperature": [1.0, 2.0]}, seeds=1)
    found = kdlab.sweep(plan, out=tmp_path / "out", **given)
    assert [row["status"] for row in found.table()] == ["finished", "finished", "diverged", "diverged"]
    row = found.table()[2]
    assert row["reason"].startswith("the loss of step ")
    assert (row["validation_accuracy"], row["test_accuracy"]) == (None, None)
    assert "2 trials diverged or failed, the first: the loss of step" in repr(found)
    assert found.best().learning_rate == 0.01
    kdlab.sweep(plan, out=tmp_path / "out", **given)
    assert len(trained) == 4  # it would diverge again


@pytest.mark.parametrize(
    ("plan", "change", "message"),
    [
        (PLAN, {"teacher": None}, "teacher must be a trained module or a name .*"),
        (
            Sweep(BASE, {"scheme": ["offline", "self"]}),
            {"student": lambda _: flat()},
            "scheme 'self' .exits. needs a student .*",
        ),
        (
            Sweep(BASE, {"method": ["hint", "nst"]}),
            {"student": lambda _: flat()},
            "method 'nst' compares feature maps.*",
        ),
        (PLAN, {"student": net()}, "student must be a name or a function from a seed to a module, got one module .*"),
        (PLAN, {"student": "mlp"}, "name must be one of .*, got 'mlp'; did you mean 'mlp-64'.*|name must be one of .*"),
        (PLAN, {"data": None}, "data must be a Dataset or a name, got None.*"),
        (
            Sweep(BASE, {"student": ["mlp-16"]}),
            {},
            "student must not be among the knobs where it is given as an object.*",
        ),
        (PLAN, {"workers": -1}, "workers must be a whole number of at least 0, got -1"),
        (
            PLAN,
            {"workers": 2},
            "data must be a name for other processes, which know no object of this one, got a Dataset; .*",
        ),
        (PLAN, {"executor": "local"}, "data must be a name for other processes, which know no object of this one, .*"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_is_trained(plan, change, message, given, tmp_path, monkeypatch):
    monkeypatch.setattr("kdlab.training.Training.take_step", lambda _: pytest.fail("a step was taken"))
    with pytest.raises((ValueError, TypeError), match=rf"^{message}$"):
        kdlab.sweep(plan, out=tmp_path / "out", **given | change)
    assert not (tmp_path / "out").exists()


def flat():
    return kdlab.build("mlp-16", classes=3, size=(1, 6, 6))


def test_what_is_no_executor_is_refused():
    names = Recipe(data="fashion-mnist", labelled=60, pool=0, student="mlp-16", alpha=0.0)
    with pytest.raises(TypeError, match=r"^executor must be a concurrent.futures executor, .*, got 3$"):
        kdlab.sweep(Sweep(names, seeds=1), executor=3)
