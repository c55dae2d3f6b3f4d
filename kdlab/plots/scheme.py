"""Who teaches whom, as a still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["scheme"]

MODES = {
    "learns": "learns",
    "frozen": "frozen · eval mode",
    "follows": "eval mode · no gradient",
    "voice": "no weights of its own",
}
LOOK = {
    "knowledge": {"color": style.COLOURS["teacher"], "linewidth": 2.0},
    "labels": {"color": style.COLOURS["labels"], "linewidth": 1.6},
    "follows": {"color": style.MUTED, "linewidth": 1.2, "linestyle": (0, (4, 3))},
}


def scheme(
    nodes: Sequence[Mapping[str, Any]], arrows: Sequence[Mapping[str, Any]], width: float, height: float
) -> Figure:
    """Boxes for networks, arrows for what flows between them; two bars mark where no gradient flows back.

    Args:
        nodes: ``{"name", "role", "note", "mode", "x", "y", "w", "h", "cells"}``, y downwards.
        arrows: ``{"kind", "weight", "path", "side"}``: a path is x and y of start, bend and tip;
            ``side`` 1 puts the weight to the left of its way, -1 to the right.
        width, height: of the space in which they are placed.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(7.8, 7.8 * height / width)
    axes = figure.add_subplot()
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for node in nodes:
        _box(axes, node, node["role"])
        lines = [node["note"], MODES.get(node["mode"], "")]
        below = node["y"] - node["h"] / 2 + 14
        at, side = (node["x"] - node["w"] / 2 + 10, "left") if node["cells"] else (node["x"], "center")
        axes.text(at, below, node["name"], ha=side, va="center", fontsize=9, weight="bold")
        shown = [line for line in lines if line] if not node["cells"] else [" · ".join(filter(None, lines))]
        for k, line in enumerate(shown):
            axes.text(at, below + 14 * (k + 1), line, ha=side, va="center", fontsize=7, color=style.MUTED)
        for cell in node["cells"]:
            _box(axes, cell, node["role"])
            axes.text(cell["x"], cell["y"], cell["text"], ha="center", va="center", fontsize=8)
    for arrow in arrows:
        x, y, a, b, u, v = arrow["path"]
        path = Path([(x, y), (a, b), (u, v)], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        axes.add_patch(FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=10, **LOOK[arrow["kind"]]))
        if arrow["kind"] == "knowledge":
            _stop(axes, arrow["path"])
        if arrow["weight"] is not None:
            length = max(((u - x) ** 2 + (v - y) ** 2) ** 0.5, 1e-9)
            across, down = arrow["side"] * (v - y) / length, -arrow["side"] * (u - x) / length
            at = ((x + 2 * a + u) / 4 + 26 * across, (y + 2 * b + v) / 4 + 12 * down)
            axes.text(*at, f"× {arrow['weight']:.2f}", ha="center", va="center", fontsize=7)
    return figure


def _box(axes: Axes, box: Mapping[str, Any], role: str) -> None:
    corner = (box["x"] - box["w"] / 2, box["y"] - box["h"] / 2)
    style_ = {"boxstyle": "round,pad=0,rounding_size=6", "facecolor": "white", "edgecolor": style.COLOURS[role]}
    axes.add_patch(FancyBboxPatch(corner, box["w"], box["h"], linewidth=1.5, **style_))


def _stop(axes: Axes, path: Sequence[float]) -> None:
    """Two short bars across the start of an arrow."""
    x, y, a, b, u, v = path
    whole = max(((u - x) ** 2 + (v - y) ** 2) ** 0.5, 1e-9)
    for t in (10 / whole, 14.5 / whole):
        at = [(1 - t) ** 2 * p + 2 * t * (1 - t) * q + t * t * r for p, q, r in ((x, a, u), (y, b, v))]
        way = [2 * (1 - t) * (q - p) + 2 * t * (r - q) for p, q, r in ((x, a, u), (y, b, v))]
        length = max((way[0] ** 2 + way[1] ** 2) ** 0.5, 1e-9)
        dx, dy = -way[1] / length * 7, way[0] / length * 7
        axes.plot([at[0] - dx, at[0] + dx], [at[1] - dy, at[1] + dy], color="black", linewidth=1.5)
