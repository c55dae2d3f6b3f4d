"""Several recipes over several seeds: mean, spread, and paired differences with their interval."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import nn

from kdlab import check, metrics
from kdlab import stacked as stacks
from kdlab.api import named
from kdlab.arrangement import Teacher, find_data, find_teacher
from kdlab.data import Dataset
from kdlab.events import Event
from kdlab.players import ask, tell
from kdlab.progress import bar
from kdlab.recipe import Recipe
from kdlab.runs import DivergedError, Run
from kdlab.threads import one_thread
from kdlab.training import Training

SHARED = ("data", "labelled", "pool", "teacher")  # what all arms of a comparison have in common


class Difference(NamedTuple):
    """A paired difference: its mean over seeds, and the interval that holds it with 95 % confidence."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.mean:+.1f} ± {50 * (self.high - self.low):.1f}"


def paired(values: Sequence[float], others: Sequence[float]) -> Difference:
    """The mean of ``values`` less ``others``, seed by seed, with its t interval of 95 %.

    Args:
        values: a number for each seed, at least two.
        others: the same of what they are compared with, for the same seeds.

    Raises:
        ValueError: there are fewer than two, or the lengths differ.
    """
    from scipy import stats  # takes a third of a second to import

    if len(values) != len(others):
        raise ValueError(f"values and others must be of the same seeds, got {len(values)} and {len(others)}")
    gaps = np.asarray(values) - np.asarray(others)
    if len(gaps) < 2:
        raise ValueError(f"seeds must be at least 2 for an interval, got {len(gaps)}")
    half = stats.t.ppf(0.975, len(gaps) - 1) * stats.sem(gaps)
    return Difference(float(gaps.mean()), float(gaps.mean() - half), float(gaps.mean() + half))


