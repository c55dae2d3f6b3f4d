"""Kept knowledge on disk: what its memory and its second start come to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

import kdlab
from bench_parts.measure import Row, seconds
from kdlab import keep, players
from kdlab.players import ask

EPOCHS = 5


def rows(quick: bool = False) -> list[Row]:
    """Memory over epochs; the second start of a sweep's teacher knowledge."""
    with tempfile.TemporaryDirectory() as home:
        before = os.environ.get(keep.VARIABLE)
        os.environ[keep.VARIABLE] = home
        try:
            return [memory(10_000 if quick else 60_000), *(again(quick, pool) for pool in (0, None))]
        finally:
            os.environ.pop(keep.VARIABLE)
            if before is not None:
                os.environ[keep.VARIABLE] = before


def memory(count: int) -> Row:
    """Memory after each epoch against that before the first, in a process of its own."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
    code += f"from bench_parts.kept import read; read({count})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    start, *after = told["epochs"]
    grown = (max(after) - start) / 2**20
    note = (
        f"{told['file'] / 2**20:,.0f} MB on disk; {told['inputs'] / 2**20:,.0f} MB in memory with the inputs, "
        f"{(told['asked'] - told['inputs']) / 2**20:+,.0f} MB while the teacher is asked, {grown:+,.0f} MB over epochs"
    )
    what = f"memory of {count:,} x (logits + one feature map) on disk, after each epoch / before"
    return {"what": what, "target": "<= 1.05", "ratios": [size / start for size in after], "note": note}


def read(count: int) -> None:
    """Ask about so many inputs, then read all rows in shuffled batches, epoch after epoch; prints memory as JSON."""
    import psutil

    torch.set_num_threads(1)
    here, teacher = psutil.Process(), kdlab.pretrained("fashion-mnist-cnn")
    ask(teacher, torch.rand(512, 1, 28, 28), ["stage1"])
    x = torch.rand(count, 1, 28, 28)
    inputs = here.memory_info().rss
    said = ask(teacher, x, ["stage1"])
    asked = here.memory_info().rss
    epochs = []
    for _ in range(EPOCHS + 1):
        for rows in torch.randperm(count).split(128):
            said.at(rows)
        epochs.append(here.memory_info().rss)
    size = sum(path.stat().st_size for path in Path(os.environ[keep.VARIABLE]).iterdir())
    print(json.dumps({"inputs": inputs, "asked": asked, "epochs": epochs, "file": size}))


def again(quick: bool, pool: int | None) -> Row:
    """All that a sweep asks its teacher, in a folder that is empty, and once more as another process would."""
    data, ratios, cost = kdlab.load("fashion-mnist", labelled=500, pool=pool), [], []

    def start() -> None:
        players._asked.clear()  # as a new process has it
        teacher = kdlab.pretrained("fashion-mnist-cnn")
        ask(teacher, data.train.x, ["embedding"])
        ask(teacher, data.validation.x)
        ask(teacher, data.test.x)

    start()
    for _ in range(3 if quick else 7):
        for path in Path(os.environ[keep.VARIABLE]).iterdir():
            path.unlink()
        cost.append((seconds(start), seconds(start)))
        ratios.append(cost[-1][1] / cost[-1][0])
    what = f"second start of a sweep's teacher knowledge / first, {len(data.train):,} inputs"
    first, second = (1000 * min(side) for side in zip(*cost, strict=True))
    return {"what": what, "target": "<= .05", "ratios": ratios, "note": f"{second:,.0f} ms against {first:,.0f} ms"}
