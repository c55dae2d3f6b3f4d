"""A sweep in worker processes: the same results, none lost when a worker or all is killed, nobody left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
import tomli_w
from stacks import assert_same

import kdlab
from kdlab import Recipe, Sweep
from kdlab.sweeps.executors import Workers
from kdlab.sweeps.running import LOG

LONG = 240  # seconds after which a test gives up; nothing waits that long unless it is stuck
NAMES = Recipe(
    data="fashion-mnist", labelled=60, pool=0, student="mlp-16", teacher="fashion-mnist-cnn", epochs=4, batch_size=16
)
PLAN = Sweep(NAMES, {"temperature": [1.0, 4.0], "alpha": [0.0, 0.9]}, seeds=3)


@pytest.fixture(scope="module", autouse=True)
def workers_that_could_use_two_threads():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "2")
        yield
    if Workers._kept is not None:
        Workers._kept.shutdown()


@pytest.fixture(scope="module")
def made():
    return kdlab.sweep(PLAN)


def untimed(results):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in results.table()]


def entries(folder):
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def pids():
    """The processes that a sweep with two workers has now."""
    return {Workers.kept(2).submit(os.getpid).result(LONG) for _ in range(20)}


def test_two_workers_find_the_same_and_are_kept(made):
    assert untimed(kdlab.sweep(PLAN, workers=2)) == untimed(made)
    before = pids()
    assert untimed(kdlab.sweep(PLAN, workers=2)) == untimed(made)
    assert before & pids()
    assert os.getpid() not in before


def test_a_worker_that_is_killed_costs_no_trial(made, tmp_path):
    running = PLAN.run(workers=2, out=tmp_path / "out")
    victims = pids()
    for count, _ in enumerate(running, start=1):
        if count == 1:
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
    assert count == 12
    assert_same(running.results, made)
    assert len(entries(tmp_path / "out")) == 12
    assert victims.isdisjoint(pids())


KILLED = """
import os, signal, sys
import psutil
import kdlab

plan, folder = sys.argv[1:]
for count, _ in enumerate(kdlab.Sweep.from_toml(open(plan).read()).run(workers=2, out=folder), start=1):
    if count == 3:
        print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_sweep_that_is_killed_goes_on_and_leaves_nobody_behind(made, tmp_path):
    plan, folder = tmp_path / "plan.toml", tmp_path / "out"
    base = {name: value for name, value in PLAN.base.to_dict().items() if name != "seed"}
    plan.write_text(tomli_w.dumps({"base": base, "grid": PLAN.grid, "seeds": list(PLAN.seeds)}))
    command = [sys.executable, "-c", KILLED, plan, folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        family = client.stdout.readline().split()
        assert client.wait(LONG) == -signal.SIGKILL
    assert len(family) >= 3  # two workers, and who starts them
    before = entries(folder)
    assert len(before) == 3
    again = kdlab.sweep(plan, workers=2, out=folder)
    assert_same(again, made)  # what was killed in mid-stack is in another one
    assert entries(folder)[:3] == before
    assert len({json.dumps(e["recipe"], sort_keys=True) for e in entries(folder)}) == len(entries(folder)) == 12
    for pid in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(int(pid)).wait(LONG)  # raises TimeoutExpired if it is still there


def test_a_script_without_its_main_guard_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import kdlab\n"
        'names = {"data": "fashion-mnist", "labelled": 60, "pool": 0, "student": "mlp-16", "alpha": 0.0, "epochs": 1}\n'
        "kdlab.sweep(kdlab.Sweep(names, seeds=2), workers=1)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == 1
    [said] = [line for line in done.stderr.splitlines() if line.startswith("ChildProcessError: ")]
    assert "executor must run what it is given, got BrokenProcessPool: " in said
    assert "a script must call kdlab.sweep() under `if __name__ == '__main__':`; 2 of 2 trials are still" in said
