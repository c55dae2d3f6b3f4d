"""From events to charts: plain dicts that the live view and the stored picture draw alike."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kdlab.events import Changed, Epoch, Event, Phase, Step, marks

Chart = dict[str, Any]

LABELS, HARD = "labels only", "hard answers"  # the baselines a run is watched against
MOST_POINTS = 300  # what the eye can tell apart; events on disk stay complete


class Trace:
    """The numbers of a run by name, gathered as events come in, so that drawing need not read all of them again.

    Attributes:
        lines: ("measured" or "term", who, name) -> (steps, values).
        turned: the turns of knobs.
        phases: those that have begun.
    """

    def __init__(self, events: Iterable[Event] = ()):
        self.lines: dict[tuple[str, str, str], tuple[list[int], list[float]]] = {}
        self.turned: list[Changed] = []
        self.phases: list[Phase] = []
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, Changed):
            self.turned.append(event)
        elif isinstance(event, Phase):
            self.phases.append(event)
        elif isinstance(event, Step):
            for key, value in event.terms.items():
                who, _, name = key.partition("/")
                self._point(("term", who, name), event.step, value)
        elif isinstance(event, Epoch):
            for who, numbers in event.measured.items():
                for name, value in numbers.items():
                    self._point(("measured", who, name), event.step, value)

    def _point(self, key: tuple[str, str, str], step: int, value: float) -> None:
        if math.isfinite(value):
            x, y = self.lines.setdefault(key, ([], []))
            x.append(step)
            y.append(value)

    def measured(self, name: str, who: str = "student") -> tuple[list[int], list[float]]:
        """Steps and values of a measured number, such as ``accuracy``; empty where there is none."""
        return self.lines.get(("measured", who, name), ([], []))

    def whos(self) -> list[str]:
        """All that were measured: students and their exits, the student first."""
        return list(dict.fromkeys(who for kind, who, _ in self.lines if kind == "measured"))


class Beside(NamedTuple):
    """A run drawn beside another: its role (a colour), its dash, and its trace."""

    role: str
    dash: str
    trace: Trace


def beside(baselines: Mapping[str, Trace]) -> dict[str, Beside]:
    """Baselines as they are drawn."""
    look = {LABELS: ("labels", "dash"), HARD: ("hard", "dot")}
    return {name: Beside(*look.get(name, ("other", "dash")), trace) for name, trace in baselines.items()}


def thin(x: Sequence[float], y: Sequence[float], most: int = MOST_POINTS) -> tuple[list[float], list[float]]:
    """At most ``most`` points, evenly chosen, the last one always among them; values to 5 digits."""
    stride = -(-len(x) // most) if len(x) else 1
    keep = range((len(x) - 1) % stride, len(x), stride)
    return [x[i] for i in keep], [float(f"{y[i]:.5g}") for i in keep]


def line(name: str, role: str, x: Sequence[float], y: Sequence[float], dash: str = "") -> dict[str, Any]:
    """One line of a chart; ``role`` gives its colour: student, teacher, labels, hard or other."""
    x, y = thin(x, y)
    return {"name": name, "role": role, "dash": dash, "x": x, "y": y}


def band(name: str, role: str, traces: Sequence[Trace], number: str, scale: float = 1.0) -> dict[str, Any]:
    """One line over several seeds: their mean, with the range from the lowest to the highest seed."""
    lines = [trace.measured(number) for trace in traces]
    n = min(len(x) for x, _ in lines)
    if len(lines) == 1:
        return line(name, role, lines[0][0], [scale * v for v in lines[0][1]])
    columns = [[scale * y[i] for _, y in lines] for i in range(n)]
    x = lines[0][0][:n]
    made = line(name, role, x, [sum(c) / len(c) for c in columns])
    made["low"], made["high"] = thin(x, [min(c) for c in columns])[1], thin(x, [max(c) for c in columns])[1]
    return made


def terms(trace: Trace, who: str = "student") -> Chart:
    """Each term of the loss, without its weight."""
    lines = []
    for (kind, owner, name), (x, y) in trace.lines.items():
        if kind == "term" and owner == who:
            lines.append(
                line(name, "labels" if name == "labels" else "teacher", x, y, "dash" if name == "labels" else "")
            )
    return {
        "name": "terms",
        "title": "Loss terms",
        "unit": "value",
        "log": True,
        "series": lines,
    }


def yardstick(
    traces: Sequence[Trace], number: str, title: str, unit: str, beside: Mapping[str, Beside], scale: float = 1.0
) -> Chart:
    """One measured number: of all seeds as a band, of the student's peers and exits, and of the runs beside."""
    lines = [band("student", "student", traces, number, scale)]
    for i, who in enumerate(traces[0].whos()[1:]):
        x, y = traces[0].measured(number, who)
        lines.append(line(who.replace("student:", "exit "), "other", x, [scale * v for v in y], ("dash", "dot")[i % 2]))
    for name, other in beside.items():
        x, y = other.trace.measured(number)
        lines.append(line(name, other.role, x, [scale * v for v in y], other.dash))
    return {"name": number, "title": title, "unit": unit, "series": [found for found in lines if found["x"]]}


def of_run(
    run: Iterable[Event] | Sequence[Trace],
    beside: Mapping[str, Beside] | None = None,
    teacher_accuracy: float | None = None,
) -> list[Chart]:
    """All charts of a run: yardsticks that no knob moves, and the loss by its terms.

    Marks stand where knobs were turned and phases began.

    Args:
        run: events, or a trace for each seed.
        beside: runs to draw with it, by name.
        teacher_accuracy: on the validation set, a share; drawn as a level line.
    """
    found = list(run)
    traces = found if found and isinstance(found[0], Trace) else [Trace(found)]
    beside = beside or {}
    made = [
        yardstick(traces, "accuracy", "Validation accuracy", "%", beside, 100),
        yardstick(traces, "cross_entropy", "Cross-entropy, T = 1", "nats", beside),
        yardstick(traces, "kl", "KL(teacher ‖ student), T = 1", "nats", beside),
        terms(traces[0]),
    ]
    if teacher_accuracy is not None:
        made[0]["lines"] = [{"name": "teacher", "role": "teacher", "y": round(100 * teacher_accuracy, 3)}]
    turned = marks([*traces[0].turned, *traces[0].phases])
    return [chart | {"marks": turned} for chart in made if chart["series"]]
