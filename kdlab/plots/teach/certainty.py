"""Figures of notebook 02: how sure against how often right, learning curves with it, and who is taken for whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import label, remark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["certainty", "confusions", "reliability"]


class Reliability(Protocol):
    """Mean confidence and accuracy of each bin, and its count of samples: arrays of shape (bins,)."""

    confidence: NDArray[np.floating]
    accuracy: NDArray[np.floating]
    count: NDArray[np.integer]


def _diagram(axes: Axes, found: Reliability, title: str, *, legend: bool = True) -> None:
    """Bars of accuracy in bins of confidence, and their gap to the mean confidence."""
    bins = len(found.count)
    there = np.flatnonzero(found.count)
    middle, hit, sure = (there + 0.5) / bins, found.accuracy[there], found.confidence[there]
    blue, orange = style.COLOURS["teacher"], style.COLOURS["student"]
    axes.bar(100 * middle, 100 * hit, 92 / bins, color=blue, label="right")
    axes.bar(
        100 * middle, 100 * np.abs(sure - hit), 92 / bins, bottom=100 * np.minimum(hit, sure), fill=False,
        edgecolor=orange, hatch="////", linewidth=1, label="gap to how sure it is",
    )  # fmt: skip
    axes.plot([0, 100], [0, 100], color=style.MUTED, linestyle=(0, (4, 2)), linewidth=1)
    axes.set(xlim=(0, 100), ylim=(0, 104))
    for x, y, n in zip(middle, hit, found.count[there], strict=True):
        colour = "white" if y > 0.07 else "black"
        remark(axes, f"{n:,}", (100 * x, 0), (0, 3), ha="center", color=colour, fontsize=6.5)
    if legend:
        axes.legend(fontsize=8, frameon=False, loc="upper left")
    label(axes, title, "how sure (%), in bins; in a bar: its pictures", "how often right (%)")


def reliability(
    panels: Sequence[tuple[str, Reliability]],
    *,
    width: float = 7.8,
    height: float = 3.4,
) -> Figure:
    """Reliability diagrams beside one another.

    Args:
        panels: (title, what :func:`kdlab.metrics.reliability` found).
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    rows = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
    for k, (axes, (title, found)) in enumerate(zip(rows, panels, strict=True)):
        _diagram(axes, found, title, legend=k == 0)
        if k:
            axes.set_ylabel("")
    return figure


def certainty(
    epochs: Sequence[int],
    training: Sequence[float],
    validation: Sequence[float],
    place: int,
    found: Reliability,
    temperature: float,
    *,
    width: float = 7.8,
    height: float = 3.3,
) -> Figure:
    """Learning curves with one epoch marked, and the reliability there.

    Args:
        epochs: that were measured, ascending.
        training: cross-entropy on the training pictures, nats.
        validation: on the validation pictures, nats.
        place: of the marked epoch, among the epochs.
        found: the reliability there, at the temperature.
        temperature: T.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    left.plot(epochs, training, color=style.COLOURS["labels"], linestyle=(0, (5, 2)), label="training pictures")
    left.plot(epochs, validation, color=style.COLOURS["teacher"], linewidth=2, label="validation pictures")
    left.axvline(epochs[place], color=style.MUTED, linestyle=(0, (2, 2)))
    left.set_ylim(0, None)
    left.legend(fontsize=8, frameon=False)
    label(left, f"Learning, T = 1; marked: epoch {epochs[place]}", "epochs", "cross-entropy (nats)")
    _diagram(right, found, f"How sure, at T = {temperature:.2g}")
    return figure


def confusions(
    counts: NDArray[np.integer],
    classes: Sequence[str],
    *,
    width: float = 7.8,
    height: float = 4.6,
) -> Figure:
    """A confusion matrix with its numbers; the diagonal, where answers are right, is left white.

    Args:
        counts: pictures by label (row) and answer (column), (classes, classes).
        classes: their names.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    wrong = np.ma.masked_array(counts, np.eye(len(classes), dtype=bool))
    image = axes.imshow(wrong, cmap="cividis", aspect="auto")
    for (row, column), n in np.ndenumerate(counts):
        dark = row != column and n < 0.5 * wrong.max()
        axes.text(
            column, row, f"{n:,}", ha="center", va="center", fontsize=7.5, color="white" if dark else "black",
            weight="bold" if row == column else None,
        )  # fmt: skip
    axes.set_xticks(range(len(classes)), classes, rotation=35, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_label("pictures that are taken for another class", fontsize=8)
    bar.ax.tick_params(labelsize=7.5)
    label(axes, "Who is taken for whom", "the teacher's answer", "label")
    axes.spines[:].set_visible(False)
    return figure
