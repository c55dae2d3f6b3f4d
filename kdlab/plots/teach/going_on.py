"""Figure of notebook 10: what becomes of a teacher that goes on learning from few labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import style
from .basics import label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["going_on"]


def going_on(
    epochs: Sequence[float],
    accuracy: Sequence[float],
    entropy: Sequence[float],
    *,
    width: float = 7.8,
    height: float = 2.5,
) -> Figure:
    """A teacher's accuracy on other pictures, and the entropy of its answers on the pictures it learns from.

    Args:
        epochs: at which it was looked at, the first as it came; ascending.
        accuracy: shares.
        entropy: mean of the answers at T = 1, in nats.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    left, right = figure.subplots(1, 2)
    look = {"color": style.COLOURS["teacher"], "linewidth": 2, "markersize": 4}
    left.plot(epochs, [100 * a for a in accuracy], marker="o", **look)
    left.axhline(100 * accuracy[0], color=style.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    label(left, "On other pictures it gains nothing …", "epochs of going on", "test accuracy (%)")
    right.plot(epochs, entropy, marker="s", **look)
    right.set_ylim(bottom=0)
    label(right, "… and of its own it grows certain", "epochs of going on", "mean entropy (nats)")
    return figure
