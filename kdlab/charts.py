"""From events to charts: plain dicts that the live view and the stored picture draw alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kdlab.events import Event, Step, curve, marks

Chart = dict[str, Any]

MOST_POINTS = 300  # what the eye can tell apart; events on disk stay complete


def thin(x: Sequence[float], y: Sequence[float], most: int = MOST_POINTS) -> tuple[list[float], list[float]]:
    """At most ``most`` points, evenly chosen, the last one always among them; values to 5 digits."""
    stride = -(-len(x) // most) if x else 1
    keep = sorted(set(range(len(x) - 1, -1, -stride)))
    return [x[i] for i in keep], [float(f"{y[i]:.5g}") for i in keep]


def series(name: str, role: str, x: Sequence[float], y: Sequence[float], dash: str = "") -> dict[str, Any]:
    """One line of a chart; ``role`` gives its colour: student, teacher, labels, hard or other."""
    x, y = thin(x, y)
    return {"name": name, "role": role, "dash": dash, "x": x, "y": y}


def terms(events: Sequence[Event], who: str = "student") -> Chart:
    """Each term of the loss, without its weight."""
    names = list(dict.fromkeys(k for e in events if isinstance(e, Step) for k in e.terms if k.startswith(f"{who}/")))
    lines = []
    for name in names:
        short = name.partition("/")[2]
        role = "labels" if short == "labels" else "teacher"
        lines.append(series(short, role, *curve(events, short, who), dash="dash" if role == "labels" else ""))
    return {"name": "terms", "title": "Loss terms", "unit": "value", "log": True, "series": lines}


def yardstick(
    events: Sequence[Event],
    name: str,
    title: str,
    unit: str,
    others: Mapping[str, tuple[str, str, Sequence[Event]]] | None = None,
    scale: float = 1.0,
) -> Chart:
    """One measured number of all students of a run, with other runs' beside it.

    Args:
        events: the run.
        name: ``accuracy``, ``cross_entropy``, ``kl`` or ``agreement``.
        title: of the chart.
        unit: of its axis.
        others: name -> (role, dash, events) of runs to compare with.
        scale: values are multiplied by it, as 100 for per cent.
    """
    whos = list(dict.fromkeys(w for e in events for w in getattr(e, "measured", {})))
    lines = []
    for i, who in enumerate(whos):
        x, y = curve(events, name, who)
        role, dash = ("student", "") if i == 0 else ("other", ("dash", "dot")[i % 2])
        lines.append(series(who, role, x, [scale * v for v in y], dash))
    for other, (role, dash, theirs) in (others or {}).items():
        x, y = curve(theirs, name)
        lines.append(series(other, role, x, [scale * v for v in y], dash))
    return {"name": name, "title": title, "unit": unit, "series": lines}


def of_run(
    events: Iterable[Event],
    others: Mapping[str, tuple[str, str, Sequence[Event]]] | None = None,
    teacher_accuracy: float | None = None,
) -> list[Chart]:
    """All charts of a run: yardsticks that no knob moves, and the loss by its terms, with marks where knobs turned."""
    events = list(events)
    accuracy = yardstick(events, "accuracy", "Validation accuracy", "%", others, 100)
    if teacher_accuracy is not None:
        accuracy["lines"] = [{"name": "teacher", "role": "teacher", "y": round(100 * teacher_accuracy, 3)}]
    found = [
        accuracy,
        yardstick(events, "cross_entropy", "Cross-entropy with the labels, T = 1", "nats", others),
        yardstick(events, "kl", "KL(teacher ‖ student), T = 1", "nats", others),
        terms(events),
    ]
    turned = marks(events)
    for chart in found:
        chart["marks"] = turned
    return [chart for chart in found if any(line["x"] for line in chart["series"])]
