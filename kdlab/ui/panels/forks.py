"""Forks: runs that went together up to a step and part there, drawn over one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import traitlets

from kdlab import charts
from kdlab.charts import Chart, Trace
from kdlab.events import Event

from ... import plots
from ..view import View

__all__ = ["Forks"]

ROLES = {"labels only": "labels", "hard answers": "hard", "soft targets": "teacher"}


class Forks(View, source=("scales.js", "charts.js", "forks.js")):
    """One run, and what becomes of it from a step on; the browser chooses the step and the branches.

    ``forks`` holds for each step ``{"step", "chart"}``, a chart as in :class:`~kdlab.ui.panels.curves.Curves` whose
    first line is the trunk; ``hidden`` holds the names of branches that are not drawn.

    Args:
        trunk: events of the run that all began as.
        branches: step -> name -> events from there on.
        trunk_name: what the trunk is called.
        place: which fork is shown first.
    """

    name = traitlets.Unicode("Forks of a run").tag(sync=True)
    forks = traitlets.List(traitlets.Dict()).tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)
    hidden = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self,
        trunk: Iterable[Event],
        branches: Mapping[int, Mapping[str, Iterable[Event]]],
        *,
        trunk_name: str = "labels only",
        place: int = 0,
    ):
        went = Trace(trunk)
        made = [{"step": step, "chart": _chart(trunk_name, went, step, them)} for step, them in branches.items()]
        if not 0 <= place < len(made):
            raise ValueError(f"place must be one of the {len(made)} forks, got {place}")
        super().__init__(forks=made, place=place)

    def chart(self) -> Chart:
        """The chart of the fork that is shown, without the branches that are hidden."""
        whole = self.forks[self.place]["chart"]
        return {**whole, "series": [s for s in whole["series"] if s["name"] not in self.hidden]}

    def picture(self) -> bytes:
        """The chart as PNG."""
        return plots.png(plots.curves([self.chart()], height=3.2))

    def sentence(self) -> str:
        """Where the runs part, and how they end."""
        ends = [f"{s['name']} {plots.reading(s['y'][-1], '%')} %" for s in self.chart()["series"]]
        step = self.forks[self.place]["step"]
        return f"The runs part after step {step}. Validation accuracy at the end: {', '.join(ends)}."


def _chart(trunk_name: str, trunk: Trace, step: int, branches: Mapping[str, Iterable[Event]]) -> Chart:
    x, y = trunk.measured("accuracy")
    if step not in (0, *x):
        raise ValueError(f"steps must be such that the trunk was measured at ({', '.join(map(str, x))}), got {step}")
    series: list[dict[str, Any]] = [_line(trunk_name, x, y, "dash")]
    start = [(step, y[x.index(step)])] if step else []
    for name, events in branches.items():
        later = [(a, b) for a, b in zip(*Trace(events).measured("accuracy"), strict=True) if a > step]
        series.append(_line(name, *zip(*start, *later, strict=True)))
    marks = [{"x": step, "text": "the runs part"}] if step else []
    title = "Validation accuracy"
    return {"name": f"fork at {step}", "title": title, "unit": "%", "series": series, "marks": marks}


def _line(name: str, x: Iterable[int], y: Iterable[float], dash: str = "") -> dict[str, Any]:
    return charts.line(name, ROLES.get(name, "other"), list(x), [100 * v for v in y], dash)
