"""Curves: loss terms, yardsticks that no knob moves, baselines, and marks where a knob was turned."""

from __future__ import annotations

from typing import Any

import traitlets

from ... import plots
from ..view import View

__all__ = ["Curves"]


def _said(value: float, unit: str) -> str:
    return f"{plots.reading(value, unit)}{f' {unit}' if unit else ''}"


class Curves(View, source=("scales.js", "charts.js", "curves.js")):
    """Small multiples of line charts; :func:`kdlab.plots.curves` describes a chart's dict."""

    name = traitlets.Unicode("Curves").tag(sync=True)
    charts = traitlets.List(traitlets.Dict()).tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)

    def picture(self) -> bytes:
        """The charts as PNG."""
        return plots.png(plots.curves(self.charts))

    def sentence(self) -> str:
        """The last value of each line of the leading chart."""
        chart = plots.leading(self.charts)
        series = [s for s in chart["series"] if len(s["x"])] if chart else []
        if not series:
            return "No curves yet."
        unit = chart.get("unit", "")
        lines: list[dict[str, Any]] = chart.get("lines") or []
        values = [(s["name"], s["y"][-1]) for s in series] + [(line["name"], line["y"]) for line in lines]
        (first, value), *rest = values
        steps = max(s["x"][-1] for s in series)
        title = chart["title"][:1].lower() + chart["title"][1:]
        others = "".join(f", {name} {_said(y, unit)}" for name, y in rest)
        return f"After {steps:,.0f} steps: {first} {_said(value, unit)} {title}{others}."
