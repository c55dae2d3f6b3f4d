"""Figure of notebook 17: a bill against a budget, and the accuracy of a student of what was bought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import style
from .basics import label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["purchase"]

LOOKS = (("labels", ""), ("student", "//"), ("teacher", ""))  # role and hatching of each form


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
    top.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.12), ncols=3)
    label(top, "The bill, and the budget (line)", "credits", "")
    if band is not None:
        mean, lowest, highest = (100 * value for value in band)
        low.plot([lowest, highest], [0, 0], color=style.COLOURS["student"], linewidth=9, alpha=0.3)
        low.plot([mean], [0], "o", color=style.COLOURS["student"], markersize=8)
        low.text(mean, 0.28, f"{mean:.1f} %", ha="center", color=style.TEXT_COLOURS["student"], weight="bold")
    low.set(xlim=(55, 85), ylim=(-0.6, 0.9), yticks=[])
    label(low, "A student of what was bought", "test accuracy (%): mean and range over draws", "")
    return figure
