"""Figure of notebook 13: what several teachers say of one picture, and what they say together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import label as named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["council"]


def council(
    classes: Sequence[str],
    teachers: Sequence[str],
    weights: Sequence[float],
    said: NDArray[np.floating],
    together: NDArray[np.floating],
    label: int,
    image: NDArray[np.number],
    *,
    width: float = 7.8,
    height: float = 3.6,
) -> Figure:
    """Each teacher's probabilities as columns, the picture, and the bars of all together.

    Args:
        classes: names.
        teachers: names.
        weights: how much each counts; who counts nothing is grey.
        said: probabilities, (teachers, classes).
        together: probabilities, (classes,).
        label: the picture's class.
        image: (height, width).
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    left, right = figure.subfigures(1, 2, width_ratios=[1.25, 1])
    rows = left.subplots(len(teachers), 1, sharex=True)
    for axes, name, weight, p in zip(np.atleast_1d(rows), teachers, weights, said, strict=True):
        axes.bar(range(len(classes)), p, 0.7, color=style.COLOURS["teacher"] if weight > 0 else "#b8c0c8")
        axes.set(ylim=(0, 1), yticks=[])
        axes.set_ylabel(f"{name} × {weight:g}", rotation=0, ha="right", va="center", fontsize=8)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(labelsize=7)
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right", fontsize=7)
    axes.set_xlabel("probability of each class, 0 to 1, at T = 1", fontsize=8)
    left.suptitle("What each teacher says, times its weight", fontsize=9.5, weight="bold", x=0.02, ha="left")
    top, low = right.subfigures(2, 1, height_ratios=[1, 3])
    axes = top.subplots()
    axes.imshow(image, cmap="gray_r", interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"label: {classes[label]}", fontsize=8.5, color=style.TEXT_COLOURS["labels"], weight="bold")
    axes = low.subplots()
    axes.barh(range(len(classes)), 100 * together, 0.7, color=style.COLOURS["teacher"])
    axes.set_yticks(range(len(classes)), classes, fontsize=7.5)
    axes.get_yticklabels()[label].set(color=style.TEXT_COLOURS["labels"], weight="bold")
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    named(axes, "All together", "probability (%)", "")
    axes.tick_params(axis="y", labelsize=7.5)
    return figure
