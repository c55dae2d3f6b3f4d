"""Trials of one structure, which differ in mere numbers: checked once, and handed over together."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

from kdlab import stacked
from kdlab.recipe import Recipe
from kdlab.sweeps.plan import Trial
from kdlab.sweeps.trial import Own
from kdlab.threads import one_thread

TOGETHER = 40  # trials at most that are handed over at once: more would save little, and be lost together
NUMBERS = ("seed", "temperature", "alpha", "learning_rate", "label_smoothing", "method_knobs", "decay")


def structure(recipe: Recipe) -> str:
    """All that is not a mere number of the loss, as text: equal for recipes whose students could train as one stack."""
    plain = Recipe()
    return repr(dataclasses.replace(recipe, **{name: getattr(plain, name) for name in NUMBERS}))


def check_each(trials: Sequence[Trial], own: Own) -> dict[str, int]:
    """Every recipe can run, or nothing is trained: one of each structure is set up, that with the largest alpha.

    Returns:
        :func:`structure` -> how many such students fit into :data:`kdlab.stacked.ROOM`.

    Raises:
        ValueError: one cannot run; the message says which and why.
    """
    found: dict[str, Recipe] = {}
    for t in trials:
        best = found.setdefault(structure(t.recipe), t.recipe)
        if t.recipe.resolved().highest_alpha > best.resolved().highest_alpha:
            found[structure(t.recipe)] = t.recipe
    with one_thread():  # what is made here, such as a teacher's inputs without data, serves the trials
        return {kind: stacked.room(own.training(recipe)) for kind, recipe in found.items()}


def batches(trials: Sequence[Trial], rooms: Mapping[str, int], hands: int = 1) -> list[list[Trial]]:
    """The trials in their order, those together that could take each step together.

    Args:
        trials: what is to be trained.
        rooms: of :func:`check_each`.
        hands: how many batches are trained at once; none of them is to stand idle while others have plenty.
    """
    kinds: dict[str, list[Trial]] = {}
    for t in trials:
        kinds.setdefault(stacked.kind(t.recipe), []).append(t)
    found = []
    for those in kinds.values():
        most = min(TOGETHER, rooms[structure(those[0].recipe)], math.ceil(len(trials) / hands))
        size = stacked.even(len(those), most)
        found += [those[i : i + size] for i in range(0, len(those), size)]
    place = {t[:2]: i for i, t in enumerate(trials)}
    return sorted(found, key=lambda batch: place[batch[0][:2]])
