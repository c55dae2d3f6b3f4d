"""Line charts of a training: the still beside the live curves, and the figure of ``run.plot()``.

A chart is a plain dict, the same that the live view draws:
``{"name", "title", "unit", "log", "series": [{"name", "role", "dash", "x", "y", "low", "high"}],
"lines": [{"name", "role", "y"}], "marks": [{"x", "text"}]}``; what a chart has none of may be left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves", "leading", "reading"]

Chart = Mapping[str, Any]
DASHES = {"": "-", "dash": (0, (5, 2.5)), "dot": (0, (1, 1.8))}
MARKERS = {"student": "o", "teacher": "s", "labels": "^", "hard": "D"}
OTHER_MARKERS = tuple(MARKERS.values())


def leading(charts: Sequence[Chart]) -> Chart | None:
    """The chart that is drawn large: the first about accuracy, else the first; None where there is none."""
    return next((c for c in charts if "accuracy" in c["title"].lower()), charts[0] if charts else None)


def reading(value: float, unit: str) -> str:
    """A value as the live curves print it: one decimal for percent, a half upwards as browsers do, else 3 digits."""
    if unit == "%":
        return str(Decimal(value).quantize(Decimal("0.1"), ROUND_HALF_UP)) if math.isfinite(value) else "–"
    return f"{value:#.3g}".rstrip(".")


def curves(charts: Sequence[Chart], *, width: float = 7.8, height: float = 4.7) -> Figure:
    """Small multiples: the leading chart large, the others in rows of three below it.

    Args:
        charts: see the module's docstring; x in optimiser steps. ``low`` and ``high`` of a series make a band,
            ``lines`` are horizontals (a teacher's accuracy), ``marks`` dashed verticals (a knob that was turned).
        width, height: size of the figure in inches.

    Returns:
        A figure of its own, in no pyplot state. Without charts it says that there is nothing yet.
    """
    figure = style.figure(width, height)
    first = leading(charts)
    if first is None:
        return style.empty(figure, "no curves yet")
    figure.set_layout_engine("none")  # places are reckoned here: the names at the lines' ends need them before drawing
    rest = [c for c in charts if c is not first]
    rows = -(-len(rest) // 3)
    large = height if not rows else height * (0.52 if rows == 1 else 0.42)
    _draw(figure, first, (0, height - large, width, large), names=None)
    named = {s["name"] for s in first["series"]}
    across = min(3, len(rest)) or 1
    for k, chart in enumerate(rest):
        small = (height - large) / rows
        box = (k % across * width / across, height - large - (k // across + 1) * small, width / across, small)
        _draw(figure, chart, box, names=named)
    return figure


def _draw(figure: Figure, chart: Chart, box: tuple[float, float, float, float], names: set[str] | None) -> None:
    """Draw a chart into ``box`` (left, bottom, width, height in inches).

    ``names``: lines that the large chart has named, and whose ends show the value alone; None for the large chart.
    """
    large = names is None
    size = 8.5 if large else 7.5
    unit = chart.get("unit", "")
    lines = _lines(chart)
    texts = [("" if names and n in names else f"{n} ") + reading(float(y[-1]), unit) for n, _, _, y, _, _ in lines]
    margin = 0.18 + max((len(t) for t in texts), default=0) * size * 0.66 / 72
    left, bottom, width, height = box
    total_width, total_height = figure.get_size_inches()
    inner = (left + 0.42, bottom + 0.3, max(0.6, width - 0.5 - margin), height - 0.56)
    axes = figure.add_axes(
        (inner[0] / total_width, inner[1] / total_height, inner[2] / total_width, inner[3] / total_height)
    )
    title = chart["title"] + (f", {unit}" if unit else "") + (", log scale" if chart.get("log") else "")
    axes.set_title(title, loc="left", x=-0.34 / inner[2], fontsize=size + 0.5, weight="bold")
    if chart.get("log"):
        axes.set_yscale("log")
    for name, colour, x, y, look, band in lines:
        axes.plot(x, y, color=colour, linestyle=look[0], linewidth=1.7 if large else 1.3, label=name)
        axes.plot(x[-1:], y[-1:], color=colour, marker=look[1], markersize=4)
        if band is not None:
            axes.fill_between(x, *band, color=colour, alpha=0.15, linewidth=0)
    for k, mark in enumerate(chart.get("marks") or []):
        axes.axvline(mark["x"], color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 3)))
        if large:
            where = (mark["x"], 0.03 + 0.09 * (k % 4))
            axes.annotate(mark["text"], where, xycoords=("data", "axes fraction"), xytext=(3, 0),
                          textcoords="offset points", fontsize=7, color=style.MUTED)  # fmt: skip
    axes.margins(x=0)
    _range(axes, chart)
    axes.tick_params(labelsize=size - 1, length=2)
    axes.grid(axis="y", linewidth=0.5, color="#dfe4e9")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.text(1, -0.08, "steps", transform=axes.transAxes, ha="left", va="top", fontsize=size - 1, color=style.MUTED)
    ends = [(float(y[-1]), text, colour) for text, (_, colour, _, y, _, _) in zip(texts, lines, strict=True)]
    _label_ends(axes, ends, size, 1.3 * size / 72 / inner[3])


def _lines(chart: Chart) -> list[tuple[str, str, NDArray, NDArray, tuple[Any, str], tuple[NDArray, NDArray] | None]]:
    """Each line with its name, colour, x, y, (dash, marker) and band; horizontals too."""
    found, others = [], 0
    for series in chart["series"]:
        role, known = series.get("role"), series.get("role") in MARKERS
        k = others % len(OTHER_MARKERS)
        colour = style.COLOURS[role] if known else style.OTHERS[others % len(style.OTHERS)]
        cycle = (others + others // len(style.OTHERS)) % 3  # differs also when the colours begin again
        dash = series.get("dash") or ("" if known else ("", "dash", "dot")[cycle])
        others += not known
        if len(series["x"]):
            band = (series.get("low"), series.get("high"))
            band = (
                None if band[0] is None or band[1] is None else (np.asarray(band[0], float), np.asarray(band[1], float))
            )
            look = (DASHES[dash], MARKERS[role] if known else OTHER_MARKERS[k])
            found.append(
                (series["name"], colour, np.asarray(series["x"], float), np.asarray(series["y"], float), look, band)
            )
    xs = np.concatenate([f[2] for f in found]) if found else np.array([0.0, 1.0])
    for line in chart.get("lines") or []:
        colour = style.COLOURS.get(line.get("role"), style.MUTED)
        ends = np.array([xs.min(), xs.max()])
        found.append((line["name"], colour, ends, np.full(2, float(line["y"])), ("-", ""), None))
    return found


def _range(axes: Axes, chart: Chart) -> None:
    """Leave a steep start out of a long chart, where that gives the rest half as much room again; ticks of a log."""
    low, high = axes.get_ylim()
    xs = np.unique([x for s in chart["series"] for x in s["x"]])
    if chart.get("log"):
        ticks = [
            m * 10.0**p
            for p in range(-9, 10)
            for m in ((1,) if high / low > 1e3 else (1, 3))
            if low <= m * 10.0**p <= high
        ]
        axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axes.set_yticks([], minor=True)
        return
    if len(xs) < 20:
        return
    start = xs[0] + 0.12 * (xs[-1] - xs[0])
    late = [
        np.asarray(s[key], float)[np.asarray(s["x"], float) >= start]
        for s in chart["series"] for key in ("y", "low", "high") if s.get(key) is not None
    ]  # fmt: skip
    values = np.concatenate([*late, [line["y"] for line in chart.get("lines") or []]])
    values = values[np.isfinite(values)]
    if len(values) and values.max() > values.min() and high - low > 1.5 * np.ptp(values):
        pad = 0.05 * np.ptp(values)
        axes.set_ylim(values.min() - pad, values.max() + pad)


def _label_ends(axes: Axes, ends: list[tuple[float, str, str]], size: float, gap: float) -> None:
    """Name each line at its end, ``gap`` (a share of the axes' height) apart, so that no two names overlap."""
    to_share = axes.transScale + axes.transLimits
    wanted = sorted(((to_share.transform((0, y))[1], text, colour) for y, text, colour in ends), key=lambda e: e[0])
    places: list[float] = []
    for share, *_ in wanted:
        places.append(max(min(share, 1.0), places[-1] + gap if places else 0.0))
    for i in reversed(range(len(places))):
        places[i] = min(places[i], 1.0 if i == len(places) - 1 else places[i + 1] - gap)
    for place, (_, text, colour) in zip(places, wanted, strict=True):
        axes.annotate(text, (1, place), xycoords="axes fraction", xytext=(6, 0), textcoords="offset points",
                      fontsize=size - 0.5, va="center", color=style.text_colour(colour), weight="bold",
                      annotation_clip=False)  # fmt: skip
