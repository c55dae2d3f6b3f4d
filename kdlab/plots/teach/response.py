"""Figures of the lesson on response-based distillation: what each class gains, and a class that was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import MARKERS, label, remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["class_gains", "left_out"]


def class_gains(
    classes: Sequence[str],
    gains: Mapping[str, NDArray[np.floating]],
    *,
    roles: Mapping[str, str],
    width: float = 7.8,
    height: float = 3.6,
) -> Figure:
    """What each class's recall gains over labels alone: every seed a small mark, the mean a large one.

    Args:
        classes: their names, from top to bottom.
        gains: arm -> recall less that of the same seed with labels alone, shares, (seeds, classes).
        roles: arm -> "teacher", "student", "labels" or "hard", for its colour.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    axes.axvline(0, color=style.COLOURS["labels"], linewidth=1.5)
    for k, (arm, values) in enumerate(gains.items()):
        colour, shift = style.COLOURS[roles[arm]], 0.34 * (k / max(1, len(gains) - 1) - 0.5)
        for c in range(len(classes)):
            seeds = 100 * np.asarray(values)[:, c]
            axes.plot([seeds.min(), seeds.max()], [c + shift] * 2, color=colour, linewidth=1, alpha=0.6)
            axes.plot(seeds, [c + shift] * len(seeds), "|", color=colour, markersize=5, alpha=0.8)
            named = arm if c == 0 else None
            axes.plot([seeds.mean()], [c + shift], MARKERS[k], color=colour, markersize=6, label=named)
    axes.set_yticks(range(len(classes)), classes, fontsize=8.5)
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.legend(fontsize=8, frameon=False, loc="best")
    label(axes, "Recall of each class, less “labels only”", "difference (percentage points); marks: each seed", "")
    return figure


def left_out(
    rows: Sequence[tuple[str, str, NDArray[np.floating], NDArray[np.floating]]],
    *,
    name: str,
    width: float = 7.8,
    height: float = 2.7,
) -> Figure:
    """How much of a class that was never shown is recognised, as trained and after its bias is corrected.

    Args:
        rows: (arm, role, recall as trained, recall after the correction); recalls are shares, (seeds,).
        name: of the class.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    for k, (_, role, before, after) in enumerate(rows):
        colour = style.COLOURS.get(role, style.MUTED)
        low, high = 100 * np.mean(before), 100 * np.mean(after)
        axes.plot([low, high], [k, k], color=colour, linewidth=2, alpha=0.5, zorder=0)
        axes.plot(100 * np.asarray(before), [k] * len(before), "o", color=colour, markersize=6, fillstyle="none")
        axes.plot(100 * np.asarray(after), [k] * len(after), "o", color=colour, markersize=6)
        remark(
            axes,
            f"{high:.0f} %",
            (100 * max(np.max(before), np.max(after)), k),
            (8, -3),
            color=style.text_colour(colour),
            fontsize=8.5,
        )
    axes.plot([], [], "o", color=style.MUTED, fillstyle="none", label="as trained")
    axes.plot([], [], "o", color=style.MUTED, label="after its bias is corrected")
    axes.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-3, 106)
    axes.legend(fontsize=8, frameon=False, loc="upper right")
    label(axes, f"Test pictures of the class {name} that are recognised", "recall (%), each mark a seed", "")
    return figure
