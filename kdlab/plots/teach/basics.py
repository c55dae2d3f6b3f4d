"""Figures of the first lessons, and :func:`still`, which shows one with the text that says the same."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Caption", "differences", "label", "likeness", "melting", "pull", "remark", "still"]

DASHES = ["-", (0, (5, 2)), (0, (1, 1.5)), (0, (4, 1.5, 1, 1.5))]
MARKERS = "osD^vP"


class Caption(str):
    """The text under a figure."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p><em>{escape(self)}</em></p>"


def still(figure: Figure, text: str) -> Caption:
    """Show a figure as PNG, with ``text`` as its alternative text, and return the text as its caption.

    Args:
        figure: drawn by this package or by anybody.
        text: what the figure shows, for whoever cannot see it; without digits that training makes.
    """
    from IPython.display import display

    image = base64.b64encode(style.png(figure)).decode()
    display({"image/png": image, "text/plain": f"Figure: {text}"}, metadata={"image/png": {"alt": text}}, raw=True)
    return Caption(text)


def melting(
    logits: NDArray[np.floating],
    classes: Sequence[str],
    temperatures: NDArray[np.floating],
    *,
    named: int = 4,
    width: float = 7.8,
    height: float = 3.2,
) -> Figure:
    """How one sample's soft targets and their entropy change with T.

    Args:
        logits: of one sample, (classes,).
        classes: their names.
        temperatures: T, ascending, for a log axis.
        named: how many of the top classes are named and coloured; the others are grey.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    scaled = np.asarray(logits, float)[None] / np.asarray(temperatures, float)[:, None]
    p = np.exp(scaled - scaled.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(1)
    figure = style.figure(width, height)
    left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    order = np.argsort(-np.asarray(logits))
    for place in reversed(range(len(order))):
        c = order[place]
        look = {"color": "#b8c0c8", "linewidth": 1}
        if place < named:
            look = {
                "color": [style.COLOURS["teacher"], *style.OTHERS][place],
                "linestyle": DASHES[place % 4],
                "linewidth": 2,
            }
        left.plot(temperatures, 100 * p[:, c], label=classes[c] if place < named else None, **look)
    left.axhline(100 / len(classes), color=style.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    remark(left, f"1/{len(classes)}", (temperatures[0], 100 / len(classes)), (2, 3))
    handles, labels = left.get_legend_handles_labels()
    left.legend(handles[::-1], labels[::-1], fontsize=8, frameon=False)
    label(left, "One picture's soft targets", "temperature T (log scale)", "probability (%)")
    right.plot(temperatures, entropy, color=style.COLOURS["teacher"], linewidth=2)
    right.axhline(np.log(len(classes)), color=style.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    remark(right, f"log {len(classes)}", (temperatures[0], np.log(len(classes))), (2, -10))
    label(right, "Their entropy", "temperature T (log scale)", "entropy (nats)")
    for axes in (left, right):
        axes.set_xscale("log")
        ticks = [t for t in (0.25, 0.5, 1, 2, 4, 10, 20, 50, 100) if temperatures[0] <= t <= temperatures[-1]]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.set_xticks([], minor=True)
    return figure


def differences(
    rows: Sequence[tuple[str, float, float, float]],
    *,
    against: str,
    roles: Mapping[str, str] | None = None,
    width: float = 7.8,
    height: float = 2.6,
) -> Figure:
    """Paired differences in accuracy with their intervals, one row for each arm.

    Args:
        rows: (arm, mean, low, high), as shares.
        against: the arm they are compared with, which stands at 0.
        roles: arm -> "teacher", "student", "labels" or "hard", for its colour; others are grey.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    axes.axvline(0, color=style.COLOURS["labels"], linewidth=1.5)
    for k, (arm, mean, low, high) in enumerate(rows):
        colour = style.COLOURS.get((roles or {}).get(arm, ""), style.MUTED)
        axes.plot([100 * low, 100 * high], [k, k], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot([100 * mean], [k], MARKERS[k % len(MARKERS)], color=colour, markersize=7)
        ink = style.text_colour(colour)
        text = f"{100 * mean:+.1f}".replace("-", "−")
        text = "0.0" if text[1:] == "0.0" else text
        # on the side that is away from 0, whose line would run through it
        at, beside, side = (low, -6, "right") if high < 0 else (high, 6, "left")
        remark(axes, text, (100 * at, k), (beside, -3), color=ink, weight="bold", fontsize=8.5, ha=side)
    axes.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.1)
    label(
        axes,
        f"Test accuracy, less “{against}”",
        "difference (percentage points), mean and 95 % interval over seeds",
        "",
    )
    return figure


