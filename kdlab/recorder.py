"""A run that is written down while it goes, so that one that was killed goes on and ends with the same bits.

Until it is over, ``<folder>.unfinished`` holds

- ``recipe.toml``: the recipe that it began with, for people to read;
- ``events.jsonl``: what has happened;
- ``knobs.jsonl``: recipes that were assigned, each noted before it took effect;
- ``checkpoint.safetensors``: all that is needed to go on from some step, written anew every few seconds.

Then the run is written whole beside them, in one rename becomes ``<folder>``, and the rest is removed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import torch

from kdlab import check, checkpoint, resume
from kdlab import events as log
from kdlab.events import Epoch, Event, Step
from kdlab.finished import sole
from kdlab.recipe import Recipe
from kdlab.runs import UNFINISHED, Run

if TYPE_CHECKING:
    from kdlab.training import Training

RECIPE, EVENTS, KNOBS, CHECKPOINT = "recipe.toml", "events.jsonl", "knobs.jsonl", "checkpoint.safetensors"
HALF, WHOLE = "checkpoint.tmp", "whole"  # a checkpoint that is being written, a run that is being written
OURS = {RECIPE, EVENTS, KNOBS, CHECKPOINT, HALF, WHOLE}
SHARE = 20  # at most one part in so many of the time goes into checkpoints

_clock = time.monotonic


def point(name: str) -> None:
    """What ``name`` says has just been done. It does nothing; tests kill the process here."""


def draft_of(folder: str | os.PathLike) -> Path:
    """Where a run is recorded until it is finished."""
    return Path(f"{Path(folder)}{UNFINISHED}")


class Recording:
    """A training that writes itself down as it is iterated: see :mod:`kdlab.recorder` for the files.

    One that was killed goes on where the same training is recorded into the same folder: from its last checkpoint,
    with the knobs that were turned after it turned again at their steps. It ends with the same bits as one that was
    never killed, on the same kind of processor, with as many threads and the same versions. A knob that is turned by
    hand meanwhile takes the place of all that were to be turned again after it.

    Args:
        training: a new one, of which no step has been taken.
        folder: where the finished run will be; it must not exist, unless this very run was killed when nothing but its
            draft was left to be removed: then it is finished.
        every: seconds between two checkpoints, at least 0; more where writing them would take too much of the time.

    Attributes:
        events: what has happened, in order, also before it was killed.
        resumed: steps that had been done before, None for a run that is new or finished.
        run: the finished run; None until then.

    Raises:
        ValueError: the folder exists, or an unfinished run there is not this one; nothing has been written then.

    Example:
        >>> recording = Recording(training, "runs/mine")  # doctest: +SKIP
        >>> for event in recording: ...  # training.recipe may be assigned here  # doctest: +SKIP
        >>> recording.run.metrics()  # doctest: +SKIP
    """

    def __init__(self, training: Training, folder: str | os.PathLike, *, every: float = 10.0):
        check.between(0, math.inf, every=every)
        self.training, self.folder, self.every = training, Path(folder), every
        self.draft = draft_of(self.folder)
        self._made_of = resume.made_of(training)
        finished = self.folder.exists()
        if finished and not self._clear_leftovers():
            raise ValueError(f"save must name a new folder, got {str(folder)!r}, which exists")
        if training.step or training.announced:
            raise ValueError(f"training must be new to be recorded, got one that has taken {training.step} steps")
        self.events: list[Event] = []
        self.resumed: int | None = None
        self.run: Run | None = None
        self._later: dict[int, Recipe] = {}  # to be assigned again, by the number of events before
        self._size, self._noted = 0, 0  # bytes of the events so far, and of the recipes noted
        self._busy = False
        self._due = -math.inf
        self._read: int | None = None  # when the checkpoint was written from which it goes on
        if finished:
            self._open()
        elif (self.draft / CHECKPOINT).is_file():
            self._resume()
        elif self.draft.exists():
            self._refuse_others_files()
        self._known = training.recipe

    def __iter__(self) -> Iterator[Event]:
        """Go on; at the end the run is in ``folder``.

        Raises:
            RuntimeError: an error or a keyboard interrupt has ended it in the middle of a step.
            BlockingIOError: another process records into this folder.
            ValueError: one has done so since this recording was made.
        """
        if self.run is not None:
            return
        if self._busy:
            raise RuntimeError("recording was cut off in the middle of a step; record a new training into its folder")
        with sole(self.draft / EVENTS), open(self.draft / EVENTS, "ab") as written:
            point("folder")
            self._refuse_overtaken()
            written.truncate(self._size)
            self._busy = True
            if self._read is None:
                _write_new(self.draft / RECIPE, self.training.recipe.to_toml().encode(), "recipe")
                self._checkpoint(written)
            self._turn()
            for event in self.training:
                line = (log.to_line(event) + "\n").encode()
                self.events.append(event)
                self._size += len(line)
                _write(written, line, "event")
                self._busy = False
                yield event
                self._busy = True
                self._turn()
                # Only now: an event that nobody has heard to its end is told again. And not between two changes of
                # one turn, when the training is not yet what it will be.
                if isinstance(event, (Step, Epoch)) and _clock() >= self._due:
                    self._checkpoint(written)
            _settle(written)
            self._finish()
        self._remove()

    def _turn(self) -> None:
        """Note a recipe that was assigned since the last event; assign again one that was noted before a kill."""
        before = len(self.events)
        if self.training.recipe != self._known:
            if self._later.get(before) != self.training.recipe:
                self._later = {}  # by hand, and other than before: what was to come no longer counts
                entry = {"events": before, "recipe": self.training.recipe.to_dict()}
                line = (json.dumps(entry, default=dict) + "\n").encode()
                with open(self.draft / KNOBS, "ab") as noted:
                    noted.truncate(self._noted)  # less what a kill has cut off
                    _write(noted, line, "knobs")
                    _settle(noted)
                self._noted += len(line)
        elif before in self._later:
            self.training.recipe = self._later[before]
        self._known = self.training.recipe

    def _checkpoint(self, written: IO[bytes]) -> None:
        """Write all that is needed to go on from here; the events come first, so that the log is never too short."""
        started = _clock()
        _settle(written)
        point("events")
        state = {
            "made of": self._made_of,
            "training": self.training.state(),
            "chance": torch.get_rng_state(),
            "events": len(self.events),
            "bytes": self._size,
        }
        _write_new(self.draft / HALF, checkpoint.pack(state), "checkpoint")
        os.replace(self.draft / HALF, self.draft / CHECKPOINT)
        point("checkpoint in place")
        now = _clock()
        self._due = now + max(self.every, SHARE * (now - started))
        self._read = (self.draft / CHECKPOINT).stat().st_mtime_ns

    def _resume(self) -> None:
        """Put the training where the last checkpoint was."""
        self._read = (self.draft / CHECKPOINT).stat().st_mtime_ns
        state = checkpoint.read(self.draft / CHECKPOINT)
        resume.refuse_another(state["made of"], self._made_of, self.draft)
        content = (self.draft / EVENTS).read_bytes()
        if len(content) < state["bytes"]:
            raise ValueError(f"{EVENTS} in {str(self.draft)!r} must be as long as when its checkpoint was written, "
                             f"got {len(content)} of {state['bytes']} bytes")  # fmt: skip
        self._size = state["bytes"]
        self.events = [log.from_line(line) for line in content[: self._size].decode().split("\n")[:-1]]
        noted = (self.draft / KNOBS).read_bytes() if (self.draft / KNOBS).is_file() else b""
        self._noted = noted.rfind(b"\n") + 1  # what follows was cut off, and never took effect
        for line in noted[: self._noted].splitlines():
            entry = json.loads(line)
            self._later = {n: recipe for n, recipe in self._later.items() if n < entry["events"]}
            self._later[entry["events"]] = Recipe.from_dict(entry["recipe"])
        self._later = {n: recipe for n, recipe in self._later.items() if n >= len(self.events)}
        self.training.load(state["training"])
        torch.set_rng_state(state["chance"])
        self.resumed = self.training.step

    def _finish(self) -> None:
        """Write the run whole, and rename it."""
        whole = self.draft / WHOLE
        shutil.rmtree(whole, ignore_errors=True)  # from a run that was killed at this moment
        whole.mkdir()
        run = Run.of(self.training, self.events)
        run.write(whole)
        for path in whole.rglob("*"):
            if path.is_file():
                with open(path, "rb+") as file:
                    os.fsync(file.fileno())
        point("run")
        if self.folder.exists():
            raise ValueError(f"save must name a new folder, got {str(self.folder)!r}, which has come to exist")
        whole.rename(self.folder)
        point("run in place")
        self.run = run

    def _remove(self) -> None:
        """Remove the draft, and nothing in it that is not a recording's; the checkpoint last, by which it is known."""
        shutil.rmtree(self.draft / WHOLE, ignore_errors=True)
        for name in (HALF, KNOBS, RECIPE, EVENTS, CHECKPOINT):
            (self.draft / name).unlink(missing_ok=True)
            point("removal")
        with contextlib.suppress(OSError):  # somebody's own files are in it
            self.draft.rmdir()

    def _clear_leftovers(self) -> bool:
        """Remove the draft of the finished run in ``folder``, if it was killed before it could do so itself.

        Returns:
            Whether there was such a draft, of a training that was made of the same.
        """
        mine, its, held = self.draft / EVENTS, self.folder / EVENTS, self.draft / CHECKPOINT
        if not its.is_file() or not (mine.is_file() or held.is_file()):
            if self.draft.is_dir() and not any(self.draft.iterdir()):
                self.draft.rmdir()
            return False
        if mine.is_file():  # else they are removed already
            begun = mine.read_bytes()
            if not begun or not its.read_bytes().startswith(begun):
                return False
        try:
            resume.refuse_another(checkpoint.read(held)["made of"], self._made_of, self.draft)
            same = True
        except (ValueError, OSError):
            same = False
        self._remove()
        return same

    def _open(self) -> None:
        """Take the finished run in ``folder`` for that of this training."""
        t = self.training
        self.run = Run.open(self.folder, student=t.students["student"], peer=t.peer, teacher=t.teacher)
        self.run.data, self.run.teacher = t.data, self.run.students.get("co-teacher", t.teacher)
        self.events, t.diverged = self.run.events, self.run.diverged is not None

    def _refuse_overtaken(self) -> None:
        """Refuse where another process has gone on with the run since this one has read its checkpoint."""
        found = self.draft / CHECKPOINT
        if (found.stat().st_mtime_ns if found.is_file() else None) != self._read:
            raise ValueError(f"save must name a folder that nobody else writes, got {str(self.folder)!r}, "
                             "into which somebody has recorded meanwhile")  # fmt: skip

    def _refuse_others_files(self) -> None:
        others = sorted({path.name for path in self.draft.iterdir()} - OURS)
        if others:
            raise ValueError(f"save must name a folder whose draft is a recording's, got {str(self.folder)!r}: "
                             f"{str(self.draft)!r} holds no checkpoint, but {', '.join(others)}")  # fmt: skip


def _write(file: IO[bytes], content: bytes, name: str) -> None:
    """Every write of a recording goes through here; tests put one in its place that is killed half-way."""
    file.write(content)
    point(name)


def _write_new(path: Path, content: bytes, name: str) -> None:
    with open(path, "wb") as file:
        _write(file, content, name)
        _settle(file)


def _settle(file: IO[bytes]) -> None:
    """Have all that was written on the disk, where it survives a power cut too."""
    file.flush()
    os.fsync(file.fileno())
