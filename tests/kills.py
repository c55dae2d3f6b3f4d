"""Recordings in processes of their own, killed with SIGKILL at the n-th moment of writing."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from itertools import count
from pathlib import Path
from typing import Any

import torch
from helpers import net, sure, toy, training

import kdlab
from kdlab import recorder, runs
from kdlab.events import Step
from kdlab.training import Training

# Name -> settings of the training; "turns": knobs turned by whoever iterates, after so many steps.
CASES: dict[str, dict[str, Any]] = {
    "dropout, with knobs turned": {
        "type": "feature",
        "epochs": 2,
        "turns": {
            1: {"temperature": 5.0, "method_knobs": {"weight": 3.0}},
            2: {"type": "relation", "method": "rkd", "method_knobs": {}},
            3: {"learning_rate": 0.02, "alpha": 0.3},
        },
    },
    "generations": {"scheme": "self", "scheme_variant": "born-again", "epochs": 1, "turns": {2: {"epochs": 2}}},
    "schedules": {
        "schedule": {"temperature": [[0.0, 8.0], [1.0, 1.0]], "learning_rate": [[0.5, 0.01], [0.9, 0.001]]},
        "turns": {4: {"temperature": 3.0}},
    },
    "fine-tuned": {"fine_tune": 3, "epochs": 1, "patience": 1, "init": "teacher", "turns": {2: {"alpha": 0.2}}},
    "a mean of peers": {"scheme": "online", "scheme_variant": "ensemble", "peers": 2, "epochs": 2, "turns": {}},
    "diverging": {"learning_rate": 1e30, "epochs": 9, "turns": {1: {"temperature": 3.0}}},
}
# More, which are not killed but left and gone on with.
MORE: dict[str, dict[str, Any]] = {
    "exits": {"scheme": "self", "turns": {3: {"scheme": "online", "scheme_variant": None}}},
    "a co-trained teacher": {"scheme": "online", "scheme_variant": "co-trained", "turns": {}},
    "a moving average": {"scheme": "self", "scheme_variant": "moving-average", "turns": {2: {"decay": 0.5}}},
    "a teacher's assistant": {"scheme_variant": "assistant", "epochs": 1, "turns": {4: {"temperature": 3.0}}},
    "two teachers": {"algorithm": "multi-teacher", "teacher": [sure(7), sure(8)], "turns": {}},
    "a discriminator": {"algorithm": "adversarial", "turns": {2: {"alpha": 0.4}}},
    "rounded weights": {"algorithm": "quantised", "turns": {}},
    "classes that come later": {
        "scheme": "self", "scheme_variant": "old-self", "algorithm": "lifelong", "teacher": None, "turns": {},
    },
}  # fmt: skip
ALL = CASES | MORE


def made(case: str) -> Training:
    """A new training of a case: three steps an epoch, a third of the images labelled."""
    settings = {name: value for name, value in ALL[case].items() if name != "turns"}
    return training(net(1, batch_norm=True, dropout=0.3), toy(48, labelled=16), **settings)


def follow(case: str, events: Any, made: Training, turn: bool = True) -> None:
    """Iterate to the end, turning the case's knobs."""
    for event in events:
        if turn and isinstance(event, Step) and event.step in ALL[case]["turns"]:
            made.recipe = made.recipe.replace(**ALL[case]["turns"][event.step])


def whole(case: str, folder: Path) -> None:
    """The run of a case that nobody records, saved: what all others must come to."""
    new, happened = made(case), []

    def heard() -> Any:
        for event in new:
            happened.append(event)
            yield event

    follow(case, heard(), new)
    runs.Run.of(new, happened).save(folder)


def record(case: str, folder: Path, kill_at: int | None, turn: bool, every: float, told: Path | None = None) -> None:
    """Record a case, and die at a moment.

    Args:
        case: its name.
        folder: of the run.
        kill_at: moments survived; None: all of them.
        turn: whether knobs are turned, or nobody is there to do so.
        every: steps and epochs between two checkpoints.
        told: a file for the names of all moments.
    """
    torch.set_num_threads(1)
    moments: list[str] = []

    def moment(name: str) -> None:
        moments.append(name)
        if len(moments) - 1 == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def half(file: Any, content: bytes, name: str) -> None:
        file.write(content[: len(content) // 2])
        file.flush()
        moment(f"half of {name}")
        file.write(content[len(content) // 2 :])
        moment(name)

    def half_of_weights(weights: Any, path: Path) -> None:
        path.write_bytes(b"half")
        moment("half of the run")
        save_file(weights, path)

    save_file, runs.save_file = runs.save_file, half_of_weights
    recorder.point, recorder._write, recorder._clock, recorder.SHARE = moment, half, count().__next__, 0
    new = made(case)
    recording = kdlab.Recording(new, folder, every=every)
    follow(case, recording, new, turn)
    if told is not None:
        told.write_text(json.dumps(moments))


def process(target: Any, *arguments: Any) -> int:
    """Run a function of this module in a process of its own, forked from one that has run nothing; its exit code."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kdlab", "torch._dynamo"])  # which the first optimiser would load
    child = context.Process(target=target, args=arguments)
    child.start()
    child.join()
    return child.exitcode


def contents(folder: Path) -> dict[str, bytes]:
    """Path in the folder -> bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
