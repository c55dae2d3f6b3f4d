"""Accuracy of a network's exits against what an answer there costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import style
from .basics import label, remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["exits"]


def exits(
    names: Sequence[str],
    macs: Sequence[float],
    accuracies: Sequence[float],
    leaving: Sequence[tuple[float, float]],
    now: tuple[float, float],
    *,
    width: float = 7.8,
    height: float = 3.0,
) -> Figure:
    """Every exit, and the line of those who leave at the first exit that is sure enough.

    Args:
        names: of the exits, the shallowest first.
        macs: multiply-adds of one answer at each exit.
        accuracies: of each exit, in [0, 1].
        leaving: (mean multiply-adds, accuracy) for thresholds from low to high.
        now: the same for the threshold that is set.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    way = np.asarray(leaving, float)
    axes.plot(way[:, 0] / 1000, 100 * way[:, 1], color=style.COLOURS["student"], linewidth=2, label="leave when sure")
    x, y = np.asarray(macs, float) / 1000, 100 * np.asarray(accuracies, float)
    axes.plot(x, y, "s", color=style.COLOURS["teacher"], markersize=8, label="all leave at one exit")
    for name, at, high in zip(names, x, y, strict=True):
        remark(axes, f"{name} {high:.0f} %", (at, high), (0, -14), ha="center")
    axes.plot([now[0] / 1000], [100 * now[1]], "o", color=style.COLOURS["student"], markersize=9, label="as set")
    axes.margins(x=0.09, y=0.2)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    label(axes, "Leave early, or stay", "multiply–adds of one answer (thousands), mean", "accuracy (%)")
    return figure
