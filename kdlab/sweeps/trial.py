"""One trial of a sweep: plain values in, plain values out, so that any executor can carry it anywhere."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import nn

from kdlab import data as datasets
from kdlab.api import named
from kdlab.arrangement import Teacher
from kdlab.data import Dataset
from kdlab.events import Epoch
from kdlab.players import REMEMBERED
from kdlab.recipe import Recipe
from kdlab.resume import digest
from kdlab.runs import Run
from kdlab.stacked import Stack, why_not
from kdlab.threads import one_thread
from kdlab.training import Training

Result = dict[str, Any]
FINISHED, DIVERGED, FAILED = "finished", "diverged", "failed"

# One trial at a time in a process: threads would draw from one random state, and small nets gain nothing by them.
_ALONE = threading.Lock()


@dataclass(frozen=True, eq=False)
class Own:
    """Objects in place of names; they do not leave this process.

    Attributes:
        data: a data set.
        teacher: a trained network, or a list of several.
        student: a function from a seed to a network.
    """

    data: Dataset | None = None
    teacher: Teacher = None
    student: Callable[[int], nn.Module] | None = None

    def given(self) -> list[str]:
        """The names of what is there."""
        return [name for name, value in vars(self).items() if value is not None]

    def prints(self, seeds: Sequence[int]) -> dict[int, dict[str, Any]]:
        """Seed -> ``{"own": hashes of all objects}``, to tell a training that would be the same; empty without any."""
        fixed = {name: digest(getattr(self, name)) for name in ("data", "teacher") if getattr(self, name) is not None}
        if self.student is None:
            return {seed: {"own": fixed} for seed in seeds} if fixed else {}
        return {seed: {"own": fixed | {"student": digest(self.student(seed))}} for seed in seeds}

    def training(self, recipe: Recipe) -> Training:
        """The training of a recipe, its student measured at the end only.

        Raises:
            ValueError: it cannot run.
        """
        net = None if self.student is None else self.student(recipe.seed)
        data = self.data
        if data is None and recipe.data is not None:
            data = _share(recipe.data, recipe.labelled, recipe.pool, recipe.view, recipe.task, datasets.data_dir())
            recipe = recipe.replace(task=None)  # it is chosen
        known = recipe if net is None else named(recipe, net, None, None)
        return Training(net, data, teacher=self.teacher, recipe=known, measure_every=0)


@lru_cache(maxsize=REMEMBERED)
def _share(
    name: str, labelled: int | None, pool: int | None, view: str | None, task: str | None, folder: Path
) -> Dataset:
    """One object for each share, so that what a teacher said of it is remembered; ``folder`` is for the cache's key."""
    return datasets.load(name, labelled=labelled, pool=pool, view=view, task=task)


def run(
    recipes: Sequence[Mapping[str, Any]], modules: Sequence[str] = (), own: Own | None = None
) -> list[Result] | str:
    """Train one recipe, or several that differ in numbers alone side by side.

    Args:
        recipes: as plain values, the seed included.
        modules: to import first, since they register the recipes' methods.
        own: objects in place of names.

    Returns:
        A result for each: ``status`` ("finished", "diverged" or "failed") and ``reason``; ``validation`` and ``test``,
        the student's metrics on these sets, apart; ``steps``, ``seconds`` of the training (with the teacher's answers,
        where it is asked for the first time in this process; its share, of a stack), and counts of the labels that
        were used; ``stacked``, how many took each step together, and where it was one alone, ``alone``: why, if that
        is known here. In place of all that, why several cannot be trained side by side: each is to be handed over by
        itself then, so that it is written as it ends.
    """
    own = own or Own()
    with _ALONE, one_thread():  # the same bits wherever a trial runs; a worker's neighbours want the other cores
        if len(recipes) > 1:
            return _together(recipes, modules, own)
        return [_one(recipe, modules, own) | {"stacked": 1, "alone": ""} for recipe in recipes]


def _together(recipes: Sequence[Mapping[str, Any]], modules: Sequence[str], own: Own) -> list[Result] | str:
    """The results of a stack, or why there can be none."""
    try:
        for module in modules:
            importlib.import_module(module)
        made: list[Training] = []
        for recipe in recipes:
            made.append(own.training(Recipe.from_dict(recipe)))
            if len(made) == 2 and (why := why_not(made)):  # before more are set up, which may take its time
                return why
        start = time.perf_counter()
        stack = Stack(made)
        happened = stack.advance()
        if stack.why_not is not None:
            return stack.why_not
        for new in stack.run():
            for events, those in zip(happened, new, strict=True):
                events += those
        how = {"stacked": len(made), "alone": "", "seconds": round((time.perf_counter() - start) / len(made), 4)}
        return [_result(Run.of(t, events), events) | how for t, events in zip(made, happened, strict=True)]
    except Exception as error:  # one of them may be to blame, and the others not
        return f"{type(error).__name__}: {error}"


def _one(recipe: Mapping[str, Any], modules: Sequence[str], own: Own) -> Result:
    start = time.perf_counter()
    try:
        for module in modules:
            importlib.import_module(module)
        training = own.training(Recipe.from_dict(recipe))
        start = time.perf_counter()
        happened = list(training)
        seconds = time.perf_counter() - start
        result = _result(Run.of(training, happened), happened)
    except Exception as error:  # the next trial may do better
        seconds = time.perf_counter() - start
        result = failure(f"{type(error).__name__}: {error}")
    return result | {"seconds": round(seconds, 4)}


def failure(reason: str) -> Result:
    """The result of a trial that failed."""
    return {
        "status": FAILED,
        "reason": " ".join(reason.split()),
        "validation": {},
        "test": {},
        "steps": 0,
        "seconds": 0.0,
        "stacked": 1,
        "alone": "",
    }


def _result(run: Run, happened: Sequence[Any]) -> Result:
    labels = {k: run.card[k] for k in ("training_labels", "transfer_set", "validation_labels")}
    result: Result = {"status": FINISHED, "reason": "", "validation": {}, "test": {}, "steps": run.card["steps"]}
    result |= labels | {"test_labels": len(run.data.test)}
    if run.diverged is not None:
        return result | {"status": DIVERGED, "reason": f"the loss of step {run.diverged} was {happened[-1].loss}"}
    last = [event for event in happened if isinstance(event, Epoch)][-1]
    return result | {"validation": last.measured["student"], "test": run.metrics()}
