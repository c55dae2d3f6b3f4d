"""Runs: a table of what was trained, and the chosen ones' curves over each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from ... import plots
from ..view import View

__all__ = ["Runs"]


class Runs(View, source=("scales.js", "charts.js", "runs.js")):
    """A table of runs, and an overlay of those that are shown.

    A row is ``{"id", "name", "type", "method", "scheme", "temperature", "alpha", "student", "accuracy", "agreement",
    "steps", "seeds", "when", "shown", "toml", "code"}``: accuracy and agreement are shares (None: not known); toml and
    code are what the two copy buttons copy. ``chart`` is one chart as in :class:`~kdlab.ui.panels.curves.Curves`.
    """

    name = traitlets.Unicode("Runs").tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    chart = traitlets.Dict().tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)

    def on_command(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back with ``{"command", "id"}`` of ``open``, ``teach`` or ``show``, which has ``shown`` too."""
        known = ("show", "open", "teach")
        self.on_msg(lambda _, content, __: callback(content) if content.get("command") in known else None)

    def picture(self) -> bytes:
        """The overlay of the shown runs as PNG."""
        return plots.png(plots.curves([self.chart] if self.chart else [], height=3.2))

    def sentence(self) -> str:
        """How many runs there are, and the best of them by accuracy."""
        if not self.rows:
            return "No runs yet."
        count = f"{len(self.rows)} run{'s' if len(self.rows) > 1 else ''}"
        known = [row for row in self.rows if row.get("accuracy") is not None]
        if not known:
            return f"{count}."
        best = max(known, key=lambda row: row["accuracy"])
        agreement = (
            f", agreement {plots.reading(100 * best['agreement'], '%')} %" if best.get("agreement") is not None else ""
        )
        accuracy = f"accuracy {plots.reading(100 * best['accuracy'], '%')} %"
        return f"{count}; the best, {best['name']}: {accuracy}{agreement} after {best['steps']:,} steps."
