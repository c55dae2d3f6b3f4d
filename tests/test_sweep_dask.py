"""A sweep on a Dask cluster of two worker processes: every trial is there once, whoever is killed."""

import json
import os
import signal
import subprocess
import sys

import pytest
import tomli_w
from distributed import Client, LocalCluster
from stacks import assert_same

import kdlab
from kdlab import Recipe, Sweep
from kdlab.sweeps.running import LOG

LONG = 240  # seconds after which a test gives up; nothing waits that long unless it is stuck
NAMES = Recipe(
    data="fashion-mnist", labelled=60, pool=0, student="mlp-16", teacher="fashion-mnist-cnn", epochs=10, batch_size=16
)
PLAN = Sweep(NAMES, {"temperature": [1.0, 4.0], "alpha": [0.0, 0.9]}, seeds=5)


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None) as made:
        yield made


@pytest.fixture(scope="module")
def made():
    return kdlab.sweep(PLAN)


def entries(folder):
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def each_once(folder):
    recipes = [json.dumps(entry["recipe"], sort_keys=True) for entry in entries(folder)]
    return len(set(recipes)) == len(recipes) == len(PLAN.trials())


def test_a_worker_killed_in_mid_sweep_costs_no_trial(cluster, made, tmp_path):
    with Client(cluster) as client:
        client.wait_for_workers(2, timeout=LONG)
        victim = next(iter(client.run(os.getpid).values()))
        running = PLAN.run(executor=client, out=tmp_path / "out")
        for count, _ in enumerate(running, start=1):
            if count == 1:
                os.kill(victim, signal.SIGKILL)
        assert count == 20
        assert_same(running.results, made)
        assert each_once(tmp_path / "out")
        assert client.submit(int).result(timeout=LONG) == 0  # the client is not closed
        client.wait_for_workers(2, timeout=LONG)
        assert victim not in {client.submit(os.getpid, pure=False).result(timeout=LONG) for _ in range(20)}


CLIENT = """
import os, signal, sys
import kdlab

plan, address, folder = sys.argv[1:]
for count, _ in enumerate(kdlab.Sweep.from_toml(open(plan).read()).run(executor=address, out=folder), start=1):
    if count == 3:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_client_that_is_killed_goes_on_where_it_was(cluster, made, tmp_path):
    plan, folder = tmp_path / "plan.toml", tmp_path / "out"
    base = {name: value for name, value in PLAN.base.to_dict().items() if name != "seed"}
    plan.write_text(tomli_w.dumps({"base": base, "grid": PLAN.grid, "seeds": list(PLAN.seeds)}))
    command = [sys.executable, "-c", CLIENT, plan, cluster.scheduler_address, folder]
    assert subprocess.run(command, timeout=LONG, check=False).returncode == -signal.SIGKILL
    before = entries(folder)
    assert len(before) == 3
    again = kdlab.sweep(plan, executor=cluster.scheduler_address, out=folder)
    assert_same(again, made)  # what was killed in mid-stack is in another one
    assert entries(folder)[:3] == before  # what was finished is as it was
    assert each_once(folder)
