"""Figure of notebook 18: a picture under review, and how many wrong labels an order brings to light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import label as named

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["review"]


def review(
    image: NDArray[np.number],
    classes: Sequence[str],
    said: NDArray[np.floating],
    given: int,
    curves: Mapping[str, Sequence[int]],
    *,
    width: float = 7.8,
    height: float = 3.0,
) -> Figure:
    """A picture, what the teacher says of it, and the wrong labels that each order finds.

    Args:
        image: (height, width).
        classes: names.
        said: the teacher's probabilities, (classes,).
        given: the class that the picture is labelled with.
        curves: order -> wrong labels found after 0, 1, 2, … labels looked at.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    left, middle, right = figure.subplots(1, 3, width_ratios=[0.7, 1, 1.35])
    left.imshow(image, cmap="gray_r", interpolation="nearest")
    left.set(xticks=[], yticks=[])
    left.set_title(f"labelled {classes[given]}", fontsize=8.5, color=style.TEXT_COLOURS["labels"], weight="bold")
    middle.barh(range(len(classes)), 100 * said, 0.7, color=style.COLOURS["teacher"])
    middle.set_yticks(range(len(classes)), classes, fontsize=7.5)
    middle.get_yticklabels()[given].set(color=style.TEXT_COLOURS["labels"], weight="bold")
    middle.invert_yaxis()
    middle.set_xlim(0, 100)
    named(middle, "What the teacher says", "probability (%)", "")
    middle.tick_params(axis="y", labelsize=7.5)
    for (name, found), dash in zip(curves.items(), ((0, (5, 2)), (0, (1, 1.5)), "-"), strict=False):
        right.plot(found, color=style.TEXT_COLOURS["hard"], linestyle=dash, linewidth=1.8, label=name)
    right.legend(fontsize=8, frameon=False, loc="upper left")
    right.set(xlim=(0, None), ylim=(0, None))
    named(right, "Wrong labels found", "labels looked at", "wrong labels found")
    return figure
