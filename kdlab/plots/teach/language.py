"""Figures of notebook 19: next-letter bars, what each arm pays for a letter, and variety against likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import style
from .basics import MARKERS, label, remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["bits_of_arms", "next_letter", "variety"]


def next_letter(
    tokens: str,
    prefix: str,
    teacher: NDArray[np.floating],
    student: NDArray[np.floating],
    nets: Sequence[str],
    shown: int,
    words: Sequence[Sequence[str]],
    real: Sequence[Sequence[bool]],
    *,
    width: float = 7.8,
    height: float = 4.2,
) -> Figure:
    """Probabilities of the next letter by teacher and one student, and below words that each network writes.

    Args:
        tokens: the mark, then the letters.
        prefix: how the word begins.
        teacher, student: probabilities, in the order of the tokens.
        nets: names, the teacher's first.
        shown: which of them is the student.
        words: of each network.
        real: whether each is a real word.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    top, low = figure.subfigures(2, 1, height_ratios=[1.3, 1])
    axes, order = top.subplots(), [*range(1, len(tokens)), 0]
    x = np.arange(len(tokens))
    axes.bar(x - 0.2, 100 * teacher[order], 0.4, color=style.COLOURS["teacher"], label="teacher")
    look = {"color": style.COLOURS["student"], "hatch": "////", "edgecolor": "#eaa878", "linewidth": 0}
    axes.bar(x + 0.2, 100 * student[order], 0.4, label=f"student: {nets[shown]}", **look)
    axes.set_xticks(x, [tokens[k] if k else "end" for k in order], fontsize=8.5)
    axes.legend(fontsize=8, frameon=False)
    after = f"after “{prefix}”" if prefix else "at the beginning of a word"
    label(axes, f"Which letter comes next, {after}?", "letter, or the end of the word", "probability (%)")
    axes = low.subplots()
    axes.set_axis_off()
    for k, name in enumerate(nets):
        role = "student" if k else "teacher"
        place = {"xycoords": "axes fraction", "fontsize": 8.5}
        at = k / len(nets)
        axes.annotate(name, (at, 0.95), color=style.TEXT_COLOURS[role], weight="bold", **place)
        for row, (word, good) in enumerate(zip(words[k], real[k], strict=True)):
            ink = {"color": style.TEXT_COLOURS["labels"], "weight": "bold"} if good else {"color": style.MUTED}
            axes.annotate(word or "(nothing)", (at, 0.83 - 0.11 * row), **ink, **place)
    return figure


def bits_of_arms(
    bits: Mapping[str, Sequence[float]],
    teacher: float,
    *,
    roles: Mapping[str, str],
    width: float = 7.8,
    height: float = 3.6,
) -> Figure:
    """Bits per character of each arm: every seed a small mark, the mean a large one; further left is better.

    Args:
        bits: arm -> one number for each seed.
        teacher: its own bits.
        roles: arm -> "teacher", "student", "labels" or "hard", for its colour.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    axes.axvline(teacher, color=style.COLOURS["teacher"], linewidth=1.5, linestyle=(0, (5, 2)))
    remark(
        axes, "the teacher itself", (teacher, len(bits) - 1), (6, -3), color=style.TEXT_COLOURS["teacher"], fontsize=8.5
    )
    for k, (arm, values) in enumerate(bits.items()):
        colour = style.COLOURS[roles[arm]]
        axes.plot(values, [k] * len(values), "|", color=colour, markersize=9)
        axes.plot([np.mean(values)], [k], MARKERS[k % len(MARKERS)], color=colour, markersize=7)
        remark(
            axes,
            f"{np.mean(values):.2f}",
            (max(values), k),
            (8, -3),
            color=style.text_colour(colour),
            weight="bold",
            fontsize=8.5,
        )
    axes.set_yticks(range(len(bits)), list(bits), fontsize=9)
    axes.set_ylim(len(bits) - 0.4, -0.6)
    axes.margins(x=0.1)
    label(
        axes,
        "What the next letter of a test word still costs",
        "bits per character, each mark a seed; less is better",
        "",
    )
    return figure


def variety(
    lines: Mapping[str, Sequence[tuple[float, float, float]]],
    teacher: tuple[float, float],
    *,
    roles: Mapping[str, str],
    width: float = 7.0,
    height: float = 3.4,
) -> Figure:
    """How open the next letter is, against how much the written words surprise the teacher, at several T.

    Args:
        lines: student -> (T, entropy in bits, surprise in bits per character), in the order of T.
        teacher: its own entropy and surprise at T = 1.
        roles: student -> role, for its colour.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.
    """
    figure = style.figure(width, height)
    axes = figure.subplots()
    for k, (name, points) in enumerate(lines.items()):
        t, x, y = np.array(points).T
        colour = style.COLOURS[roles[name]]
        axes.plot(x, y, MARKERS[k] + ("-" if k == 0 else "--"), color=colour, markersize=7, linewidth=1.6, label=name)
        for temperature, a, b in zip(t, x, y, strict=True):
            remark(
                axes,
                f"T = {temperature:g}",
                (a, b),
                ((6, -11), (-42, 4))[k % 2],
                color=style.text_colour(colour),
                fontsize=8,
            )
    axes.plot(*teacher, "*", color=style.COLOURS["teacher"], markersize=13, label="the teacher itself, T = 1")
    axes.margins(0.12)
    axes.legend(fontsize=8.5, frameon=False)
    label(
        axes,
        "Variety against likelihood",
        "how open the next letter is: entropy (bits)",
        "surprise to the teacher (bits per character)",
    )
    return figure
