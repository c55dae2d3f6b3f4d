"""Figure of notebook 16: a soft target, what is told of it, and bits over the number of classes that are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import label as named
from .basics import remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["handover"]


def handover(
    classes: Sequence[str],
    full: NDArray[np.floating],
    told: NDArray[np.floating],
    label: int,
    image: NDArray[np.number],
    curve: NDArray[np.floating],
    keep: int,
    bits: float,
    *,
    width: float = 7.8,
    height: float = 3.1,
) -> Figure:
    """Bars of one picture, filled what is told and hollow the full target; beside them the mean bits.

    Args:
        classes: names.
        full: probabilities of the full target, (classes,).
        told: probabilities that are handed over, (classes,).
        label: the picture's class.
        image: (height, width).
        curve: mean bits when 1, 2, … classes are told, (classes,).
        keep: how many are told now.
        bits: mean bits of the full targets.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    left, middle, right = figure.subplots(1, 3, width_ratios=[0.55, 1.25, 1.2])
    left.imshow(image, cmap="gray_r", interpolation="nearest")
    left.set(xticks=[], yticks=[])
    left.set_title(f"label: {classes[label]}", fontsize=8.5, color=style.TEXT_COLOURS["labels"], weight="bold")
    rows = np.arange(len(classes))
    blue = style.COLOURS["teacher"]
    look = {"facecolor": "none", "edgecolor": style.COLOURS["student"], "linewidth": 0}
    middle.barh(rows, 100 * np.maximum(full - told, 0), 0.7, left=100 * told, hatch="/////", label="lost", **look)
    middle.barh(rows, 100 * told, 0.7, color=blue, label="told")
    middle.barh(rows, 100 * full, 0.7, facecolor="none", edgecolor="black", linewidth=1, label="full")
    middle.set_yticks(rows, classes, fontsize=7.5)
    middle.get_yticklabels()[label].set(color=style.TEXT_COLOURS["labels"], weight="bold")
    middle.invert_yaxis()
    middle.set_xlim(0, 100)
    middle.legend(fontsize=7.5, frameon=False, loc="lower right")
    named(middle, "One soft target", "probability (%)", "")
    middle.tick_params(axis="y", labelsize=7.5)
    told_of = np.arange(1, len(curve) + 1)
    right.axhline(bits, color="black", linewidth=1, linestyle=(0, (4, 2)))
    remark(right, "full", (len(curve), bits), (-18, 3), color="black")
    right.plot(told_of, curve, "-o", color=blue, linewidth=2, markersize=3.5)
    right.plot([keep], [curve[keep - 1]], "o", color=blue, markersize=9)
    right.set_xticks(told_of)
    right.set_ylim(0, np.log2(len(classes)) * 1.02)
    named(right, "Doubt that is told", "classes that are told", "bits per target (mean)")
    return figure
