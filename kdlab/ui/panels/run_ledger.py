"""The ledger of a run: for each term of its loss what it is worth, how hard it pulls at the student, and where to."""

from __future__ import annotations

import math
from collections.abc import Mapping

import traitlets

from kdlab.charts import line
from kdlab.ledger import Entry

from ... import plots
from ..view import View

__all__ = ["RunLedger"]


class RunLedger(View, source=("scales.js", "charts.js", "run_ledger.js")):
    """A table of the terms that pull at the student, and how their shares went while somebody looked.

    A row is ``{"name", "role", "value", "weight", "norm", "share", "cosine"}``, as in :class:`kdlab.ledger.Entry`; a
    cosine that does not exist is None.
    """

    name = traitlets.Unicode("Loss ledger").tag(sync=True)
    rows = traitlets.List(traitlets.Dict()).tag(sync=True)
    charts = traitlets.List(traitlets.Dict()).tag(sync=True)
    step = traitlets.Int(0, help="optimiser steps done").tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)

    def __init__(self, **traits: object):
        super().__init__(**traits)
        self._history: dict[str, list[tuple[int, float, float | None]]] = {}

    def show(self, entries: Mapping[str, Entry], step: int, note: str = "") -> None:
        """Show these, and put them behind those of earlier steps of the same run.

        Args:
            entries: term -> entry; empty: there is nothing to weigh.
            step: optimiser steps done; fewer than last time: another run.
            note: a line beneath.
        """
        if not entries or step < self.step:
            self._history = {}
        rows = [{"name": n, "role": _role(n), **e._asdict(), "cosine": _finite(e.cosine)} for n, e in entries.items()]
        for row in rows:
            points = self._history.setdefault(row["name"], [])
            if not points or points[-1][0] < step:
                points.append((step, row["share"], row["cosine"]))
        with self.hold_sync(), self.hold_trait_notifications():
            self.rows, self.step, self.note, self.charts = rows, step, note, self._charts()

    def _charts(self) -> list[dict]:
        shares, cosines = [], []
        for k, (name, points) in enumerate(self._history.items()):
            role = _role(name) if name == "labels" or k < 2 else "other"
            dash = "dash" if _role(name) == "labels" else ""
            steps = [x for x, *_ in points]
            shares.append(line(name, role, steps, [100 * share for _, share, _ in points], dash))
            directed = [(x, cosine) for x, _, cosine in points if cosine is not None]
            if name != "labels" and directed:
                cosines.append(line(name, role, *zip(*directed, strict=True), dash))
        return (
            [
                {"name": "share", "title": "Share of the pull", "unit": "%", "series": shares},
                {"name": "cosine", "title": "Cosine with the labels' gradient", "unit": "", "series": cosines},
            ]
            if shares
            else []
        )

    def picture(self) -> bytes:
        """Shares and cosines over the steps, as PNG."""
        return plots.png(plots.curves(self.charts, height=3.2))

    def sentence(self) -> str:
        """Each term's share of the pull, and its direction."""
        if not self.rows:
            return "No ledger yet."
        said = []
        for row in self.rows:
            way = "" if row["name"] == "labels" or row["cosine"] is None else f" (cosine {row['cosine']:.2f})"
            said.append(f"{row['name']} {100 * row['share']:.0f} %{way}")
        return f"After {self.step:,} steps, shares of the pull on the student: {', '.join(said)}."


def _role(name: str) -> str:
    return "labels" if name.rpartition("/")[2] == "labels" else "teacher"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
