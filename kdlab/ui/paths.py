"""Schedules under the hand: whether a knob stays where its slider stands, or goes in a line to another value."""

from __future__ import annotations

from typing import Any

from kdlab.ui.state import LabState

HEADS = ("path", "end")
HELD, LINE, OTHER = "held", "line", "other"
GROUP = "Over the run"
NAMES = {"temperature": "Temperature", "alpha": "Alpha", "learning_rate": "Learning rate"}
# how a value at the end is chosen: bounds, and whether on a logarithmic scale
ENDS = {"temperature": (0.5, 20.0, True), "alpha": (0.0, 1.0, False), "learning_rate": (1e-5, 1e-1, True)}


def kind(state: LabState, knob: str) -> str:
    """Whether a knob is held, goes in a straight line over the whole run, or in another way that a recipe has given."""
    points = state.schedule.get(knob)
    if points is None:
        return HELD
    return LINE if [share for share, _ in points] == [0.0, 1.0] else OTHER


def fields(state: LabState) -> list[dict[str, Any]]:
    """For each knob that counts now: what becomes of it, and if it moves, the value at the end."""
    found: list[dict[str, Any]] = []
    for knob, name in NAMES.items():
        points, how = state.schedule.get(knob), kind(state, knob)
        if how == HELD and not _counts(state, knob):
            continue
        way = "moves to" if points is None else f"{'falls' if points[-1][1] < points[0][1] else 'rises'} to"
        options = [[HELD, "held", ""], [LINE, way, ""]]
        if how == OTHER:
            options.append([OTHER, " – ".join(f"{value:.3g}" for _, value in points), ""])
        help = "held where its slider stands, or a straight line from there over the whole run"
        found.append({"name": f"path.{knob}", "label": name, "kind": "choice", "options": options, "help": help})
        if how == LINE:
            low, high, log = ENDS[knob]
            end = {"kind": "log"} if log else {"kind": "float", "step": 0.01}
            help = "at the last step; turning the knob itself ends the line"
            found.append({"name": f"end.{knob}", "label": "at the end", "min": low, "max": high, "help": help, **end})
    return [{**field, "group": GROUP, "folded": not state.schedule} for field in found]


def _counts(state: LabState, knob: str) -> bool:
    if knob == "temperature":
        return state.build_method().uses_temperature
    return not (knob == "alpha" and state.fixed_alpha is not None)


def values(state: LabState) -> dict[str, Any]:
    """Field name -> value."""
    found: dict[str, Any] = {f"path.{knob}": kind(state, knob) for knob in NAMES}
    return found | {f"end.{knob}": points[-1][1] for knob, points in state.schedule.items()}


def assign(state: LabState, head: str, knob: str, value: Any) -> None:
    """Let a knob be held where it stands, or move, or end elsewhere."""
    points = state.schedule.get(knob)
    if head == "end" and points is not None:
        state.schedule = {**state.schedule, knob: [*points[:-1], [points[-1][0], float(value)]]}
    elif value == HELD and points is not None:
        state.hold(knob, state.now.get(knob))
        state.notice = ""
    elif value == LINE and kind(state, knob) != LINE:
        start = getattr(state, knob) if points is None else points[0][1]
        end = _other(knob, start) if points is None else points[-1][1]
        state.schedule = {**state.schedule, knob: [[0.0, start], [1.0, end]]}
        state.notice = ""


def _other(knob: str, value: float) -> float:
    """An end to begin with, which the slider beside it then moves."""
    if knob == "temperature":
        return 1.0 if value > 1 else 4.0
    if knob == "alpha":
        return 0.1 if value >= 0.5 else 0.9
    return max(ENDS[knob][0], float(f"{value / 100:.2g}"))
