"""The plan of a sweep: which knobs take which values, by grid or at random, and with which seeds."""

from __future__ import annotations

import dataclasses
import itertools
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import nn

from kdlab import check
from kdlab.api import named
from kdlab.arrangement import Teacher
from kdlab.data import Dataset
from kdlab.recipe import Recipe
from kdlab.sweeps import values

if TYPE_CHECKING:
    from kdlab.sweeps.running import Running


class Trial(NamedTuple):
    """One training of a sweep.

    Attributes:
        place: which of the sweep's recipes, from 0.
        seed: of its weights and its order of batches.
        recipe: every knob, the seed included.
    """

    place: int
    seed: int
    recipe: Recipe


@dataclass(frozen=True)
class Sweep:
    """Recipes that differ in some knobs, each to be trained with every seed.

    A knob is named as in a recipe; a dot reaches into its tables: ``"method_knobs.weight"``, ``"schedule.alpha"``, and
    ``"method.hint"`` for a factor of a mix. Grid and draws are crossed: each draw meets each point of the grid. A
    method that is swept brings its type along.

    Args:
        base: the knobs that all have in common: a recipe, or a table of them.
        grid: knob -> the values it takes; all combinations.
        random: knob -> what it is drawn from: a list, or a range ``{"low": 1e-4, "high": 1e-2, "log": True}`` (``log``:
            evenly over the magnitudes). A knob that counts gets whole numbers, others four digits.
        draws: how many times all random knobs are drawn; more draws begin with the same ones.
        draw_seed: of the draws, in [0, 2**32).
        seeds: of the trainings: a list, or how many: 3 means 0, 1 and 2.

    Raises:
        ValueError: a knob is unknown (a near miss is suggested) or swept twice, a value is out of its range, or there
            is nothing to train.
        TypeError: a part is of another kind than it must be.
    """

    base: Recipe | Mapping[str, Any] = field(default_factory=Recipe)
    grid: Mapping[str, Any] = field(default_factory=dict)
    random: Mapping[str, Any] = field(default_factory=dict)
    draws: int = 0
    draw_seed: int = 0
    seeds: int | Sequence[int] = 3

    def __post_init__(self) -> None:
        if not isinstance(self.base, Recipe):
            object.__setattr__(self, "base", Recipe.from_dict(values.table(base=self.base)))
        if self.base.seed:
            raise ValueError(f"base must leave the seed to seeds, got seed {self.base.seed}")
        for name in ("grid", "random"):
            whole = values.flat(values.table(**{name: getattr(self, name)}), ranges=name == "random")
            take = values.listed if name == "grid" else values.drawable
            object.__setattr__(self, name, {knob: take(f"{name}.{knob}", given) for knob, given in whole})
        check.whole(0, draws=self.draws)
        check.between(0, 2**32 - 1, draw_seed=self.draw_seed)
        check.whole(0, draw_seed=self.draw_seed)
        object.__setattr__(self, "seeds", values.seeds(self.seeds))
        if "seed" in self.knobs:
            raise ValueError("seed must be left to seeds, got it among the knobs")
        if twice := sorted(set(self.grid) & set(self.random)):
            raise ValueError(f"grid and random must have no knob in common, got {', '.join(twice)} in both")
        if bool(self.draws) != bool(self.random):
            raise ValueError(f"draws must be at least 1 where random has knobs, and 0 elsewhere, got {self.draws}")
        _ = self.recipes  # made now, for their refusals

    @property
    def knobs(self) -> list[str]:
        """What is swept, in the order of the plan."""
        return [*self.grid, *self.random]

    @cached_property
    def points(self) -> list[dict[str, Any]]:
        """Knob -> value for each recipe; those that come twice (as draws from a short list may) are there once."""
        drawn = {
            knob: values.draw(given, self.draws, seed=self.draw_seed, knob=knob, whole=values.counts(self.base, knob))
            for knob, given in self.random.items()
        }
        rows = [{knob: column[i] for knob, column in drawn.items()} for i in range(self.draws)] or [{}]
        crossed = [
            dict(zip(self.grid, chosen, strict=True)) | row
            for chosen in itertools.product(*self.grid.values())
            for row in rows
        ]
        return list({json.dumps(point, default=repr): point for point in crossed}.values())

    @cached_property
    def recipes(self) -> list[Recipe]:
        """One recipe for each point, in the same order; the seed is still to be put in."""
        return [values.turned(self.base, point) for point in self.points]

    def trials(self) -> list[Trial]:
        """All trainings: each recipe with each seed; all with the first seed come first, so that a map fills."""
        return [Trial(i, s, recipe.replace(seed=s)) for s in self.seeds for i, recipe in enumerate(self.recipes)]

    def run(
        self,
        data: Dataset | str | None = None,
        *,
        teacher: Teacher | str | Sequence[str] = None,
        student: str | Callable[[int], nn.Module] | None = None,
        executor: Any = None,
        workers: int = 0,
        out: str | Path | None = None,
    ) -> Running:
        """The sweep step by step: an iterator that yields each finished trial, with ``.results`` so far.

        The arguments are those of :func:`kdlab.sweep`.

        Example:
            >>> running = kdlab.Sweep(recipe, grid={"temperature": [1.0, 4.0]}).run()  # doctest: +SKIP
            >>> for trial in running: print(running.results)  # doctest: +SKIP
        """
        from kdlab.sweeps.running import Running  # what runs a plan builds on it
        from kdlab.sweeps.trial import Own

        plan = replace(self, base=named(self.base, student, data, teacher))
        given = {"data": data, "teacher": teacher, "student": student}
        own = Own(**{name: one for name, one in given.items() if getattr(plan.base, name) is None})  # it has no name
        return Running(plan, own, executor=executor, workers=workers, out=out)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Sweep:
        """A plan from plain values.

        Raises:
            ValueError: an unknown key (a near miss is suggested) or a bad value.
        """
        for name in table:
            check.choice([f.name for f in dataclasses.fields(cls)], **{"key of a sweep": name})
        return cls(**table)

    @classmethod
    def from_toml(cls, text: str) -> Sweep:
        """A plan from TOML text: the arguments as keys and tables, such as ``[base]``, ``[grid]``, ``[random]``.

        Raises:
            ValueError: not TOML, an unknown key (a near miss is suggested) or a bad value.
        """
        try:
            return cls.from_dict(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"sweep must be TOML, got text that is not: {error}") from None
