"""A schedule drawn by hand: alpha and T over the run, as points with straight lines between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from kdlab import check, schedules
from kdlab.recipe import Recipe

from ...plots import png, teach
from ..view import View

__all__ = ["PRESETS", "ScheduleEditor"]

LEVEL = {"alpha": [[0.0, 0.9], [1.0, 0.9]], "temperature": [[0.0, 2.0], [1.0, 2.0]]}
PRESETS = {
    "constant": LEVEL,
    "alpha falls": LEVEL | {"alpha": [[0.0, 1.0], [1.0, 0.0]]},
    "alpha rises": LEVEL | {"alpha": [[0.0, 0.0], [1.0, 1.0]]},
    "T falls": LEVEL | {"temperature": [[0.0, 8.0], [1.0, 1.0]]},
    "labels from half way": LEVEL | {"alpha": [[0.0, 0.9], [0.5, 0.9], [0.51, 0.0], [1.0, 0.0]]},
}


class ScheduleEditor(View, source=("scales.js", "sliders.js", "schedule.js")):
    """Points of alpha and T that are dragged or moved by keys; the browser does all of it.

    Args:
        schedule: knob -> points, as in :class:`kdlab.Recipe`; None: alpha falls. A knob left out stays level.
        steps: optimiser steps of the run.
        step: the one that is looked at first, from 1 to ``steps``.

    Attributes:
        schedule: what is drawn now, ready for ``Recipe(schedule=…)``.

    Raises:
        ValueError: the schedule is none, of another knob, or a step is out of its range.
    """

    name = traitlets.Unicode("Schedule editor").tag(sync=True)
    schedule = traitlets.Dict().tag(sync=True)
    presets = traitlets.Dict(PRESETS).tag(sync=True)
    steps = traitlets.Int(160).tag(sync=True)
    step = traitlets.Int(1).tag(sync=True)

    def __init__(self, schedule: Mapping[str, Any] | None = None, *, steps: int = 160, step: int = 1):
        check.whole(2, steps=steps)
        check.whole(1, step=step)
        if step > steps:
            raise ValueError(f"step must be at most the {steps} steps, got {step}")
        super().__init__(schedule=PRESETS["alpha falls"] if schedule is None else schedule, steps=steps, step=step)

    @traitlets.validate("schedule")
    def _points(self, proposal: traitlets.Bunch) -> dict[str, schedules.Points]:
        check.choice(LEVEL, **{name: name for name in proposal["value"] if name not in LEVEL})
        return LEVEL | schedules.points(proposal["value"])

    def at(self, step: int) -> Recipe:
        """The recipe at a step, from 1 to ``steps``, as the trainer has it."""
        return Recipe(schedule=self.schedule).at((step - 1) / (self.steps - 1))

    def picture(self) -> bytes:
        """Both lines with their points."""
        return png(teach.schedule(self.schedule, self.steps, self.step))

    def sentence(self) -> str:
        """Both lines as a list of points, and what they come to at the step that is looked at."""
        now = self.at(self.step)
        return (
            f"Over {self.steps} steps: alpha {_told(self.schedule['alpha'])}, T {_told(self.schedule['temperature'])}; "
            f"step {self.step} has alpha = {now.alpha:.2f} and T = {now.temperature:.1f}."
        )


def _told(points: schedules.Points) -> str:
    if len({value for _, value in points}) == 1:
        return f"stays {points[0][1]:g}"
    return "goes " + " – ".join(f"{value:g} (at {100 * share:g} %)" for share, value in points)
