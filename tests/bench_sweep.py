"""What a sweep costs beside its trainings, and what a second worker brings: ratios within one run.

`python tests/bench_sweep.py [TRIALS]`; run it on a machine that is quiet, one thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

import kdlab
from kdlab.sweeps import trial

BASE = {"data": "fashion-mnist", "labelled": 500, "pool": 0, "student": "mlp-64", "teacher": "fashion-mnist-cnn"}
ROUNDS = 3


def plan(trials: int, epochs: int = 20) -> kdlab.Sweep:
    """So many small trials: 4 temperatures × 5 alphas × seeds, of 4 steps an epoch."""
    grid = {"temperature": [1.0, 2.0, 4.0, 8.0], "alpha": [0.1, 0.3, 0.5, 0.7, 0.9]}
    return kdlab.Sweep(BASE | {"epochs": epochs}, grid, seeds=max(1, trials // 20))


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the wall clock and of this process's CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


def spied(sweep: kdlab.Sweep) -> tuple[float, float]:
    """CPU seconds of a sweep in this process, all files written, and of the trials within it."""
    inside, run = [], trial.run

    def spy(*given):
        start = time.process_time()
        try:
            return run(*given)
        finally:
            inside.append(time.process_time() - start)

    with tempfile.TemporaryDirectory() as folder:
        trial.run = spy
        try:
            _, cpu = timed(lambda: kdlab.sweep(sweep, out=Path(folder) / "out"))
        finally:
            trial.run = run
    return cpu, sum(inside)


def overhead(trials: int) -> None:
    """A sweep in this process against the time that its trials take themselves, and against a loop by hand."""
    sweep = plan(trials)

    def by_hand() -> None:
        data = kdlab.load("fashion-mnist", labelled=500, pool=0)
        for t in sweep.trials():
            kdlab.distill(data=data, recipe=t.recipe, progress=False).metrics()

    kdlab.sweep(kdlab.Sweep(BASE, seeds=1))  # data loaded, the teacher asked
    cpu, inside = spied(sweep)
    _, hand = timed(by_hand)
    print(f"{trials} trials in this process, {1000 * inside / trials:.0f} ms each (CPU time)")
    print(f"  all but the trials themselves: {cpu / inside - 1:+.1%} of their time")
    print(f"  against a loop of distill() by hand, which measures each epoch: {cpu / hand - 1:+.1%}")


def by_workers(trials: int, rounds: int) -> dict[int, list[float]]:
    """Seconds by the clock of the same trials in one kept worker process and in two, in turns; both are warm."""
    sweep, seconds = plan(trials), {1: [], 2: []}
    for _ in range(rounds):
        for count, found in seconds.items():
            kdlab.sweep(plan(40, epochs=1), workers=count)  # started, data loaded, the teacher asked
            found.append(timed(lambda count=count: kdlab.sweep(sweep, workers=count))[0])
    return seconds


def load() -> str:
    """What else the machine does: the second worker needs a core of its own."""
    return f"load of the machine {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"


def workers(trials: int) -> None:
    """One worker and two."""
    seconds = by_workers(trials, ROUNDS)
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    print(f"{len(plan(trials).trials())} trials in worker processes, {ROUNDS} rounds; {load()}")
    print(f"  1 worker {min(seconds[1]):.1f} s, 2 workers {min(seconds[2]):.1f} s (the best of each)")
    print(
        f"  2 workers are {statistics.median(ratios):.2f} times as fast as 1 ({', '.join(f'{r:.2f}' for r in ratios)})"
    )


def rows(trials: int = 200, rounds: int = 5) -> list[dict]:
    """For the table of `make bench`: overhead per trial, and what a second worker brings."""
    sweep = plan(trials)
    kdlab.sweep(kdlab.Sweep(BASE, seeds=1))  # data loaded, the teacher asked
    spied(plan(20))
    over = [cpu / inside - 1 for cpu, inside in (spied(sweep) for _ in range(rounds))]
    what = f"sweep of {trials} small trials: all but the trials / the trials"
    found = [{"what": what, "target": "< .05", "ratios": over}]
    seconds = by_workers(trials, rounds)
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    what = f"sweep of {trials} small trials: 1 worker / 2 workers, by the clock"
    return [*found, {"what": what, "target": ">= 1.8", "ratios": ratios, "note": load()}]


if __name__ == "__main__":
    torch.set_num_threads(1)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    overhead(number)
    workers(number)