@dataclass(frozen=True, eq=False)
class Table:
    """Results of :func:`compare`.

    Attributes:
        accuracy: arm -> test accuracy for each seed, shares in [0, 1].
        agreement: arm -> agreement with the teacher on the test set for each seed; empty without a teacher.
        seconds: arm -> seconds for all seeds.
        steps: arm -> optimiser steps of one training.
        seeds: the seeds, the same for all arms.
        against: the arm that the others are compared with.
        note: counts of the labels that the comparison used, and of the trainings that were stacked.
    """

    accuracy: dict[str, list[float]]
    agreement: dict[str, list[float]]
    seconds: dict[str, float]
    steps: dict[str, int]
    seeds: list[int]
    against: str
    note: str

    def difference(self, arm: str, other: str | None = None) -> Difference:
        """Accuracy of one arm less another's (by default ``against``), paired by seed: t interval of 95 %."""
        other = self.against if other is None else other
        return paired(self.accuracy[arm], self.accuracy[other])

    def rows(self) -> list[dict[str, str]]:
        """The table as text: one dict for each arm."""
        rows = []
        for arm, values in self.accuracy.items():
            row = {"arm": arm, "accuracy %": f"{100 * np.mean(values):.1f}"}
            if len(values) > 1:
                row["spread (sd)"] = f"{100 * np.std(values, ddof=1):.1f}"
                row[f"less {self.against}, 95 %"] = "" if arm == self.against else str(self.difference(arm))
            if self.agreement:
                row["agreement %"] = f"{100 * np.mean(self.agreement[arm]):.1f}"
            row["steps"] = str(self.steps[arm])
            rows.append(row)
        return rows

    def __repr__(self) -> str:
        rows = self.rows()
        head = list(rows[0])
        width = {h: max(len(h), *(len(r[h]) for r in rows)) for h in head}
        lines = ["  ".join(h.ljust(width[h]) if h == "arm" else h.rjust(width[h]) for h in head)]
        lines += ["  ".join(r[h].ljust(width[h]) if h == "arm" else r[h].rjust(width[h]) for h in head) for r in rows]
        return "\n".join([*lines, self.note])

    def _repr_html_(self) -> str:
        from html import escape

        rows = self.rows()
        head = "".join(f"<th scope='col'>{escape(h)}</th>" for h in rows[0])
        body = "".join("<tr>" + "".join(f"<td>{escape(v)}</td>" for v in r.values()) + "</tr>" for r in rows)
        return (
            f"<table><caption>{escape(self.note)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def compare(
    recipes: Sequence[Recipe] | Mapping[str, Recipe],
    data: Dataset | str | None = None,
    *,
    teacher: Teacher | str | Sequence[str] = None,
    student: str | Callable[[int], nn.Module] | None = None,
    seeds: Sequence[int] = range(5),
    against: str | None = None,
    progress: bool | None = None,
    stacked: bool = False,
) -> Table:
    """Run each recipe with each seed; a seed gives the same initial weights and order of batches to every recipe.

    Small networks are trained on one thread, which is quicker for them and gives the same bits everywhere. By default
    they are trained one after another, each with an order of batches of its own, whose noise belongs to the spread.

    Args:
        recipes: the arms, in a list (named by what differs) or by name.
        data: a Dataset or a name.
        teacher: a trained module or a name, or a list of them.
        student: a name, or a function from a seed to a module.
        seeds: at least one; an interval needs two.
        against: the arm that the others are compared with; None: the one without a teacher (alpha 0), else the first.
        progress: a bar; None: where somebody is looking.
        stacked: let trainings take each step together where they can (:mod:`kdlab.stacked`), which is quicker, and the
            same but for rounding; the table's note says how many did, and why others did not. Arms that differ in
            temperature, alpha or the method's numbers alone can; seeds can where the recipes give one ``order_seed``,
            and their spread then lacks the noise of the order of batches.

    Raises:
        ValueError: a recipe cannot run, or the arms differ in data, teacher or steps, which would be no fair
            comparison; nothing has been trained then.
        DivergedError: a training's loss stopped being finite.
    """
    arms = dict(recipes) if isinstance(recipes, Mapping) else _names(recipes)
    if not arms or not len(seeds):
        raise ValueError(f"recipes and seeds must not be empty, got {len(arms)} and {len(seeds)}")
    if isinstance(student, nn.Module):
        raise TypeError("student must be a name or a function from a seed to a module, got one module for all seeds")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must differ from one another, got {list(seeds)}")
    arms = {arm: named(recipe, None, data, teacher) for arm, recipe in arms.items()}
    first = next(iter(arms.values()))
    for name in SHARED:
        values = {arm: getattr(recipe, name) for arm, recipe in arms.items()}
        if len(set(values.values())) > 1:
            raise ValueError(f"recipes must have one {name} to be compared, got {values}")
    data, teacher = find_data(data, first), find_teacher(teacher, first)
    if against is None:
        against = next((n for n, r in arms.items() if r.alpha == 0 and r.label_smoothing == 0), next(iter(arms)))
    check.choice(arms, against=against)

    def training(arm: str, seed: int) -> Training:
        net = student(seed) if callable(student) else student
        recipe = named(arms[arm].replace(seed=seed), net, None, None)
        return Training(net, data, teacher=teacher, recipe=recipe, measure_every=0)

    begun = {arm: training(arm, seeds[0]) for arm in arms}  # every recipe can run, or nothing is trained
    steps = {arm: one.total for arm, one in begun.items()}
    labels = int(data.train.labelled.sum())
    used = {arm: int(one.data.train.labelled.sum()) for arm, one in begun.items()}
    less = "".join(f" ({n} of them for {arm})" for arm, n in used.items() if n < labels)
    if len(set(steps.values())) > 1:
        raise ValueError(f"recipes must take equal steps to be compared, got {steps}")
    wanted = [(arm, seed) for seed in seeds for arm in arms]
    accuracy, agreement, seconds = ({arm: [0.0] * len(seeds) for arm in arms} for _ in range(3))
    alone: list[str | None] = []
    learners = [net for one in begun.values() for net in one.learners().values()]
    with one_thread(*learners), bar(len(wanted), "comparing", show=progress) as shown:
        for place, run, happened, took, why in (_side_by_side if stacked else _one_by_one)(wanted, training):
            if run.diverged:
                raise DivergedError(Run.of(run, happened))
            start = time.perf_counter()
            arm, at = wanted[place][0], place // len(arms)
            logits = tell(run.students["student"], data.test.x).logits.numpy()
            accuracy[arm][at] = metrics.accuracy(logits, data.test.y.numpy())
            if teacher is not None:
                said = ask(run.teacher, data.test.seen(run.setup.teacher_view)).logits.numpy()
                agreement[arm][at] = metrics.agreement(logits, said)
            seconds[arm][at] = took + time.perf_counter() - start
            alone.append(why)
            shown.update()
    return Table(
        accuracy,
        agreement if teacher is not None else {},
        {arm: sum(s) for arm, s in seconds.items()},
        steps,
        list(seeds),
        against,
        f"{len(seeds)} seeds; {labels} training labels among {len(data.train)} inputs{less}, "
        f"{len(data.validation)} validation labels, {len(data.test)} test labels"
        + (f"; {stacks.said(alone)}" if stacked else ""),
    )


# place among those that are wanted, the training at its end, what happened, its seconds, and why it trained alone
Trained = tuple[int, Training, list[Event], float, str | None]


def _one_by_one(wanted: Sequence[tuple[str, int]], training: Callable[[str, int], Training]) -> Iterator[Trained]:
    for place, (arm, seed) in enumerate(wanted):
        start = time.perf_counter()
        run = training(arm, seed)
        happened = list(run)
        yield place, run, happened, time.perf_counter() - start, ""


def _side_by_side(wanted: Sequence[tuple[str, int]], training: Callable[[str, int], Training]) -> Iterator[Trained]:
    start = time.perf_counter()
    made = [training(arm, seed) for arm, seed in wanted]
    each = (time.perf_counter() - start) / len(made)
    lone = stacks.alone([run.recipe for run in made])
    for group in stacks.groups(made):
        start = time.perf_counter()
        happened, why = stacks.finish([made[place] for place in group])
        took = each + (time.perf_counter() - start) / len(group)
        for place, events in zip(group, happened, strict=True):
            yield place, made[place], events, took, lone[place] or why


def _names(recipes: Sequence[Recipe]) -> dict[str, Recipe]:
    """Arms named by what differs among them."""
    differing = sorted({k for r in recipes for k in recipes[0].differences(r)})
    names = [", ".join(f"{k} {getattr(r, k)}" for k in differing) or "recipe" for r in recipes]
    if len(set(names)) < len(names):
        raise ValueError("recipes must differ from one another, got two that are equal")
    return dict(zip(names, recipes, strict=True))
