"""What is trained side by side: the run itself, more seeds of it, and the baselines it is watched against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from kdlab.algorithms import Algorithm
from kdlab.arrangement import Teacher
from kdlab.charts import HARD, LABELS, Trace
from kdlab.data import Dataset
from kdlab.events import Event, Step
from kdlab.recipe import Recipe
from kdlab.schemes import Link
from kdlab.stacked import Stack
from kdlab.training import Training

# what a baseline has in common with the run it is watched against
KEPT = (
    "data", "labelled", "pool", "task", "view", "teacher_view", "student", "learning_rate", "batch_size", "seed",
    "label_smoothing", "init", "late", "late_after", "shifts",
)  # fmt: skip


@dataclass(eq=False)
class Lane:
    """One training with all that happened in it."""

    name: str
    training: Training
    of: tuple[Any, ...] = ()  # data, student and teacher as they were given
    events: list[Event] = field(default_factory=list)
    trace: Trace = field(default_factory=Trace)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do."""
        return self.training.diverged or self.training.step >= self.training.total

    def advance(self) -> None:
        """One optimiser step, and at the end of the run the last measurement."""
        for event in self.training:
            self.record(event)
            if isinstance(event, Step) and not self.over:
                return

    def record(self, event: Event) -> None:
        """Keep what has happened."""
        self.events.append(event)
        self.trace.add(event)


class Lanes:
    """The lanes of one run, in step with one another.

    Args:
        recipe: of the run.
        data: a data set.
        teacher: a module, several in a tuple, or None.
        student: a name or a module; None where the recipe's algorithm chooses it.
        seeds: how many; the first is the one that is shown.
        finished: baselines that were trained before, name -> lane; they are drawn, not trained again.

    Attributes:
        why_not: why seeds that see the same batches did not take the last step together; None: they did, or there was
            no need to.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: Dataset,
        teacher: Teacher,
        student: nn.Module | str | None,
        seeds: int = 1,
        finished: dict[str, Lane] | None = None,
    ):
        def lane(name: str, arm: Recipe, teacher: Teacher = teacher) -> Lane:
            training = Training(student, data, teacher=teacher, recipe=arm)
            return Lane(name, training, (data, student, teacher))

        self.why_not: str | None = None
        self._stack: Stack | None = None  # of the seeds that are not done
        self.seeds = [lane(f"seed {recipe.seed}", recipe)]
        recipe = recipe.replace(student=self.main.training.recipe.student)  # one that the algorithm has chosen is it
        self.seeds += [lane(f"seed {s}", recipe.replace(seed=s)) for s in range(recipe.seed + 1, recipe.seed + seeds)]
        voice = self.main.training.teacher  # several teachers as one
        self.baselines: dict[str, Lane] = {}
        for name, arm in _arms(recipe, self.main.training, self._epochs()).items():
            old = (finished or {}).get(name)
            known = old is not None and old.over and old.of == (data, student, voice)
            self.baselines[name] = old if known and old.training.recipe == arm.resolved() else lane(name, arm, voice)

    def _epochs(self) -> int:
        """Of the run in all its phases."""
        made = self.main.training
        return -(-made.total // made.batches.transfer.per_epoch)

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
        self._advance_seeds()
        whole = self._epochs()  # another scheme, or tuning that ends early, makes the run longer or shorter
        for lane in self.baselines.values():
            made = lane.training
            epochs = whole if len(made.phases) == 1 else self.main.training.recipe.epochs
            if made.recipe.epochs != epochs:
                made.recipe = made.recipe.replace(epochs=epochs)
        self._advance(self.baselines.values())

    def _advance_seeds(self) -> None:
        """The seeds side by side where one order of batches is set, else one after another."""
        going = [lane for lane in self.seeds if not lane.over]
        if len(going) < 2 or self.main.training.recipe.order_seed is None:
            self.why_not = None
            self._advance(going)
            return
        trainings = [lane.training for lane in going]
        if self._stack is None or self._stack.trainings != trainings:
            if self._stack is not None:
                self._stack.part()
            self._stack = Stack(trainings)
        for lane, events in zip(going, self._stack.advance(), strict=True):
            for event in events:
                lane.record(event)
        self.why_not = self._stack.why_not

    @staticmethod
    def _advance(lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            if not lane.over:
                lane.advance()

    def turn(self, recipe: Recipe) -> None:
        """New knobs for the run and its seeds; of the baselines only the number of steps follows."""
        for lane in self.seeds:
            lane.training.recipe = recipe.replace(seed=lane.training.recipe.seed)


def _arms(recipe: Recipe, run: Training, epochs: int) -> dict[str, Recipe]:
    """The baselines' recipes: one phase, from the same first weights, with as many epochs as the run has in all."""
    if run.setup.phases == [(Link("student", None),)]:
        return {}  # the run is labels alone
    if run.setup.eras is not None:
        return {LABELS: recipe.replace(alpha=0.0)}  # the same classes first, the same ones later
    kept = {name: getattr(recipe, name) for name in KEPT}
    if type(recipe.build_algorithm()).student is not Algorithm.student:  # the student computes otherwise
        kept |= {"algorithm": recipe.algorithm, "algorithm_knobs": recipe.algorithm_knobs}
    rate = {knob: line for knob, line in recipe.schedule.items() if knob == "learning_rate"}
    plain = Recipe(**kept, schedule=rate, epochs=epochs)
    hard = {} if run.teacher is None else {HARD: plain.replace(method="hard-targets", alpha=0.9)}
    return {LABELS: plain.replace(alpha=0.0)} | hard
