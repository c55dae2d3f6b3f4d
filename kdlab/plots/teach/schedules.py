"""Figures of notebook 06: a schedule, and what becomes of a student when its teacher leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import label, remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["leaving", "schedule"]

LOOKS = {"alpha": ("alpha", (0, 1), "o"), "temperature": ("temperature T", (0, 10), "s")}


def schedule(
    points: Mapping[str, Sequence[tuple[float, float]]],
    steps: int,
    step: int,
    *,
    width: float = 7.8,
    height: float = 2.4,
) -> Figure:
    """Alpha and T over the run, with their points.

    Args:
        points: knob -> [share of the run, value] pairs, for ``"alpha"`` and ``"temperature"``.
        steps: optimiser steps of the run.
        step: the one that is marked, from 1 to ``steps``.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    shares = np.linspace(0, 1, 201)
    here = (step - 1) / (steps - 1)
    for axes, (knob, (name, (low, high), marker)) in zip(figure.subplots(1, 2), LOOKS.items(), strict=True):
        line, colour = points[knob], style.COLOURS["teacher"]
        x, y = np.array(line, float).T  # straight between points, level before the first and after the last
        axes.plot(100 * shares, np.interp(shares, x, y), color=colour, linewidth=2)
        axes.plot([100 * s for s, _ in line], [v for _, v in line], marker, color=colour, markersize=7)
        axes.axvline(100 * here, color=style.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.plot([100 * here], [np.interp(here, x, y)], "D", color=style.COLOURS["student"], markersize=5)
        high = max(high, *(v for _, v in line))
        axes.set(xlim=(-2, 102), ylim=(low - 0.05 * (high - low), high + 0.05 * (high - low)))
        label(axes, name, f"share of the run (%), {steps} steps", name)
    return figure


def leaving(
    epochs: Sequence[int],
    lines: Mapping[str, tuple[str, NDArray[np.floating], NDArray[np.floating]]],
    left: int,
    kept: Mapping[str, tuple[float, float]],
    *,
    width: float = 7.8,
    height: float = 2.9,
) -> Figure:
    """Agreement with the teacher and accuracy after the first quarter, and the moment at which the teacher leaves.

    Args:
        epochs: at which the students were measured.
        lines: name -> (role, agreement at each epoch, accuracy at each epoch), shares.
        left: the last epoch with the teacher.
        kept: name of a line -> (agreement, accuracy) of the weights that early stopping puts back, shares.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    epochs, after = np.asarray(epochs), len(epochs) // 4  # the steep start would leave no room for the rest
    titles = ("Agreement with the teacher", "Accuracy")
    for place, (axes, title) in enumerate(zip(figure.subplots(1, 2), titles, strict=True)):
        for k, (name, (role, *both)) in enumerate(lines.items()):
            look = {"color": style.COLOURS[role], "linewidth": 2, "linestyle": (0, (4, 2)) if k else "-"}
            axes.plot(epochs[after:], 100 * both[place][after:], label=name, **look)
            if name in kept:
                axes.plot(
                    [epochs[-1]], [100 * kept[name][place]], "D", color=look["color"], markersize=7, label="put back"
                )
        axes.axvline(left, color=style.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
        remark(axes, "teacher leaves", (left, axes.get_ylim()[0]), (-4, 4), ha="right")
        label(axes, title, "epochs", f"{title.split()[0].lower()}, validation (%)")
    figure.legend(*axes.get_legend_handles_labels(), fontsize=8, frameon=False, loc="outside lower center", ncols=3)
    return figure