def likeness(
    pixels: NDArray[np.floating],
    soft: NDArray[np.floating],
    classes: Sequence[str],
    *,
    named: int = 5,
    width: float = 7.8,
    height: float = 3.4,
) -> Figure:
    """How alike two classes look, against how much of the one the teacher sees in the other.

    Args:
        pixels: likeness of the classes' mean pictures, (classes, classes), symmetric.
        soft: mean soft targets, (classes, classes), row: label; the mean of both directions is drawn.
        classes: their names.
        named: how many pairs with the largest soft targets are named.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    i, j = np.triu_indices(len(classes), 1)
    x, y = pixels[i, j], 100 * (soft[i, j] + soft[j, i]) / 2
    axes.plot(x, y, "o", color=style.COLOURS["teacher"], markersize=5, alpha=0.8)
    gap, place = 0.075 * y.max(), np.inf
    left = x.max() - 0.33
    for k in np.argsort(-y)[:named]:  # names stand below each other, and a thin line leads from each to its point
        place = min(y[k], place - gap)
        axes.plot([left, x[k]], [place, y[k]], color=style.MUTED, linewidth=0.6, zorder=0)
        pair = f"{classes[i[k]]} – {classes[j[k]]}"
        remark(axes, pair, (left, place), (-4, -3), color="black", ha="right", fontsize=8)
    label(
        axes,
        f"{len(x)} pairs of classes",
        "likeness of their mean pictures (correlation of pixels)",
        "mean soft target (%)",
    )
    return figure


def pull(
    temperatures: NDArray[np.floating],
    share: NDArray[np.floating],
    share_without: NDArray[np.floating],
    at: float,
    rows: Sequence[tuple[str, str, float, float]],
    *,
    width: float = 7.8,
    height: float = 2.7,
) -> Figure:
    """Who pulls the student: both terms at one T, and the teacher's share over T with and without the factor T².

    Args:
        temperatures: T, ascending, for a log axis.
        share: the teacher's share of the pull with T², in [0, 1].
        share_without: the same without.
        at: the T of the bars.
        rows: (term, role, length of its weighted gradient, its share).
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    for k, (_, role, norm, part) in enumerate(rows):
        left.barh(
            [k], [norm], 0.55, color=style.COLOURS[role], hatch=None if k else "////", edgecolor="white", linewidth=0
        )
        remark(
            left, f"{100 * part:.0f} %", (norm, k), (4, -3), color=style.TEXT_COLOURS[role], weight="bold", fontsize=9
        )
    left.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=9)
    left.set_ylim(len(rows) - 0.4, -0.6)
    left.margins(x=0.18)
    label(left, f"Who pulls, at T = {at:.3g}", "length of the weighted gradient", "")
    right.plot(temperatures, 100 * share, color=style.COLOURS["teacher"], linewidth=2, label="with T²")
    right.plot(
        temperatures,
        100 * share_without,
        color=style.COLOURS["hard"],
        linewidth=2,
        linestyle=(0, (5, 2)),
        label="without",
    )
    right.axvline(at, color=style.MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    right.set(xscale="log", ylim=(0, 103))
    ticks = [t for t in (0.5, 1, 2, 4, 10, 20) if temperatures[0] <= t <= temperatures[-1]]
    right.set_xticks(ticks, [f"{t:g}" for t in ticks])
    right.set_xticks([], minor=True)
    right.legend(fontsize=8, frameon=False, loc="lower left")
    label(right, "The teacher's share of the pull", "temperature T (log scale)", "share (%)")
    return figure


def remark(axes: Axes, text: str, at: tuple[float, float], beside: tuple[float, float], **look: Any) -> None:
    """A text ``beside`` points away from a place in the data."""
    look = {"fontsize": 7.5, "color": style.MUTED, **look}
    axes.annotate(text, at, xytext=beside, textcoords="offset points", **look)


def label(axes: Axes, title: str, x: str, y: str) -> None:
    """Title and axis labels in the lessons' sizes."""
    axes.set_title(title, fontsize=9.5, loc="left", weight="bold")
    axes.set_xlabel(x, fontsize=8.5)
    axes.set_ylabel(y, fontsize=8.5)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
