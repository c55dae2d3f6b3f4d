"""The charts of a run to zoom and hover in: the figure of ``run.explore()``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import style
from .curves import DASHES, Chart, _lines

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["explore"]

DASH = dict(zip(DASHES.values(), ("solid", "dash", "dot"), strict=True))
SYMBOL = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "": "circle"}
HEIGHT = 270  # pixels of one row


def explore(charts: Sequence[Chart]) -> Figure:
    """All charts of a run, two beside each other; zooming into steps zooms all, the legend hides a line everywhere.

    Args:
        charts: as :func:`kdlab.plots.curves` takes them; x in optimiser steps.

    Returns:
        A plotly figure with plain lists of rounded values, so that a notebook with it stays small.

    Raises:
        ValueError: there are no charts.
    """
    from plotly.subplots import make_subplots

    if not charts:
        raise ValueError("charts must not be empty: there is nothing to explore yet")
    across = min(2, len(charts))
    rows = -(-len(charts) // across)
    titles = [chart["title"] for chart in charts]
    figure = make_subplots(rows, across, subplot_titles=titles, shared_xaxes="all", vertical_spacing=0.3 / rows)
    named: set[str] = set()
    for k, chart in enumerate(charts):
        place = {"row": k // across + 1, "col": k % across + 1}
        unit = chart.get("unit", "")
        for line in _lines(chart):
            for trace in _traces(line, unit, legend=line[0] not in named):
                figure.add_trace(trace, **place)
            named.add(line[0])
        for mark in chart.get("marks") or []:
            look = {"line": {"color": style.MUTED, "dash": "dash", "width": 1}}
            text = {"annotation_text": mark["text"], "annotation_font_size": 10}
            figure.add_vline(mark["x"], **look, **text, **place)
        log = {"type": "log", "dtick": 1} if chart.get("log") else {}
        title = unit + (", log scale" if log else "")
        figure.update_xaxes(title="optimiser steps", showticklabels=True, title_standoff=4, **place)
        figure.update_yaxes(title=title, gridcolor="#dfe4e9", title_standoff=4, **log, **place)
    figure.update_layout(
        template="none", height=HEIGHT * rows + 60, hovermode="x unified", font_size=11,
        margin={"l": 60, "r": 20, "t": 40, "b": 50}, legend={"orientation": "h", "y": -0.14},
    )  # fmt: skip
    figure.update_annotations(font_size=12)
    return figure


def _traces(line: tuple[Any, ...], unit: str, *, legend: bool) -> list[dict[str, Any]]:
    """A line as plotly draws it, below it the range of its seeds."""
    name, colour, x, y, (dash, marker), band = line
    steps = [int(v) if float(v).is_integer() else float(v) for v in x]
    common = {"type": "scatter", "x": steps, "legendgroup": name, "name": name}
    made = []
    if band is not None:
        low, high = ({"y": _rounded(b), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"} for b in band)
        fill = {"fill": "tonexty", "fillcolor": f"rgba{(*_rgb(colour), 0.15)}"}
        made += [common | low | {"showlegend": False}, common | high | fill | {"showlegend": False}]
    look = {"line": {"color": colour, "dash": DASH[dash], "width": 2}}
    if len(x) <= 80:  # with more points a line would be hidden by its markers
        look |= {"mode": "lines+markers", "marker": {"color": colour, "symbol": SYMBOL[marker], "size": 4}}
    else:
        look |= {"mode": "lines"}
    template = "%{y}" + (f" {unit}" if unit != "value" else "")
    return [*made, common | look | {"y": _rounded(y), "hovertemplate": template, "showlegend": legend}]


def _rounded(values: Any) -> list[float]:
    return [float(f"{v:.4g}") for v in values]


def _rgb(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
