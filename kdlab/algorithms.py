"""How knowledge is carried over: functions from set-up to set-up, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kdlab import check, schemes
from kdlab.methods import Method

if TYPE_CHECKING:  # players come later in the import order; a set-up only holds them
    from kdlab.data import Dataset


@dataclass(frozen=True)
class Setup:
    """All that a training works on.

    Attributes:
        players: name -> player, as the scheme's links name them.
        phases: the scheme's phases.
        method: the method of every link that has a teacher.
        data: the data set.
        taps: teacher's layer -> student's layer, where given.
    """

    players: dict[str, Any]
    phases: list[schemes.Phase]
    method: Method
    data: Dataset
    taps: dict[str, str] = field(default_factory=dict)


def standard(setup: Setup) -> Setup:
    """One teacher, one student, the data as they are."""
    return setup


_ALGORITHMS: dict[str, Callable[[Setup], Setup]] = {"standard": standard}


def names() -> list[str]:
    """The algorithms, the default first."""
    return list(_ALGORITHMS)


def get(name: str) -> Callable[[Setup], Setup]:
    """An algorithm by name.

    Raises:
        ValueError: it is unknown; a near miss is suggested.
    """
    check.choice(_ALGORITHMS, algorithm=name)
    return _ALGORITHMS[name]
