"""Trials of one structure, which differ in mere numbers: checked once, and handed over together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from kdlab.recipe import Recipe
from kdlab.sweeps.plan import Trial
from kdlab.sweeps.trial import Own

TOGETHER = 1  # trials of equal structure that are handed over at once
NUMBERS = ("seed", "temperature", "alpha", "learning_rate", "label_smoothing", "method_knobs", "decay")


def structure(recipe: Recipe) -> str:
    """All that is not a mere number of the loss, as text: equal for recipes whose students could train as one stack."""
    plain = Recipe()
    return repr(dataclasses.replace(recipe, **{name: getattr(plain, name) for name in NUMBERS}))


def check_each(trials: Sequence[Trial], own: Own) -> None:
    """Every recipe can run, or nothing is trained: one of each structure is set up, that with the largest alpha.

    Raises:
        ValueError: one cannot run; the message says which and why.
    """
    found: dict[str, Recipe] = {}
    for t in trials:
        best = found.setdefault(structure(t.recipe), t.recipe)
        if t.recipe.resolved().highest_alpha > best.resolved().highest_alpha:
            found[structure(t.recipe)] = t.recipe
    for recipe in found.values():
        own.training(recipe)


def batches(trials: Sequence[Trial]) -> list[list[Trial]]:
    """The trials in their order, those of one structure together as far as :data:`TOGETHER` goes."""
    found: list[list[Trial]] = []
    filling: dict[str, list[Trial]] = {}
    for t in trials:
        kind = structure(t.recipe)
        if kind not in filling or len(filling[kind]) >= TOGETHER:
            filling[kind] = []
            found.append(filling[kind])
        filling[kind].append(t)
    return found
