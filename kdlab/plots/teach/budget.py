"""Figure of the lesson on why one distils: models over what they cost, and a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import style
from .basics import label, remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["budget"]

MARKS = {"teacher": ("s", "the teacher"), "student": ("o", "taught by it"), "labels": ("^", "labels only")}


def budget(
    models: Sequence[Mapping[str, Any]],
    axis: str,
    title: str,
    limit: float,
    best: Mapping[str, Any] | None,
    *,
    width: float = 7.8,
    height: float = 3.2,
) -> Figure:
    """Accuracy over a cost on a log scale, the line of a budget, and a ring around the best model within it.

    Args:
        models: each with ``name``, ``role``, ``accuracy`` in [0, 1] and the cost ``axis``.
        axis: the cost's key.
        title: the cost in words, with its unit.
        limit: the budget.
        best: one of the models, or None.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    for role, (marker, words) in MARKS.items():
        chosen = [m for m in models if m["role"] == role]
        x, y = [m[axis] for m in chosen], [100 * m["accuracy"] for m in chosen]
        axes.plot(x, y, marker, color=style.COLOURS[role], markersize=7, label=words)
    for name in dict.fromkeys(m["name"] for m in models):
        low = min((m for m in models if m["name"] == name), key=lambda m: m["accuracy"])
        remark(axes, name, (low[axis], 100 * low["accuracy"]), (0, -13), ha="center", fontsize=8, color="black")
    if best is not None:
        ring = {"markersize": 14, "markerfacecolor": "none", "markeredgecolor": "black"}
        axes.plot([best[axis]], [100 * best["accuracy"]], "o", **ring)
    axes.axvline(limit, color="black", linewidth=1.5)
    axes.set_xscale("log")
    axes.margins(x=0.08, y=0.16)
    ends = axes.get_xlim()
    axes.axvspan(limit, 2 * ends[1], color="#eef1f4", zorder=0)
    axes.set_xlim(ends)
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    label(axes, "Models and a budget", f"{title} (log scale)", "test accuracy (%)")
    return figure
