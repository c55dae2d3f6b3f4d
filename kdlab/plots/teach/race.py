"""Figures of the lesson on a student's first weights: a race at one step, and who is ahead over several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import style
from .basics import DASHES, MARKERS, label, remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

__all__ = ["ahead", "race"]


def race(
    steps: Sequence[int],
    runners: Sequence[Mapping[str, Any]],
    place: int,
    *,
    width: float = 7.8,
    height: float = 3.2,
) -> Figure:
    """Who is where at one step, and the way there.

    Args:
        steps: optimiser steps, ascending.
        runners: each with ``name``, ``look`` and ``accuracy`` at each step, in [0, 1].
        place: of the step that is shown, among the steps.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    lanes, curves = figure.subplots(1, 2, width_ratios=[1, 1.3])
    x = np.asarray(steps[: place + 1], dtype=float) + 5
    for k, runner in enumerate(runners):
        colour = style.COLOURS.get(runner["look"], style.OTHERS[0])
        y = 100 * np.asarray(runner["accuracy"])
        lanes.barh([k], [y[place]], 0.6, color=colour)
        remark(lanes, f"{y[place]:.0f} %", (y[place], k), (3, -3), color=style.text_colour(colour), weight="bold")
        curves.plot(x, y[: place + 1], color=colour, linestyle=DASHES[k], marker=MARKERS[k], markersize=4)
    lanes.set_yticks(range(len(runners)), [r["name"] for r in runners], fontsize=8)
    lanes.set_ylim(len(runners) - 0.4, -0.6)
    lanes.set_xlim(0, 108)
    label(lanes, f"At step {steps[place]}", "accuracy (%)", "")
    curves.set_xscale("log")
    curves.set_xlim(steps[0] + 4.8, steps[-1] + 30)
    ticks = [t for t in (0, 10, 50, 100, 500) if steps[0] <= t <= steps[-1]]
    curves.set_xticks([t + 5 for t in ticks], [str(t) for t in ticks])
    curves.set_xticks([], minor=True)
    curves.set_ylim(0, 100)
    label(curves, "The way there", "optimiser steps (log scale)", "accuracy (%)")
    return figure


def ahead(
    panels: Mapping[str, Mapping[str, ArrayLike]], against: str, *, width: float = 7.8, height: float = 2.6
) -> Figure:
    """Differences of each seed, as points, with their mean, on one scale for all panels.

    Args:
        panels: title -> arm -> differences in percentage points, one for each seed.
        against: the arm they are compared with, which stands at 0.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    names = list(dict.fromkeys(name for rows in panels.values() for name in rows))
    figure = style.figure(width, height)
    row = np.atleast_1d(figure.subplots(1, len(panels), sharex=True, sharey=True))
    for axes, (title, rows) in zip(row, panels.items(), strict=True):
        axes.axvline(0, color=style.MUTED, linewidth=1)
        for k, name in enumerate(names):
            if name not in rows:
                continue
            values = np.asarray(rows[name], dtype=float)
            axes.plot(values, np.full(len(values), k), "o", color=style.COLOURS["student"], markersize=5, alpha=0.6)
            axes.plot([values.mean()] * 2, [k - 0.28, k + 0.28], color="black", linewidth=2)
        label(axes, title, f"test accuracy less “{against}” (points)", "")
    row[0].set_yticks(range(len(names)), names, fontsize=8.5)
    row[0].set_ylim(len(names) - 0.4, -0.6)
    return figure
