"""What is trained side by side: the run itself, more seeds of it, and the baselines it is watched against."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import nn

from kdlab.charts import HARD, LABELS, Trace
from kdlab.data import Dataset
from kdlab.events import Event, Step
from kdlab.recipe import Recipe
from kdlab.training import Training


@dataclass(eq=False)
class Lane:
    """One training with all that happened in it."""

    name: str
    training: Training
    events: list[Event] = field(default_factory=list)
    trace: Trace = field(default_factory=Trace)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do."""
        return self.training.diverged or self.training.step >= self.training.total

    def advance(self) -> None:
        """One optimiser step, and at the end of the run the last measurement."""
        for event in self.training:
            self.events.append(event)
            self.trace.add(event)
            if isinstance(event, Step) and not self.over:
                return


class Lanes:
    """The lanes of one run, in step with one another.

    Args:
        recipe: of the run.
        data: a data set.
        teacher: a module or None.
        student: a name or a module.
        seeds: how many; the first is the one that is shown.
        finished: baselines that were trained before, name -> lane; they are drawn, not trained again.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Dataset,
        teacher: nn.Module | None,
        student: nn.Module | str,
        seeds: int = 1,
        finished: dict[str, Lane] | None = None,
    ):
        finished = finished or {}

        def lane(name: str, arm: Recipe) -> Lane:
            return Lane(name, Training(student, data, teacher=teacher, recipe=arm))

        self.seeds = [lane(f"seed {recipe.seed + i}", recipe.replace(seed=recipe.seed + i)) for i in range(seeds)]
        plain = recipe.replace(
            type="response",
            method=None,
            scheme="offline",
            scheme_variant=None,
            algorithm="standard",
            method_knobs={},
            taps={},
        )
        arms = {LABELS: plain.replace(alpha=0.0)}
        if teacher is not None:
            arms[HARD] = plain.replace(method="hard-targets", alpha=0.9)
        self.baselines = {name: finished[name] if name in finished else lane(name, arm) for name, arm in arms.items()}

    @property
    def main(self) -> Lane:
        """The run itself."""
        return self.seeds[0]

    @property
    def over(self) -> bool:
        """Whether the run and all beside it are done."""
        return self.main.training.diverged or all(lane.over for lane in self.all())

    def all(self) -> list[Lane]:
        """Every lane."""
        return [*self.seeds, *self.baselines.values()]

    def advance(self) -> None:
        """One step of every lane that is not done."""
        for lane in self.all():
            if not lane.over:
                lane.advance()

    def turn(self, recipe: Recipe) -> None:
        """New knobs for the run and its seeds; the baselines stay what they are."""
        for lane in self.seeds:
            lane.training.recipe = recipe.replace(seed=lane.training.recipe.seed)
