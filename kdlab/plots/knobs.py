"""What a sweep found, over one knob or over two: a map such as temperature × alpha."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["knob_line", "knob_map"]

NAMES = {
    "temperature": "temperature T",
    "alpha": "alpha (weight of the teacher's part)",
    "learning_rate": "learning rate",
    "method_knobs.weight": "weight of the method's term",
}
SHARES = ("alpha", "label_smoothing", "decay", "late")  # in [0, 1]: never on a log scale
WIDE = 8  # largest over smallest value from which an axis is on a log scale
WRITTEN = 80  # cells up to which each says its number
BEST = style.COLOURS["student"]


def knob_map(
    x: Sequence[Any],
    y: Sequence[Any],
    values: ArrayLike,
    *,
    names: tuple[str, str] = ("temperature", "alpha"),
    title: str = "Mean validation accuracy",
    unit: str = "validation accuracy (%)",
    width: float = 6.4,
    height: float = 3.8,
) -> Figure:
    """A value for each pair of settings: a grid of cells, or points where the pairs make no grid; the best is framed.

    Args:
        x, y: the two settings of each point, (n,): numbers or names; a pair comes once.
        values: their values, (n,), drawn as they are; NaN: not known yet, left blank.
        names: of the two knobs, as in a recipe.
        title: what is drawn.
        unit: what the values are, with their unit, for the colour bar.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.

    Raises:
        ValueError: the three are not equally long.
    """
    found = np.asarray(values, float)
    if not len(x) == len(y) == len(found):
        raise ValueError(f"x, y and values must be equally long, got {len(x)}, {len(y)} and {len(found)}")
    made = style.figure(width, height)
    if not np.isfinite(found).any():
        return style.empty(made, "nothing is finished yet")
    axes = made.subplots()
    columns, rows = _order(x), _order(y)
    numbers = all(isinstance(v, (int, float)) for v in (*x, *y))
    if numbers and len(columns) * len(rows) > 2 * len(found):
        image = _points(axes, x, y, found)
        labels = [_scale(axes, which, name, given) for which, name, given in zip("xy", names, (x, y), strict=True)]
    else:
        cells = np.full((len(rows), len(columns)), np.nan)
        for a, b, value in zip(x, y, found, strict=True):
            cells[rows.index(b), columns.index(a)] = value
        image = _cells(axes, cells)
        axes.set_xticks(range(len(columns)), [_short(v) for v in columns])
        axes.set_yticks(range(len(rows)), [_short(v) for v in rows])
        labels = [NAMES.get(name, name.replace("_", " ")) for name in names]
    _label(axes, f"{title}; framed: the best", *labels)
    bar = made.colorbar(image, ax=axes, pad=0.02)
    bar.set_label(unit, fontsize=8.5)
    bar.ax.tick_params(labelsize=8)
    return made


def knob_line(
    x: Sequence[Any],
    values: Sequence[ArrayLike],
    *,
    name: str = "temperature",
    title: str = "Validation accuracy",
    unit: str = "validation accuracy (%)",
    width: float = 6.4,
    height: float = 3.2,
) -> Figure:
    """A value over one knob: the mean over seeds as a line, each seed as a dot; the best mean is framed.

    Args:
        x: the settings, (n,): numbers or names.
        values: for each of them its seeds' values, (seeds,), of any length; an empty one is left out.
        name: of the knob, as in a recipe.
        title: what is drawn.
        unit: what the values are, with their unit.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.

    Raises:
        ValueError: the two are not equally long.
    """
    if len(x) != len(values):
        raise ValueError(f"x and values must be equally long, got {len(x)} and {len(values)}")
    made = style.figure(width, height)
    order = _order(x)
    known = sorted((order.index(a), np.asarray(v, float)) for a, v in zip(x, values, strict=True) if len(v))
    if not known:
        return style.empty(made, "nothing is finished yet")
    axes = made.subplots()
    numbers = all(isinstance(v, (int, float)) for v in order)
    at = [order[i] if numbers else i for i, _ in known]
    means = np.array([v.mean() for _, v in known])
    for place, (_, seeds) in zip(at, known, strict=True):
        axes.plot([place] * len(seeds), seeds, "o", color=style.MUTED, markersize=3.5, alpha=0.7)
    axes.plot(
        at,
        means,
        marker="D",
        linestyle="-" if numbers else "",
        color=style.COLOURS["teacher"],
        linewidth=2,
        markersize=5,
    )
    top = int(means.argmax())
    axes.plot(at[top], means[top], "s", markersize=13, markerfacecolor="none", color=BEST, markeredgewidth=2)
    if not numbers:
        axes.set_xticks(range(len(order)), [_short(v) for v in order])
    label = _scale(axes, "x", name, order) if numbers else NAMES.get(name, name.replace("_", " "))
    _label(axes, f"{title}: mean and seeds; framed: the best", label, unit)
    axes.spines[["top", "right"]].set_visible(False)
    return made


def _order(values: Sequence[Any]) -> list[Any]:
    """Each once: numbers by size, names as they come."""
    once = list(dict.fromkeys(values))
    return sorted(once) if all(isinstance(v, (int, float)) for v in once) else once


def _cells(axes: Axes, cells: NDArray[np.floating]) -> Any:
    low, high = float(np.nanmin(cells)), float(np.nanmax(cells))
    image = axes.imshow(cells, cmap="cividis", vmin=low, vmax=high, aspect="auto", origin="lower")
    if cells.size <= WRITTEN:
        for (row, column), value in np.ndenumerate(cells):
            if np.isfinite(value):
                ink = "white" if value < low + 0.55 * (high - low) else "black"
                axes.text(column, row, f"{value:.1f}", ha="center", va="center", fontsize=8, color=ink)
    row, column = np.unravel_index(int(np.nanargmax(cells)), cells.shape)
    frame = {"fill": False, "edgecolor": BEST, "linewidth": 2.5, "clip_on": False, "zorder": 3}
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **frame))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return image


def _points(axes: Axes, x: Sequence[float], y: Sequence[float], values: NDArray[np.floating]) -> Any:
    known = np.isfinite(values)
    x, y = np.asarray(x, float), np.asarray(y, float)
    image = axes.scatter(
        x[known], y[known], c=values[known], cmap="cividis", s=60, edgecolor=style.MUTED, linewidth=0.5
    )
    top = int(np.nanargmax(values))
    axes.plot(x[top], y[top], "s", markersize=13, markerfacecolor="none", color=BEST, markeredgewidth=2)
    axes.spines[["top", "right"]].set_visible(False)
    return image


def _scale(axes: Axes, which: str, name: str, values: Sequence[float]) -> str:
    """A log scale for a knob that spans magnitudes, its ticks written as plain numbers; returns the axis' label."""
    label = NAMES.get(name, name.replace("_", " "))
    if name in SHARES or min(values) <= 0 or max(values) < WIDE * min(values):
        return label
    axes.set(**{f"{which}scale": "log"})
    axis, ticks = getattr(axes, f"{which}axis"), sorted(set(values))
    axis.set_major_locator(FixedLocator(ticks) if len(ticks) <= 10 else LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axis.set_minor_locator(NullLocator())
    return f"{label} (log scale)"


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, (int, float)) else str(value)


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize=9.5, loc="left", weight="bold")
    axes.set_xlabel(x, fontsize=8.5)
    axes.set_ylabel(y, fontsize=8.5)
    axes.tick_params(labelsize=8)
