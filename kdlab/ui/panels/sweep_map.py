"""A sweep in a notebook: its map fills while its trials are trained in the background."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import Any

import traitlets

from kdlab.sweeps import Results, Running, report
from kdlab.sweeps.drawing import Table, table

from ...plots import png
from ..view import View

__all__ = ["SweepMap"]

SECONDS_BETWEEN_PUSHES = 0.1


class SweepMap(View, source="sweep_map.js"):
    """Trains a sweep in a thread of its own, and shows what it has found so far.

    *Stop* ends it after the trials in hand (in this process up to 40 that are trained side by side; other workers give
    up theirs); what is finished stays, and *Go on* trains the rest. With ``out``, so does a later view of the sweep.

    Args:
        sweep: a sweep that is to be run, as ``plan.run(data, teacher=…, workers=2, out=…)`` makes it: see
            :meth:`kdlab.Sweep.run`. Nobody else may iterate it meanwhile.
        x: the knob of the columns; None: temperature if it is swept, else the first.
        y: the knob of the rows; None: alpha if it is swept, else the next, if there is one.

    Raises:
        ValueError: a knob is not swept.
    """

    name = traitlets.Unicode("Sweep").tag(sync=True)
    knobs = traitlets.List(traitlets.Unicode(), help="of the columns and the rows").tag(sync=True)
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    rows = traitlets.List(traitlets.Unicode()).tag(sync=True)
    cells = traitlets.List(help="row by row; None: nothing is finished there").tag(sync=True)
    seeds = traitlets.Int(help="trials of each recipe").tag(sync=True)
    done = traitlets.Int(help="trials that are finished").tag(sync=True)
    total = traitlets.Int(help="trials of the sweep").tag(sync=True)
    left = traitlets.Float(None, allow_none=True, help="seconds until all are, by those so far").tag(sync=True)
    running = traitlets.Bool(False).tag(sync=True)
    stopping = traitlets.Bool(False).tag(sync=True)
    said = traitlets.Unicode("", help="the best recipe so far, and what went wrong").tag(sync=True)

    def __init__(self, sweep: Running, *, x: str | None = None, y: str | None = None):
        self._sweep, self._axes = sweep, (x, y)
        self._thread, self._error = None, ""
        shape = table(sweep.results, x, y)
        super().__init__(
            knobs=list(shape.knobs), columns=shape.columns, rows=shape.rows,
            seeds=len(sweep.results.plan.seeds), total=len(sweep.trials),
        )  # fmt: skip
        self.on_msg(lambda _view, content, _buffers: self.stop() if content.get("command") == "stop" else self.start())
        self._show()

    @property
    def results(self) -> Results:
        """What is finished so far: tables, the best recipe, the map as a figure."""
        return self._sweep.results

    def start(self) -> None:
        """Train what is still to do, in the background; nothing where that is going on already."""
        if self.running:
            return
        self.stopping, self.running, self._error = False, True, ""
        self._thread = threading.Thread(target=self._go, name="kdlab sweep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the trials in hand."""
        self.stopping = self.running

    def settled(self, timeout: float = 600.0) -> bool:
        """Wait until nothing is being trained; False if that takes longer.

        Args:
            timeout: seconds.
        """
        if self._thread is not None:
            self._thread.join(timeout)
        return not self.running

    def _go(self) -> None:
        began, before, pushed = time.perf_counter(), len(self.results), 0.0
        try:
            with closing(iter(self._sweep)) as finished:
                for _ in finished:
                    now = time.perf_counter()
                    if now - pushed >= SECONDS_BETWEEN_PUSHES:
                        each = (now - began) / (len(self.results) - before)
                        self._show(each * (self.total - len(self.results)))
                        pushed = now
                    if self.stopping:
                        self._sweep.write()  # now, while nobody else may
                        break
        except Exception as error:  # a thread must not die in silence, nor print
            self._error = f"{type(error).__name__}: {error}"
        finally:
            self._show()
            self.running = self.stopping = False

    def _show(self, left: float | None = None) -> None:
        found = table(self.results, *self._axes)
        said = [report.best(self.results), self._error]
        with self.hold_sync():
            self.cells, self.done, self.left = _cells(found), len(self.results), left
            self.said = " ".join(part for part in said if part)

    def picture(self) -> bytes:
        """The map as it is now."""
        return png(self.results.plot(*self._axes)) if self.results.plan.knobs else b""

    def sentence(self) -> str:
        """How many trials are finished, and the best recipe so far."""
        return f"{self.done} of {self.total} trials are finished. {self.said}".strip()


def _cells(found: Table) -> list[dict[str, Any] | None]:
    """Rows of results as a page needs them: shares, and words where numbers are missing."""
    keys = ("validation", "validation_sd", "test", "seeds", "failed")
    return [None if row is None else {key: row[key] for key in keys} for row in found.cells]
