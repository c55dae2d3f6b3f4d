"""Stills of soft targets: what two networks say of one sample, and of each class on average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["soft_targets"]

NAMED = 12  # more classes than this are not named on a matrix


def soft_targets(
    classes: Sequence[str],
    teacher: NDArray[np.floating] | None,
    student: NDArray[np.floating] | None,
    label: int,
    matrices: Sequence[tuple[str, NDArray[np.floating]]],
    *,
    image: NDArray[np.number] | None = None,
    temperature: float = 1.0,
    width: float = 7.8,
    height: float = 3.4,
) -> Figure:
    """Bars of one sample's soft targets, its picture, and the mean soft targets of each class.

    Args:
        classes: names, as many as there are classes.
        teacher: soft targets of the sample, (classes,); None: the student alone.
        student: the same of the student; None: the teacher alone.
        label: the sample's class.
        matrices: titles with (classes, classes) tables, row: label; the diagonal is left out. One whose title is
            "difference" takes the blue–white–orange colours (blue: teacher higher), the others share one scale.
        image: the sample, (height, width).
        temperature: said in the title.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.12])
    _bars(left.subplots(), classes, teacher, student, label, temperature)
    if image is None:
        low = right
    else:
        high, low = right.subfigures(2, 1, height_ratios=[1, 1.35])
        axes = high.subplots()
        axes.imshow(image, cmap="gray_r", interpolation="nearest")
        axes.set_title(classes[label], fontsize=8.5, color=style.TEXT_COLOURS["labels"], weight="bold")
        _bare(axes)
    shared = max([_off_diagonal(m).max(initial=0) for title, m in matrices if title != "difference"], default=1) or 1
    for k, (axes, (title, values)) in enumerate(
        zip(low.subplots(1, len(matrices), squeeze=False)[0], matrices, strict=True)
    ):
        _matrix(axes, title, values, shared, classes if k == 0 else [])
    return figure


def _bars(
    axes: Axes, classes: Sequence[str], teacher: NDArray | None, student: NDArray | None, label: int, temperature: float
) -> None:
    place = np.arange(len(classes))
    beside = 0.0 if student is None or teacher is None else 0.2
    if teacher is not None:
        axes.barh(place - beside, 100 * teacher, 0.36, color=style.COLOURS["teacher"], label="teacher")
    if student is not None:
        axes.barh(
            place + beside,
            100 * student,
            0.36,
            color=style.COLOURS["student"],
            label="student",
            hatch="////",
            edgecolor="white",
            linewidth=0,
        )
    axes.set_yticks(place, classes, fontsize=8)
    axes.get_yticklabels()[label].set(color=style.TEXT_COLOURS["labels"], weight="bold")
    axes.invert_yaxis()
    axes.tick_params(labelsize=8, length=0)
    axes.set_title(f"Soft targets at T = {temperature:.3g}, %", fontsize=9, loc="left", weight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7.5, frameon=False)


def _off_diagonal(values: NDArray) -> NDArray:
    """Finite values beside the diagonal, (n,): a class without samples has none."""
    found = values[~np.eye(len(values), dtype=bool)]
    return found[np.isfinite(found)]


def _matrix(axes: Axes, title: str, values: NDArray, shared: float, names: Sequence[str]) -> None:
    shown = np.where(np.eye(len(values), dtype=bool), np.nan, values)
    if title == "difference":
        reach = np.abs(_off_diagonal(values)).max(initial=0) or 1
        axes.imshow(shown, cmap=style.DIFFERENCE, vmin=-reach, vmax=reach, interpolation="nearest")
        title = f"{title} ±{100 * reach:.1f}"
    else:
        axes.imshow(shown, cmap="cividis", vmin=0, vmax=shared, interpolation="nearest")
        title = f"{title} 0 – {100 * shared:.0f} %"
    axes.set_title(title, fontsize=7.5, loc="left", color=style.TEXT_COLOURS.get(title.split()[0], "black"))
    _bare(axes)
    if names and len(names) <= NAMED:
        axes.set_yticks(range(len(names)), names, fontsize=6)
        axes.tick_params(length=0)


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[], frame_on=False)
