"""A figure of the lesson on feature-based distillation: whose layers are alike, and who is right how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .. import style
from .basics import label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["alikeness"]


def alikeness(
    grid: Mapping[str, Mapping[str, float]],
    accuracy: Mapping[str, float],
    *,
    width: float = 7.8,
    height: float = 2.6,
) -> Figure:
    """CKA of each student's layer with the teacher's layers, and beside it each student's accuracy.

    Args:
        grid: student -> teacher's layer -> CKA.
        accuracy: student -> share of right answers.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    students, layers = list(grid), list(next(iter(grid.values())))
    values = np.array([[grid[s][layer] for layer in layers] for s in students])
    figure = style.figure(width, height)
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1], sharey=True)
    left.imshow(values, cmap="cividis", vmin=0.4, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        ink = "black" if value > 0.7 else "white"
        left.text(j, i, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=9, weight="bold")
    left.set_xticks(range(len(layers)), layers)
    left.set_yticks(range(len(students)), students, fontsize=9)
    label(left, "CKA with the teacher's layers", "layer of the teacher", "")
    shares = [100 * accuracy[s] for s in students]
    right.barh(range(len(students)), shares, 0.55, color=style.COLOURS["student"])
    for k, share in enumerate(shares):
        right.text(share + 1, k, f"{share:.1f}", va="center", fontsize=9, color=style.TEXT_COLOURS["student"])
    right.set_xlim(0, 100)
    right.tick_params(left=False, labelleft=False)
    label(right, "Test accuracy", "right answers (%)", "")
    return figure
