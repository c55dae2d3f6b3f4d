"""Models to choose from under a budget: accuracy against what an answer costs, and a line that can be dragged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from ...plots import png, teach
from ..view import View

__all__ = ["AXES", "Budget"]

AXES = {"bytes": "bytes in memory", "macs": "multiply–adds for one answer", "microseconds": "µs for one answer"}


class Budget(View, source=("scales.js", "sliders.js", "budget.js")):
    """Measured models over one of their costs, and the best one within the budget; the browser does all of it.

    Args:
        models: each with ``name``, ``role`` ("teacher", "student" or "labels"), ``taught`` (by what, in words),
            ``accuracy`` in [0, 1], and the three costs ``bytes``, ``macs`` and ``microseconds``, above 0.
        axis: the cost that is shown first, one of ``AXES``.
        budget: where the line stands first, in the axis's unit.

    Raises:
        ValueError: there is no model, the axis is unknown, or the budget is not above 0.
    """

    name = traitlets.Unicode("Models under a budget").tag(sync=True)
    models = traitlets.List(traitlets.Dict()).tag(sync=True)
    axis = traitlets.Unicode("bytes").tag(sync=True)
    axes = traitlets.Dict(AXES, help="cost -> its name").tag(sync=True)
    budgets = traitlets.Dict(help="cost -> where its line stands").tag(sync=True)

    def __init__(self, models: Sequence[Mapping[str, Any]], *, axis: str = "bytes", budget: float):
        if not models:
            raise ValueError("models must not be empty")
        if axis not in AXES:
            raise ValueError(f"axis must be one of {', '.join(map(repr, AXES))}, got {axis!r}")
        if not budget > 0:
            raise ValueError(f"budget must be above 0, got {budget}")
        middle = {key: sorted(model[key] for model in models)[len(models) // 2] for key in AXES}
        super().__init__(models=[dict(model) for model in models], axis=axis, budgets={**middle, axis: float(budget)})

    def best(self, budget: float | None = None, axis: str | None = None) -> dict[str, Any] | None:
        """The most accurate model that costs no more than the budget, of equals the cheaper; None where none does.

        Args:
            budget: in the axis's unit; None: where the line stands.
            axis: the cost; None: the one that is shown.
        """
        axis = self.axis if axis is None else axis
        limit = self.budgets[axis] if budget is None else budget
        within = [model for model in self.models if model[axis] <= limit]
        return max(within, key=lambda model: (model["accuracy"], -model[axis]), default=None)

    def picture(self) -> bytes:
        """The chart with its line."""
        return png(teach.budget(self.models, self.axis, AXES[self.axis], self.budgets[self.axis], self.best()))

    def sentence(self) -> str:
        """The budget, the best model within it, and how many are within."""
        limit, best = self.budgets[self.axis], self.best()
        many = sum(model[self.axis] <= limit for model in self.models)
        said = f"{many} of {len(self.models)} models cost at most {limit:,.0f} {AXES[self.axis]}"
        if best is None:
            return f"{said}: nothing can be chosen."
        return (
            f"{said}; the best of them is {best['name']}, {best['taught']}, right for {100 * best['accuracy']:.1f} %."
        )
