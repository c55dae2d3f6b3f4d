"""Where one is: the life cycle of a distillation with its current step lit, and the map of types and schemes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from .. import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LIFE_CYCLE", "here", "sentence"]

LIFE_CYCLE = ("teacher", "soft targets", "student", "transfer", "loss", "fine-tuning", "deployment")
MAP = {
    "type": ("response", "feature", "relation"),
    "scheme": ("offline", "online", "self"),
    "algorithm": ("standard", "multi-teacher", "adversarial", "graph-based", "cross-modal", "others"),
}
AT = {"type": (1.0, 56), "scheme": (44.0, 56), "algorithm": (1.0, 22)}  # where a row begins
WIDE, HIGH, GAP = 1.12, 14, 1.1  # of a chip: for each letter, in all, to the next one
PAPER, LIT = "#ffffff", style.TEXT_COLOURS["teacher"]
LINE = "#b8c0c8"


def here(steps: Iterable[str] = (), *, on: Iterable[str] = (), width: float = 7.8, height: float = 2.1) -> Figure:
    """The seven steps of a distillation's life cycle, those of this lesson lit; below, type, scheme and algorithm.

    Args:
        steps: of :data:`LIFE_CYCLE`.
        on: types, schemes and algorithms that the lesson is about.
        width, height: inches.

    Returns:
        A figure of its own, in no pyplot state.

    Raises:
        ValueError: a step or a name that is not on the map.
    """
    steps, on = set(steps), set(on)
    known = {name for names in MAP.values() for name in names}
    for wrong in (steps - set(LIFE_CYCLE), on - known):
        if wrong:
            allowed = LIFE_CYCLE if wrong & steps else sorted(known)
            raise ValueError(f"steps and on must be names on the map ({', '.join(allowed)}), got {sorted(wrong)}")
    figure = style.figure(width, height)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.axis("off")
    axes.text(1, 92, "The life cycle of a distillation: this lesson’s steps are dark", fontsize=8.5, weight="bold")
    room = 98 / len(LIFE_CYCLE)
    for k, name in enumerate(LIFE_CYCLE):
        left = 1 + k * room
        _chip(axes, left, 71, room - 2.2, f"{k + 1} {name}", lit=name in steps)
        if k:
            arrow = FancyArrowPatch((left - 2.1, 78), (left - 0.1, 78), arrowstyle="-|>", mutation_scale=7)
            arrow.set(color=style.MUTED, linewidth=1)
            axes.add_patch(arrow)
    for axis, names in MAP.items():
        left, base = AT[axis]
        axes.text(left, base, axis, fontsize=8.5, weight="bold")
        for name in names:
            wide = 3 + WIDE * len(name)
            _chip(axes, left, base - HIGH - 4, wide, name, lit=name in on)
            left += wide + GAP
    return figure


def sentence(steps: Iterable[str], on: Iterable[str]) -> str:
    """What the figure says, in words."""
    numbered = [f"{LIFE_CYCLE.index(step) + 1} {step}" for step in sorted(set(steps), key=LIFE_CYCLE.index)]
    about = [name for names in MAP.values() for name in names if name in set(on)]
    cycle = f"Steps of the life cycle in this lesson, of {len(LIFE_CYCLE)}: {', '.join(numbered) or 'none'}."
    return f"{cycle} On the map: {', '.join(about)}." if about else cycle


def _chip(axes: Axes, x: float, y: float, wide: float, text: str, *, lit: bool) -> None:
    """A box with a word; a lit one is filled, and bold for whoever sees no colour."""
    box = FancyBboxPatch((x, y), wide, HIGH, boxstyle="round,pad=0,rounding_size=1.2", mutation_aspect=3.7)
    box.set(facecolor=LIT if lit else PAPER, edgecolor=LIT if lit else LINE, linewidth=1)
    axes.add_patch(box)
    look = {"color": "white", "weight": "bold"} if lit else {"color": style.MUTED}
    axes.text(x + wide / 2, y + HIGH / 2 - 1, text, ha="center", va="center", fontsize=7.6, **look)
