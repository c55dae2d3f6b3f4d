"""Figure of notebook 14: words as nodes of a graph, and what is said of one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import label as named
from .basics import remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FILLS", "word_graph"]

FILLS = [  # of the classes, light enough for dark letters
    "#ffd166", "#a5d78f", "#ffb38a", "#f4a6c0", "#9fc9ee", "#c9b6e8", "#8fdccb", "#e0e0a0", "#d6b898", "#d5d9dd",
]  # fmt: skip


def word_graph(
    words: Sequence[str],
    places: NDArray[np.floating],
    edges: Sequence[Sequence[int]],
    says: NDArray[np.integer],
    labels: Sequence[int],
    classes: Sequence[str],
    *,
    picked: int,
    bars: Mapping[str, NDArray[np.floating]],
    width: float = 7.8,
    height: float = 4.2,
) -> Figure:
    """A graph whose nodes have the colour of what they say, and bars of one node.

    Args:
        words: a name for each node.
        places: x and y, downwards, (words, 2).
        edges: pairs of nodes.
        says: the class that each says, (words,); where it is not the label's, the outline is dashed.
        labels: class of each.
        classes: their names.
        picked: the node whose bars are drawn.
        bars: "now", "teacher", "student" -> probabilities, (classes,).
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    left, right = figure.subplots(1, 2, width_ratios=[2.1, 1])
    for a, b in edges:
        near = picked in (a, b)
        colour = style.COLOURS["teacher"] if near else "#c5ccd3"
        left.plot(*places[[a, b]].T, color=colour, linewidth=1.8 if near else 0.9, zorder=1)
    for k, (word, (x, y)) in enumerate(zip(words, places, strict=True)):
        wrong = says[k] != labels[k]
        look = {"linestyles": [(0, (2, 1.5))], "edgecolors": "#a13214"} if wrong else {"edgecolors": "#1f2933"}
        left.scatter([x], [y], s=190, color=FILLS[says[k] % len(FILLS)], linewidths=2.4 if k == picked else 1.1, **look)
        left.text(x, y, classes[says[k]][:2], ha="center", va="center", fontsize=7, weight="bold", color="#1f2933")
        remark(left, word, (x, y), (0, -15), ha="center", fontsize=6.6, color="black")
    left.invert_yaxis()
    left.margins(0.07)
    left.axis("off")
    left.set_title("Words, their edges, what each says (dashed: not its class)", fontsize=9, loc="left", weight="bold")
    height_of = 0.26
    colours = {"now": style.MUTED, **{who: style.COLOURS[who] for who in ("teacher", "student")}}
    for k, (who, p) in enumerate(bars.items()):
        at = np.arange(len(classes)) + (k - 1) * height_of
        hatch = "////" if who == "student" else None
        right.barh(at, 100 * p, height_of, color=colours[who], label=who, hatch=hatch, edgecolor="white", linewidth=0)
    right.set_yticks(range(len(classes)), classes, fontsize=7.5)
    right.get_yticklabels()[labels[picked]].set(color=style.TEXT_COLOURS["labels"], weight="bold")
    right.invert_yaxis()
    right.legend(fontsize=7.5, frameon=False)
    named(right, f"“{words[picked]}”", "probability (%)", "")
    right.tick_params(axis="y", labelsize=7.5)
    return figure
