"""A race of students that was run before: who is ahead at which step, to be played and scrubbed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from ...plots import png, teach
from ..view import View

__all__ = ["Race"]

LOOKS = ("hard", "teacher", "other-0", "student")


class Race(View, source="race.js"):
    """Lanes and curves of students that were measured at the same steps; the browser plays them.

    Args:
        steps: optimiser steps at which all were measured, ascending, at least two.
        runners: name -> accuracy at each of these steps, in [0, 1]; four at most.
        at: the step that is shown first, one of ``steps``; None: the first.
        measured: what the accuracy was measured on, in words.

    Raises:
        ValueError: fewer than two steps or steps out of order, no runner or more than four, a runner with other than
            one value for each step, or a step that is none of ``steps``.
    """

    name = traitlets.Unicode("Race").tag(sync=True)
    steps = traitlets.List(traitlets.Int()).tag(sync=True)
    runners = traitlets.List(traitlets.Dict(), help="name, look and accuracy of each").tag(sync=True)
    place = traitlets.Int(0, help="of the step that is shown, among the steps").tag(sync=True)
    measured = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        steps: Sequence[int],
        runners: Mapping[str, Sequence[float]],
        *,
        at: int | None = None,
        measured: str = "",
    ):
        steps = [int(step) for step in steps]
        if len(steps) < 2 or steps != sorted(set(steps)):
            raise ValueError(f"steps must be at least two, ascending, got {steps}")
        if not 1 <= len(runners) <= len(LOOKS):
            raise ValueError(f"runners must be 1 to {len(LOOKS)}, got {len(runners)}")
        for name, values in runners.items():
            if len(values) != len(steps):
                raise ValueError(
                    f"runners must have a value for each of {len(steps)} steps, {name!r} has {len(values)}"
                )
        if at is not None and at not in steps:
            raise ValueError(f"at must be one of the steps {steps}, got {at}")
        rows: list[dict[str, Any]] = [
            {"name": name, "look": look, "accuracy": [float(v) for v in values]}
            for (name, values), look in zip(runners.items(), LOOKS, strict=False)
        ]
        place = 0 if at is None else steps.index(at)
        super().__init__(steps=steps, runners=rows, place=place, measured=measured)

    def order(self, step: int | None = None) -> list[str]:
        """Names, the most accurate first, at one of the steps; None: the one that is shown."""
        place = self.place if step is None else self.steps.index(step)
        return [r["name"] for r in sorted(self.runners, key=lambda r: -r["accuracy"][place])]

    def picture(self) -> bytes:
        """The lanes and the curves so far."""
        return png(teach.race(self.steps, self.runners, self.place))

    def sentence(self) -> str:
        """The order at the step that is shown."""
        said = {r["name"]: 100 * r["accuracy"][self.place] for r in self.runners}
        order = ", ".join(f"{name} {said[name]:.0f} %" for name in self.order())
        return f"Step {self.steps[self.place]} of {self.steps[-1]}: {order}."
