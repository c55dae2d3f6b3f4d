"""The run on show: one that is being trained, or one that was opened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import nn

from kdlab import charts, ledger
from kdlab.charts import Beside, Trace
from kdlab.events import Event, Phase, Step
from kdlab.knowledge import Pairs
from kdlab.methods import Method
from kdlab.prepare import Wire
from kdlab.recipe import Recipe
from kdlab.runs import Run
from kdlab.schemes import Link
from kdlab.ui.lanes import Lanes
from kdlab.ui.scene import Scene

WAITS = Wire(Link("student", None), (), None)  # while only an assistant learns


class Source(NamedTuple):
    """Who teaches the student in the phase on show: its name in the scheme, its network, and how that sees the data."""

    name: str
    net: nn.Module
    view: str | None = None  # None: as the student does

    @classmethod
    def trained(cls, scene: Scene) -> Source | None:
        """The trained teacher, if there is one."""
        return None if scene.teacher is None else cls("teacher", scene.teacher, scene.teacher_view)


@dataclass
class Shown:
    """What there is to see of a run.

    Attributes:
        student: the network.
        traces: one for each seed.
        beside: baselines, as drawn.
        step: optimiser steps done.
        total: of the whole run.
        last: the last step, or None.
        method: the method of this phase, or None where nothing has begun.
        pairs: layers that it compares between the student and its source.
        adapter: what the method trains for them.
        source: who teaches the student, where that is a network.
        temperature: T of the next step.
        entries: the loss ledger, where it is asked for.
        scheme: of this phase and its variant, or None where nothing has begun.
        phases: those that have begun.
        upcoming: links of those that the scheme has left.
        knobs: the recipe that the knobs say; None where they do not go together.
        now: scheduled knobs and where they stand, for the next step.
        teacher: what the trained teacher is called on screen.
        student_name: of the network that the run has, where it is known.
    """

    student: nn.Module
    traces: list[Trace]
    beside: dict[str, Beside]
    step: int
    total: int
    last: Step | None
    method: Method | None = None
    pairs: Pairs = ()
    adapter: nn.Module | None = None
    source: Source | None = None
    temperature: float = 1.0
    entries: dict[str, ledger.Entry] = field(default_factory=dict)
    scheme: tuple[str, str] | None = None
    phases: list[Phase] = field(default_factory=list)
    upcoming: list[list[list[str | None]]] = field(default_factory=list)
    knobs: Recipe | None = None
    now: dict[str, float] = field(default_factory=dict)
    teacher: str = ""
    student_name: str = ""

    @classmethod
    def untrained(cls, scene: Scene, total: int) -> Shown:
        """Nothing has been trained yet."""
        return cls(scene.first, [], {}, 0, total, None)

    @classmethod
    def of_lanes(cls, lanes: Lanes, entries: dict[str, ledger.Entry]) -> Shown:
        """A run that is being trained; called in the thread that trains it."""
        training = lanes.main.training
        mine = [wire for wire in training.wires if wire.link.student == "student"] or [WAITS]
        wire = next((w for w in mine if w.link.teacher), mine[0])
        player = training.setup.players.get(wire.link.teacher)
        net = getattr(player, "net", None)
        return cls(
            student=training.students["student"],
            traces=[lane.trace for lane in lanes.seeds],
            beside=charts.beside({name: lane.trace for name, lane in lanes.baselines.items()}),
            step=training.step,
            total=training.total,
            last=newest(lanes.main.events, Step),
            method=training.setup.method,
            pairs=wire.pairs,
            adapter=wire.adapter,
            source=None if net is None else Source(wire.link.teacher, net, player.view),
            temperature=training.knobs.temperature,
            entries=entries,
            scheme=_scheme(training.knobs),
            phases=phases(lanes.main.events),
            upcoming=[[list(link) for link in p] for p in training.phases[training.phase + 1 :]],
            now={name: getattr(training.knobs, name) for name in training.recipe.schedule},
            student_name=training.recipe.student or "",
        )

    @classmethod
    def of_run(cls, run: Run) -> Shown:
        """A run that was opened."""
        step = newest(run.events, Step)
        traces, beside = run.traces()
        return cls(
            student=run.student,
            traces=traces,
            beside=beside,
            step=step.step if step else 0,
            total=step.step if step else 0,
            last=step,
            method=run.recipe.build_method(),
            temperature=run.recipe.at(1.0).temperature,
            scheme=_scheme(run.recipe),
            phases=phases(run.events),
            now=scheduled(run.recipe, 1.0),
            student_name=run.recipe.student or "",
        )

    @property
    def pull(self) -> dict[str, float] | None:
        """Who pulls the student, where it is known; its exits apart."""
        own = {name: entry for name, entry in self.entries.items() if "/" not in name}
        return ledger.pull(own) if own else None


def scheduled(recipe: Recipe, share: float) -> dict[str, float]:
    """Scheduled knobs and where they stand at a share of the run, in [0, 1]."""
    there = recipe.at(share)
    return {name: getattr(there, name) for name in recipe.schedule}


def _scheme(recipe: Recipe) -> tuple[str, str]:
    whole = recipe.resolved()
    return whole.scheme, whole.scheme_variant


def newest(events: list[Event], kind: type) -> Event | None:
    """The newest event of a kind."""
    return next((e for e in reversed(events) if isinstance(e, kind)), None)


def phases(events: Iterable[Event]) -> list[Phase]:
    """The phases that have begun."""
    return [e for e in events if isinstance(e, Phase)]
