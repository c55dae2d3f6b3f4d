"""Students against their teachers: accuracy of the one over accuracy of the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import style
from .basics import label, remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["shelf"]


def shelf(
    rows: Sequence[tuple[str, float, Sequence[float]]],
    alone: float,
    *,
    width: float = 7.8,
    height: float = 3.6,
) -> Figure:
    """One mark for each teacher, with the spread of its students; a student on the diagonal equals its teacher.

    Args:
        rows: (teacher, its mean accuracy, its students' accuracies), as shares.
        alone: mean accuracy of students with as many true labels and no teacher.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    lowest = min(min(teacher, *students) for _, teacher, students in rows)
    highest = max(max(teacher, *students) for _, teacher, students in rows)
    ends = [100 * lowest - 2, 100 * highest + 2]
    axes.plot(ends, ends, color=style.MUTED, linewidth=1, linestyle=(0, (4, 2)))
    remark(axes, "as good as its teacher", (ends[1], ends[1]), (-34, -7), ha="right")
    axes.axhline(100 * alone, color=style.COLOURS["labels"], linewidth=1.5)
    remark(axes, "labels only", (ends[0], 100 * alone), (2, 4), color=style.TEXT_COLOURS["labels"])
    before, lower = -1.0, 0
    for name, teacher, students in sorted(rows, key=lambda row: row[1]):
        lower = lower + 11 if teacher - before < 0.03 else 0  # names of neighbours stand below each other
        before = teacher
        mean = sum(students) / len(students)
        axes.plot(2 * [100 * teacher], [100 * min(students), 100 * max(students)], color=style.COLOURS["student"])
        axes.plot([100 * teacher], [100 * mean], "s", color=style.COLOURS["student"], markersize=6)
        at, beside = (max(students), (0, 4)) if mean > teacher else (min(students), (0, -12 - lower))
        remark(axes, name, (100 * teacher, 100 * at), beside, color="black", fontsize=8, ha="center")
    axes.set_xlim(*ends)
    label(axes, "The student and its teacher", "test accuracy of the teacher (%)", "of its student (%)")
    return figure
