"""What it brings to train students side by side: 10 seeds × 8 settings of temperature and alpha, one order of batches.

`python tests/bench_stacked.py [REPEATS]`; CPU seconds of one thread, stacked and one after another in turns. Either way
the students are set up before the clock runs, and measured once at their end while it does.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

import kdlab
from kdlab import stacked
from kdlab.sweeps import alike
from kdlab.sweeps.trial import Own

TARGETS = {"mlp-16": 3.0, "conv-4": 1.5}
EPOCHS = {"mlp-16": 30, "conv-4": 10}  # of 4 steps; conv-4 takes four times as long for a step
GRID = {"temperature": [1.0, 2.0, 4.0, 8.0], "alpha": [0.5, 0.9]}
REPEATS = 5


def plan(student: str, epochs: int) -> kdlab.Sweep:
    """80 trainings on 500 labels."""
    base = {"data": "fashion-mnist", "labelled": 500, "pool": 0, "student": student, "teacher": "fashion-mnist-cnn"}
    return kdlab.Sweep(base | {"epochs": epochs, "order_seed": 0}, GRID, seeds=10)


def seconds(act: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    start = time.process_time()
    act()
    return time.process_time() - start


def ratio(student: str) -> float:
    """CPU seconds of trainings one after another to those of the same trainings in the stacks that a sweep makes."""
    own, trials = Own(), plan(student, EPOCHS[student]).trials()
    alone, together = ([own.training(t.recipe) for t in trials] for _ in range(2))
    size = stacked.even(len(trials), min(alike.TOGETHER, stacked.room(together[0])))

    def side_by_side() -> None:
        for i in range(0, len(together), size):
            why = stacked.finish(together[i : i + size])[1]
            assert why is None, why

    one = seconds(lambda: [list(training) for training in alone])
    return one / seconds(side_by_side)


def rows(repeats: int = REPEATS) -> list[dict[str, Any]]:
    """One row for each student: ``what``, ``target`` and the ``ratios`` of all repeats, the higher the better."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = []
        for student, target in TARGETS.items():
            kdlab.sweep(plan(student, 1))  # data loaded, the teacher asked, torch warm
            what = f"80 {student} one after another / side by side, 500 labels"
            found.append({"what": what, "target": target, "ratios": [ratio(student) for _ in range(repeats)]})
        return found
    finally:
        torch.set_num_threads(threads)


def sweeps(student: str) -> float:
    """The same of a sweep as a whole, students being set up and measured on the validation and test sets."""
    whole, together, took = plan(student, EPOCHS[student]), alike.TOGETHER, []
    for size in (1, together):
        alike.TOGETHER = size
        took.append(seconds(lambda: kdlab.sweep(whole)))
    return took[0] / took[1]


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    for row in rows(count):
        each = ", ".join(f"{r:.2f}" for r in row["ratios"])
        print(f"{row['what']}: {statistics.median(row['ratios']):.2f} (wanted {row['target']}; {each})", flush=True)
    torch.set_num_threads(1)
    for name in TARGETS:
        print(f"a whole sweep of 80 {name}, with all that is set up and measured: {sweeps(name):.2f}", flush=True)
