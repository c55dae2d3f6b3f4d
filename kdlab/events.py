"""What happened in a run, as plain numbers: saved as JSON lines, read again, replayed."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FINE_TUNING = "fine-tuning"  # the method's name where no method teaches any more
BEGIN_A_PHASE = ("type", "method", "scheme", "scheme_variant", "algorithm", "taps")


@dataclass(frozen=True)
class Phase:
    """A phase began.

    Attributes:
        step: optimiser steps done before it.
        number: phases begun before it.
        links: (student, teacher or None) pairs.
        pairs: link -> the layers it compares, (teacher's, student's).
        method: the method's name.
    """

    step: int
    number: int
    links: list[list[str | None]]
    pairs: dict[str, list[list[str]]]
    method: str


@dataclass(frozen=True)
class Step:
    """One optimiser step was taken.

    Attributes:
        step: counted from 1.
        loss: what was minimised, in nats where its terms are.
        terms: ``"student/term"`` -> the term's value, without its weight.
        weights: the same names -> the weight it had, alpha included.
        knobs: those that a schedule turns -> their value at this step.
    """

    step: int
    loss: float
    terms: dict[str, float]
    weights: dict[str, float]
    knobs: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Epoch:
    """The students were measured on the validation set, all at T = 1.

    Attributes:
        step: optimiser steps done.
        epoch: epochs done.
        measured: student -> {"accuracy", "cross_entropy", and where there is a teacher "agreement", "kl"}; shares in
            [0, 1], the others in nats.
    """

    step: int
    epoch: int
    measured: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Changed:
    """A knob was turned between two steps; ``step`` steps were done with the old value.

    A schedule turns its knobs silently: their values are in :class:`Step`. Turning one by hand ends its schedule, which
    is a change of the knob ``schedule`` too. Four more things are told this way, under names that no knob has: ``first
    weights`` (layers that the student has from elsewhere), ``last batch`` (a batch of one has become one of two),
    ``labels at hand`` (late ones have come), ``weights of step`` (fine-tuning went back to its best).
    """

    step: int
    knob: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Diverged:
    """The loss of step ``step`` was no finite number; the weights are those before it."""

    step: int
    loss: str


Event = Phase | Step | Epoch | Changed | Diverged
_KINDS = {cls.__name__.lower(): cls for cls in (Phase, Step, Epoch, Changed, Diverged)}


def to_line(event: Event) -> str:
    """One event as one line of JSON, without the line's end."""
    values = dataclasses.asdict(event)
    if not values.get("knobs", True):
        del values["knobs"]  # no schedule, as in most runs
    return json.dumps({"event": type(event).__name__.lower(), **values}, default=dict)


def from_line(line: str) -> Event:
    """The event of one line.

    Raises:
        ValueError: the line is no event.
    """
    try:
        values = json.loads(line)
        return _KINDS[values.pop("event")](**values)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"line must be an event in JSON, got {line[:80]!r} ({error})") from None


def write(events: Iterable[Event], path: Path) -> None:
    """Write events as JSON lines, the same bytes on every system; the caller sees to atomicity."""
    path.write_text("".join(to_line(e) + "\n" for e in events), encoding="utf-8", newline="\n")


def read(path: Path) -> list[Event]:
    """Read events; a last line that was cut off by a crash is left out.

    Raises:
        ValueError: another line is no event.
    """
    lines = path.read_text(encoding="utf-8").split("\n")
    return [from_line(line) for line in lines[:-1] if line]


def marks(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Turns of knobs, and phases that follow of themselves, as marks of a chart: ``{"x": step, "text": "T 2 → 4"}``.

    A phase that a turned knob has begun has that knob's mark.
    """
    symbols = {"temperature": "T", "alpha": "α", "learning_rate": "learning rate"}
    found: dict[tuple[int, str], list[Any]] = {}
    phases: dict[int, str] = {}
    for e in events:
        if isinstance(e, Changed):
            found.setdefault((e.step, e.knob), [e.old])[1:] = [e.new]
        elif isinstance(e, Phase) and e.number:
            phases[e.step] = e.method if e.method == FINE_TUNING else f"phase {e.number + 1}"
    turned = [
        {"x": step, "text": f"{symbols.get(knob, knob)} {_short(old)} → {_short(new)}"}
        for (step, knob), (old, new) in found.items()
        if old != new
    ]
    begun = {step for step, knob in found if knob in BEGIN_A_PHASE}
    return turned + [{"x": step, "text": text} for step, text in phases.items() if step not in begun]


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{k} {_short(v)}" for k, v in value.items()) or "default"
    if isinstance(value, list):  # a schedule: its values
        return " – ".join(_short(point[1]) for point in value)
    return "default" if value is None else str(value)


def replay(events: Iterable[Event]) -> Iterator[str]:
    """The run as sentences, one for each event worth telling."""
    loss = math.nan
    for e in events:
        match e:
            case Step():
                loss = e.loss
            case Phase():
                who = ", ".join(f"{t or 'labels'} → {s}" for s, t in e.links)
                yield f"step {e.step:5d}  phase {e.number + 1}: {who}, {e.method}"
            case Changed():
                yield f"step {e.step:5d}  {e.knob}: {_short(e.old)} → {_short(e.new)}"
            case Diverged():
                yield f"step {e.step:5d}  diverged: the loss was {e.loss}"
            case Epoch():
                parts = [f"{who} {m['accuracy']:.1%}" for who, m in e.measured.items()]
                yield f"step {e.step:5d}  epoch {e.epoch:3d}: loss {loss:.3f}, validation accuracy {', '.join(parts)}"
