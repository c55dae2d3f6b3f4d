"""Figures of notebook 17: a bill against a budget, and the accuracy of a student of what was bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .. import style
from .basics import label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["purchase", "worth"]

LOOKS = (("labels", ""), ("teacher", "///"), ("teacher", ""))  # role and hatching of each form


def purchase(
    bill: Sequence[tuple[str, int, float]],
    budget: float,
    band: tuple[float, float, float] | None,
    *,
    width: float = 7.4,
    height: float = 2.8,
) -> Figure:
    """What each form costs, one behind the other, up to the budget's line; below, the accuracy with its range.

    Args:
        bill: form, number of answers and credits for one, for three forms.
        budget: credits.
        band: accuracy in [0, 1]: mean, lowest and highest; None where there is none.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    top, low = figure.subplots(2, 1)
    start = 0.0
    for (form, count, price), (role, hatch) in zip(bill, LOOKS, strict=True):
        looks = {"color": style.COLOURS[role], "hatch": hatch, "edgecolor": "white"}
        top.barh([0], [count * price], left=start, height=0.5, label=f"{count} × {form} at {price:g}", **looks)
        start += count * price
    top.axvline(budget, color="black", linewidth=1.5)
    top.set(xlim=(0, max(budget, start) * 1.05), ylim=(-0.5, 0.5), yticks=[])
    top.legend(fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1, 0.96), ncols=3)
    label(top, "The bill, and the budget (line)", "credits", "")
    if band is not None:
        mean, lowest, highest = (100 * value for value in band)
        low.plot([lowest, highest], [0, 0], color=style.COLOURS["student"], linewidth=9, alpha=0.3)
        low.plot([mean], [0], "o", color=style.COLOURS["student"], markersize=8)
        low.text(mean, 0.28, f"{mean:.1f} %", ha="center", color=style.TEXT_COLOURS["student"], weight="bold")
    low.set(xlim=(55, 85), ylim=(-0.6, 0.9), yticks=[])
    label(low, "A student of what was bought", "test accuracy (%): mean and range over draws", "")
    return figure


def worth(levels: Sequence[int], curves: Mapping[str, ArrayLike], *, width: float = 6.4, height: float = 3.2) -> Figure:
    """Accuracy over the number of inputs that were bought, a line for each form, with its range over draws.

    Args:
        levels: numbers of inputs, above 0.
        curves: three forms -> accuracy in [0, 1], (levels, draws).
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    colours = style.COLOURS["labels"], style.OTHERS[0], style.COLOURS["teacher"]
    looks = zip(colours, ("-", "--", "-."), ("^", "D", "s"), strict=True)
    for (name, values), (colour, dash, marker) in zip(curves.items(), looks, strict=True):
        percent = 100 * np.asarray(values)
        axes.fill_between(levels, percent.min(1), percent.max(1), color=colour, alpha=0.12, linewidth=0)
        axes.plot(levels, percent.mean(1), dash, marker=marker, color=colour, label=name)
    axes.set_xscale("log")
    axes.set_xticks(levels, [str(level) for level in levels])
    axes.minorticks_off()
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    label(axes, "What an answer is worth", "pictures bought (log scale)", "test accuracy (%)")
    return figure
