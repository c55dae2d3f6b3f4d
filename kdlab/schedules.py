"""Knobs that turn by themselves: a value at each of some shares of the run, and a straight line between two."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from kdlab import check

RULES = {"temperature": check.positive, "alpha": partial(check.between, 0, 1), "learning_rate": check.positive}
SCHEDULED = tuple(RULES)
Points = list[list[float]]  # [share of the run in [0, 1], value], shares growing


def points(schedule: Mapping[str, Any]) -> dict[str, Points]:
    """A schedule as plain lists of numbers, as TOML has them.

    Raises:
        ValueError: a knob has no schedule, a value is out of its range, or shares do not grow within [0, 1].
        TypeError: the points of a knob are no list of pairs.
    """
    made = {}
    for name, given in schedule.items():
        check.choice(SCHEDULED, **{"schedule's knob": name})
        pairs = not isinstance(given, str) and isinstance(given, Sequence) and len(given) > 0
        if not pairs or not all(isinstance(p, Sequence) and len(p) == 2 for p in given):
            raise TypeError(f"schedule of {name} must be pairs [share of the run, value], got {given!r}")
        for share, turned in given:
            check.between(0, 1, **{f"share of the run in the schedule of {name}": share})
            RULES[name](**{f"{name} in its schedule": turned})
        shares = [share for share, _ in given]
        if any(a >= b for a, b in pairwise(shares)):
            raise ValueError(f"schedule of {name} must have shares that grow, got {shares}")
        made[name] = [[float(share), float(turned)] for share, turned in given]
    return made


def value(line: Points, share: float) -> float:
    """The value at a share of the run: level before the first point and after the last, straight in between."""
    after = bisect_right(line, share, key=lambda point: point[0])
    if after == 0 or after == len(line):
        return line[max(after - 1, 0)][1]
    (x0, y0), (x1, y1) = line[after - 1 : after + 1]
    return y0 + (y1 - y0) * (share - x0) / (x1 - x0)
