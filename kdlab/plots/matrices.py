"""Matrices and maps as stills: relations of a probe batch, feature maps with the CKA grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["boundaries", "features", "relations", "tile"]

GAP = np.nan  # between two tiles: drawn as background


def boundaries(labels: Sequence[int]) -> list[tuple[int, int, int]]:
    """Runs of equal labels: (label, first position, position after the last), in order."""
    values = np.asarray(labels)
    cuts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    return [(int(values[a]), a, b) for a, b in pairwise(cuts) if b > a]


def relations(
    teacher: NDArray[np.floating],
    student: NDArray[np.floating],
    labels: Sequence[int],
    classes: Sequence[str],
    *,
    kind: str = "cosine",
    width: float = 7.8,
    height: float = 2.9,
) -> Figure:
    """Teacher's and student's relations of a probe batch, and their difference (blue: teacher higher).

    Args:
        teacher, student: pairwise relations, shape (n, n), rows sorted by class; NaN is left blank.
        labels: class of each row, ascending.
        classes: their names.
        kind: what the numbers are, for the colour bar.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    both = np.stack([teacher, student])
    low, high = float(np.nanmin(both)), float(np.nanmax(both))
    difference = teacher - student
    reach = float(np.nanmax(np.abs(difference))) or 1.0
    panels = [("teacher", teacher, "cividis", low, high), ("student", student, "cividis", low, high),
              ("teacher − student", difference, style.DIFFERENCE, -reach, reach)]  # fmt: skip
    blocks = boundaries(labels)
    for k, (axes, (title, values, colours, least, most)) in enumerate(zip(figure.subplots(1, 3), panels, strict=True)):
        image = axes.imshow(values, cmap=colours, vmin=least, vmax=most, interpolation="nearest")
        for _, _, end in blocks[:-1]:
            axes.axhline(end - 0.5, color="white", linewidth=0.5)
            axes.axvline(end - 0.5, color="white", linewidth=0.5)
        axes.set_title(title, fontsize=9, loc="left", weight="bold", color=style.TEXT_COLOURS.get(title, "black"))
        axes.set_xticks([])
        axes.set_yticks(
            [(a + b - 1) / 2 for _, a, b in blocks] if k == 0 else [],
            [classes[c] for c, *_ in blocks] if k == 0 else [],
            fontsize=7,
        )
        axes.tick_params(length=0)
        bar = figure.colorbar(image, ax=axes, orientation="horizontal", shrink=0.9, aspect=30, pad=0.03)
        bar.set_label(kind if k < 2 else f"difference in {kind}", fontsize=7)
        bar.ax.tick_params(labelsize=7)
    return figure


def tile(maps: NDArray[np.floating], columns: int = 8) -> NDArray[np.floating]:
    """Lay maps out in rows of ``columns``, one pixel apart.

    Args:
        maps: shape (tiles, height, width).
        columns: tiles in a row.

    Returns:
        Shape (rows · (height + 1) − 1, columns · (width + 1) − 1); NaN between the tiles.
    """
    count, height, width = maps.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    sheet = np.full((rows * (height + 1), columns * (width + 1)), GAP)
    for k, one in enumerate(maps):
        top, left = (k // columns) * (height + 1), (k % columns) * (width + 1)
        sheet[top : top + height, left : left + width] = one
    return sheet[:-1, :-1]


def features(
    image: NDArray[np.number],
    groups: Sequence[Mapping[str, Any]],
    cka: Mapping[str, Any] | None = None,
    *,
    width: float = 7.8,
    height: float = 4.4,
) -> Figure:
    """One sample's maps in teacher and student, what the loss compares, and the CKA grid.

    Args:
        image: the sample, shape (height, width).
        groups: ``{"title", "who", "part", "tiles", "rows", "low", "high", "values"}``: values of shape (tiles, rows,
            columns), a vector's of shape (1, 1, units); ``part`` is "maps", "loss" or "units", whose first row is the
            sample's and whose others are the means of the classes in ``names``; where ``who`` is "difference", blue is
            the teacher's side.
        cka: ``{"rows", "columns", "values", "reference"}``; None or empty: none is drawn.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    rows = [[g for g in groups if g["part"] in ("maps", "units") and g["who"] == who] for who in ("teacher", "student")]
    rows = [row for row in [*rows, [g for g in groups if g["part"] == "loss"]] if row]
    left, right = figure.subfigures(1, 2, width_ratios=[2.1, 1])
    if rows:
        grid = left.add_gridspec(len(rows), 1)
        for k, row in enumerate(rows):
            widths = [1 if g["tiles"] == 1 and g["rows"] > 1 else 4 for g in row]
            for cell, group in zip(grid[k].subgridspec(1, len(row), width_ratios=widths), row, strict=True):
                _group(left.add_subplot(cell), group)
    top, bottom = right.subplots(2, 1, height_ratios=[1, 1.6])
    top.imshow(image, cmap="gray_r", interpolation="nearest")
    _bare(top)
    if cka and cka.get("values"):
        _grid(bottom, cka)
    else:
        bottom.axis("off")
    return figure


def _group(axes: Axes, group: Mapping[str, Any]) -> None:
    """Tiles as a sheet; the units of a vector as bars from zero; units of each class as a heat map."""
    values, difference = np.asarray(group["values"], float), group["who"] == "difference"
    axes.set_title(group["title"], fontsize=8, loc="left", color=style.TEXT_COLOURS.get(group["who"], "black"))
    if group["rows"] == 1:
        bars = values.ravel()
        role = np.where(bars >= 0, "teacher", "student") if difference else np.full(len(bars), group["who"])
        axes.bar(
            np.arange(len(bars)), bars, width=0.8, color=[style.COLOURS.get(r, style.COLOURS["student"]) for r in role]
        )
        axes.set_ylim(min(0.0, group["low"]), max(0.0, group["high"]))
        axes.margins(x=0)
    elif group["part"] == "units":
        axes.imshow(values[0], cmap="cividis", vmin=group["low"], vmax=group["high"], aspect="auto")
        axes.axhline(0.5, color="white", linewidth=1.5)
        _bare(axes)
        axes.set_yticks(range(group["rows"]), ["sample", *group.get("names", ())][: group["rows"]], fontsize=5.5)
        axes.tick_params(length=0)
        return
    else:
        colours = style.DIFFERENCE if difference else "cividis"
        axes.imshow(tile(values), cmap=colours, vmin=group["low"], vmax=group["high"], interpolation="nearest")
        axes.set_anchor("NW")
    _bare(axes)


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_frame_on(False)


def _grid(axes: Axes, cka: Mapping[str, Any]) -> None:
    """CKA of each pair of layers, the untrained student's small beneath."""
    values = np.asarray(cka["values"], float)
    axes.imshow(values, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            ink = "white" if value < 0.55 else "black"
            axes.text(j, i - 0.1, f"{value:.2f}", ha="center", va="center", fontsize=8, color=ink, weight="bold")
            if cka.get("reference"):
                axes.text(j, i + 0.28, f"{cka['reference'][i][j]:.2f}", ha="center", va="center", fontsize=6, color=ink)
    axes.set_title("CKA; small: untrained student", fontsize=7.5, loc="left")
    axes.set_xticks(range(values.shape[1]), cka["columns"], fontsize=7, rotation=30, ha="right")
    axes.set_yticks(range(values.shape[0]), cka["rows"], fontsize=7)
    axes.set_xlabel("student", fontsize=7, color=style.TEXT_COLOURS["student"])
    axes.set_ylabel("teacher", fontsize=7, color=style.TEXT_COLOURS["teacher"])
