"""Who teaches whom, and when: phases of links, as plain data.

A scheme names its players; the trainer finds networks for the names. ``teacher`` is the frozen teacher, ``student``
the network that is asked for, ``peer`` a second student; ``student:stage1`` is the student's exit at layer
``stage1``, a small classifier of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kdlab import check

SCHEMES = ("offline", "online", "self")


class Link(NamedTuple):
    """``student`` learns from ``teacher``; from the labels alone, at weight 1, where that is None."""

    student: str
    teacher: str | None


Phase = tuple[Link, ...]  # links that share every batch


class Variant(NamedTuple):
    """One way to run a scheme.

    Attributes:
        phases: exit layers of the student -> the phases.
        meaning: one line for the learner.
        needs_teacher: it asks for a trained teacher.
        needs_exits: it asks for layers below the student's last one.
        needs_peer: it asks for a second student.
    """

    phases: Callable[[Sequence[str]], list[Phase]]
    meaning: str
    needs_teacher: bool = False
    needs_exits: bool = False
    needs_peer: bool = False


def frozen(exits: Sequence[str] = ()) -> list[Phase]:
    """A trained teacher, which no longer changes, teaches the student (Hinton et al. 2015, arXiv:1503.02531)."""
    return [(Link("student", "teacher"),)]


def mutual(exits: Sequence[str] = ()) -> list[Phase]:
    """Two students teach each other from scratch (Zhang et al. 2018, arXiv:1706.00384)."""
    return [(Link("student", "peer"), Link("peer", "student"))]


def exits(exits: Sequence[str]) -> list[Phase]:
    """The deepest layer, taught by labels, teaches exits at shallower ones (Zhang et al. 2019, arXiv:1905.08094)."""
    return [(Link("student", None), *(Link(f"student:{layer}", "student") for layer in exits))]


_VARIANTS: dict[str, dict[str, Variant]] = {
    "offline": {"frozen": Variant(frozen, "a trained teacher teaches the student", needs_teacher=True)},
    "online": {"mutual": Variant(mutual, "two students teach each other from scratch", needs_peer=True)},
    "self": {"exits": Variant(exits, "the student's deep layers teach its shallow ones", needs_exits=True)},
}


def names() -> list[str]:
    """The schemes."""
    return list(SCHEMES)


def variants(scheme: str) -> list[str]:
    """The variants of a scheme, its default first.

    Raises:
        ValueError: the scheme is unknown.
    """
    check.choice(SCHEMES, scheme=scheme)
    return list(_VARIANTS[scheme])


def get(scheme: str, variant: str | None = None) -> Variant:
    """A scheme's variant; its default where ``variant`` is None.

    Raises:
        ValueError: the scheme or the variant is unknown.
    """
    known = variants(scheme)
    if variant is None:
        variant = known[0]
    check.choice(known, scheme_variant=variant)
    return _VARIANTS[scheme][variant]
