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
from kdlab.sweeps import alike, trial

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


def overhead(trials: int) -> None:
    """A sweep in this process, all files written, against the time that its trials take themselves, and by hand."""
    sweep, inside, one = plan(trials), [], trial._one

    def spy(*given):
        start = time.process_time()
        try:
            return one(*given)
        finally:
            inside.append(time.process_time() - start)

    def by_hand() -> None:
        data = kdlab.load("fashion-mnist", labelled=500, pool=0)
        for t in sweep.trials():
            kdlab.distill(data=data, recipe=t.recipe, progress=False).metrics()

    kdlab.sweep(kdlab.Sweep(BASE, seeds=1))  # data loaded, the teacher asked
    with tempfile.TemporaryDirectory() as folder:
        trial._one, together, alike.TOGETHER = spy, alike.TOGETHER, 1  # stacks: see bench_stacked.py
        _, cpu = timed(lambda: kdlab.sweep(sweep, out=Path(folder) / "out"))
        trial._one, alike.TOGETHER = one, together
    _, hand = timed(by_hand)
    each = sum(inside) / len(inside)
    print(f"{len(inside)} trials in this process, {1000 * each:.0f} ms each (CPU time)")
    print(f"  all but the trials themselves: {cpu / sum(inside) - 1:+.1%} of their time")
    print(f"  against a loop of distill() by hand, which measures each epoch: {cpu / hand - 1:+.1%}")


def workers(trials: int) -> None:
    """The same trials in one kept worker process and in two, in turns; both are warm."""
    sweep, seconds = plan(trials), {1: [], 2: []}
    for _ in range(ROUNDS):
        for count, found in seconds.items():
            kdlab.sweep(plan(40, epochs=1), workers=count)  # started, data loaded, the teacher asked
            found.append(timed(lambda count=count: kdlab.sweep(sweep, workers=count))[0])
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"{len(sweep.trials())} trials in worker processes, {ROUNDS} rounds; load of the machine {load}")
    print(f"  1 worker {min(seconds[1]):.1f} s, 2 workers {min(seconds[2]):.1f} s (the best of each)")
    print(
        f"  2 workers are {statistics.median(ratios):.2f} times as fast as 1 ({', '.join(f'{r:.2f}' for r in ratios)})"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    overhead(number)
    workers(number)
