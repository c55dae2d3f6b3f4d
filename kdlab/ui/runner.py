"""The one background thread of a workbench: it trains, paces itself, and tells what it sees, newest first."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import torch

from kdlab.recipe import Recipe
from kdlab.ui.lanes import Lanes

SECONDS_BETWEEN_PUSHES = 0.1
SHARE_FOR_DRAWING = 0.12  # of the time, at most, goes into readings for the views


class Runner:
    """Trains lanes in a thread of its own; every other method may be called from any thread and returns at once.

    The thread alone touches networks while it trains; what else must be read from them is handed to it by
    :meth:`call`. Commands wait for the end of a step, never longer.

    Args:
        show: called in the thread with the lanes, ten times a second at most, and once when something stops.
        fail: called in the thread with an exception that ended a command or the training.
    """

    def __init__(self, show: Callable[[Lanes | None], None], fail: Callable[[Exception], None]):
        self.lanes: Lanes | None = None
        self.running = False
        self.pace: float | None = 10.0  # steps a second; None: as fast as it goes
        self.rate = 0.0  # steps a second, as measured
        self._show, self._fail = show, fail
        self._wake = threading.Condition()
        self._commands: dict[object, Callable[[], Any]] = {}  # in order; a named one keeps the place it first had
        self._thread: threading.Thread | None = None
        self._closed = False
        self._due = self._pushed = self._cost = 0.0

    def call(self, command: Callable[[], Any], *, newest: str | None = None) -> None:
        """Run ``command`` in the thread, between two steps.

        Args:
            command: takes no arguments; what it raises goes to ``fail``.
            newest: a name; a command of this name that still waits is replaced, so that a dragged slider never queues.
        """
        with self._wake:
            self._commands[object() if newest is None else newest] = command
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="kdlab training", daemon=True)
                self._thread.start()
            self._wake.notify()

    def train(self, make: Callable[[], Lanes]) -> None:
        """Go on, or begin with the lanes that ``make`` builds."""

        def command() -> None:
            if self.lanes is None or self.lanes.over:
                self.lanes = make()
            self.running = True
            self.push()  # a short run would be over before the first reading said that it runs
            self._due = time.perf_counter()

        self.call(command)

    def pause(self) -> None:
        """Stop asking for steps; all stays as it is."""

        def command() -> None:
            self.running = False
            self.push()

        self.call(command)

    def take_step(self, make: Callable[[], Lanes]) -> None:
        """One step, then stand still."""

        def command() -> None:
            if self.lanes is None or self.lanes.over:
                self.lanes = make()
            self.running = False
            self.lanes.advance()
            self.push()

        self.call(command)

    def reset(self) -> None:
        """Leave the lanes; the next training begins with new ones."""

        def command() -> None:
            self.running, self.lanes = False, None
            self.push()

        self.call(command)

    def turn(self, recipe: Recipe) -> None:
        """New knobs from the next step on; of several that wait, the newest wins."""

        def command() -> None:
            if self.lanes is not None and not self.lanes.over:
                self.lanes.turn(recipe)

        self.call(command, newest="turn")

    def refresh(self) -> None:
        """Tell again what there is to see."""
        self.call(self.push, newest="refresh")

    def settled(self, timeout: float = 600.0) -> bool:
        """Wait until all commands so far are done and no training runs; False if that takes longer."""
        done = threading.Event()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            done.clear()
            self.call(done.set)
            if not done.wait(max(0.0, end - time.monotonic())):
                return False
            if not self.running:
                return True
            time.sleep(0.01)
        return False

    def close(self) -> None:
        """End the thread after the step it is in."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _live(self) -> None:
        torch.set_num_threads(1)  # counts for this thread alone, and is faster for nets this small
        while not self._closed:
            command = self._next()
            try:
                if command is not None:
                    command()
                elif self.running and not self._closed:
                    self._advance()
            except Exception as error:  # a thread must not die of a bad knob, nor print
                self.running = False
                with contextlib.suppress(Exception):
                    self.push()
                self._fail(error)

    def _next(self) -> Callable[[], Any] | None:
        """The next command, or None when it is time for a step."""
        with self._wake:
            while not self._closed:
                if self._commands:
                    return self._commands.pop(next(iter(self._commands)))
                if not self.running:
                    self._wake.wait()
                    continue
                wait = self._due - time.perf_counter()
                if self.pace is None or wait <= 0:
                    return None
                self._wake.wait(wait)
            return None

    def _advance(self) -> None:
        started = time.perf_counter()
        before = self.lanes.main.training.step
        self.lanes.advance()
        now = time.perf_counter()
        if self.pace is not None:
            self._due = max(self._due + 1 / self.pace, now - 1 / self.pace)
        took = max(now - started, 0 if self.pace is None else 1 / self.pace)
        if self.lanes.main.training.step > before:
            self.rate = 1 / took if not self.rate else 0.95 * self.rate + 0.05 / took
        if self.lanes.over:
            self.running = False
            self.push()
        elif now - self._pushed > max(SECONDS_BETWEEN_PUSHES, self._cost / SHARE_FOR_DRAWING):
            self.push()

    def push(self) -> None:
        """Tell now what there is to see; only the thread itself, or a command in it, may call this."""
        started = time.perf_counter()
        self._show(self.lanes)
        self._pushed = time.perf_counter()
        self._cost = self._pushed - started
