"""Figure of notebook 12: student and discriminator on a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import label as named
from .basics import remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["duel"]


def duel(
    teacher: NDArray[np.floating],
    student: NDArray[np.floating],
    slope: float,
    bias: float,
    gradient: float,
    *,
    width: float = 7.0,
    height: float = 2.8,
) -> Figure:
    """What both say, and the probability that the discriminator gives to the teacher at each place.

    Args:
        teacher, student: the numbers that they say.
        slope, bias: of the discriminator's score.
        gradient: that reaches the student's mean, drawn as an arrow.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    x = np.linspace(-4, 5, 181)
    axes.plot(x, 100 / (1 + np.exp(-np.clip(slope * x + bias, -60, 60))), "--", color=style.MUTED, linewidth=1.8)
    for k, (who, numbers, marker) in enumerate((("teacher", teacher, "o"), ("student", student, "^"))):
        at = -14 - 20 * k - 3 * (np.arange(len(numbers)) % 4)
        axes.plot(numbers, at, marker, color=style.COLOURS[who], markersize=3.5, alpha=0.75)
        remark(axes, who, (-4, -16 - 20 * k), (0, -3), color=style.TEXT_COLOURS[who], fontsize=8.5, weight="bold")
    if abs(gradient) > 0.005:
        start, end = float(student.mean()), float(student.mean()) + 20 * gradient
        look = {"arrowstyle": "-|>", "color": style.COLOURS["student"], "linewidth": 2}
        axes.annotate("", (end, -54), (start, -54), arrowprops=look)
    axes.set(xlim=(-4.1, 5.1), ylim=(-60, 104), yticks=[0, 50, 100])
    named(
        axes,
        "Probability that the teacher said x, as the discriminator sees it",
        "number x (no unit)",
        "probability (%)",
    )
    return figure
