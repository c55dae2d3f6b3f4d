"""A tour of the workbench: a short list of things to do, each ticked when the learner has really done it."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import traitlets

from kdlab import plots
from kdlab.ui.lab import FIRST_LOOK
from kdlab.ui.view import View

if TYPE_CHECKING:
    from kdlab.ui.workbench import Workbench

__all__ = ["STOPS", "Stop", "Tour"]

# what is watched of the state; a Moment is these traits at one time, and which panels were looked at until then
WATCHED = (
    "temperature", "view_temperature", "locked", "alpha", "type", "panel",
    "running", "pauses", "step", "total", "pace", "saved", "opened", "opening",
)  # fmt: skip
Moment = SimpleNamespace


class Stop(NamedTuple):
    """One thing to do: its name, what is said of it, where in the workbench it is (CSS), and how it is noticed.

    ``done`` compares two moments, before and after something changed; None: the question of the tour.
    """

    name: str
    text: str
    where: str
    done: Callable[[Moment, Moment], bool] | None


STOPS = (
    Stop(
        "temperature",
        "Move **Temperature** up and down. Which bars grow as it rises?",
        ".kd-controls input[aria-label=Temperature]",
        lambda was, now: was.temperature != now.temperature and now.panel == 0 and not now.opening,
    ),
    Stop(
        "lock",
        "Press the lock **view T = train T**, then move the slider that appears: you look at another T, and the "
        "training keeps its own.",
        ".kd-controls .kd-lock",
        lambda was, now: was.view_temperature != now.view_temperature != now.temperature and not now.locked,
    ),
    Stop(
        "train",
        "Press **Train**. A new student begins, and the curves of the old one go to the table of runs.",
        ".kd-transport .kd-main",
        lambda was, now: now.running and not was.running,
    ),
    Stop(
        "pace",
        "Change the pace while it trains: **1**, **10** or **100** steps a second, or as fast as it goes.",
        ".kd-transport .kd-segments input:checked",
        lambda was, now: was.pace != now.pace and now.running,
    ),
    Stop(
        "alpha",
        "Turn **Alpha** while it trains. The next step already uses it, and the curves get a mark.",
        ".kd-controls input[aria-label=Alpha]",
        lambda was, now: was.alpha != now.alpha and was.running and was.type == now.type and not now.opening,
    ),
    Stop(
        "pause",
        "Press **Pause** before the run ends. All stays as it is.",
        ".kd-transport .kd-main",
        lambda was, now: now.running and was.pauses < now.pauses and now.step < now.total,
    ),
    Stop(
        "step",
        "Take one single **Step**, and look at the formula: its numbers are those of this step.",
        ".kd-transport [data-command=step]",
        lambda was, now: not (was.running or now.running) and 0 < was.step == now.step - 1 and not now.opened,
    ),
    Stop(
        "panels",
        "Look at **Layer features**, **Relations**, **Curves** and **Runs**; the two panels behind them come later.",
        ".kd-tabs [role=tab][aria-selected=true]",
        lambda was, now: now.visited >= {1, 2, 3, 4},
    ),
    Stop(
        "curves",
        "Let it train to its end and read **Curves**. Of the students, whose line of validation accuracy ends highest?",
        ".kd-tabs [role=tab]:nth-child(4)",
        None,
    ),
    Stop(
        "save",
        "**Save** your run, then press **Open**, and open it from the table of runs.",
        ".kd-transport [data-command=save]",
        lambda was, now: was.opened != now.opened == now.saved != FIRST_LOOK and now.opened != "",
    ),
    Stop(
        "reset",
        "Press **Reset**: a student that knows nothing yet, and what it says of the pictures.",
        ".kd-transport [data-command=reset]",
        lambda was, now: was.step > 0 == now.step and not now.running and not now.opened,
    ),
)


class Tour(View, source="tour.js"):
    """A list of things to do in a workbench, which notices what was done.

    Args:
        bench: the workbench that is toured; its state is watched, whoever changes it.
    """

    name = traitlets.Unicode("Tour").tag(sync=True)
    stops = traitlets.List(traitlets.Dict(), help='{"name", "text", "where", "asks"} each').tag(sync=True)
    done = traitlets.List(traitlets.Unicode(), help="names of stops, in the order they were done").tag(sync=True)
    choices = traitlets.List(traitlets.Unicode(), help="answers to the question").tag(sync=True)
    verdict = traitlets.Unicode("", help="what is said of the last answer").tag(sync=True)

    def __init__(self, bench: Workbench):
        stops = [{"name": s.name, "text": s.text, "where": s.where, "asks": s.done is None} for s in STOPS]
        super().__init__(stops=stops)
        self._state, self._curves = bench.state, bench.views["curves"]
        self._visited = {self._state.panel}
        self._was = self._moment()
        self._watching = threading.Lock()  # knobs are turned in one thread, readings set in another
        self._state.observe(lambda _: self._look(), list(WATCHED))
        self._curves.observe(lambda _: self._offer(), "charts")
        self.on_msg(lambda _view, content, _buffers: self.answer(content["answer"]))
        self._offer()

    def answer(self, choice: str) -> None:
        """Compare an answer to the question with what the curves show now."""
        ends = self._ends()
        if self._state.running or self._state.step < self._state.total:
            self.verdict = "Let it train to its end first."
        elif ends and ends.get(choice) == max(ends.values()):
            self.verdict = ""
            self._tick("curves")
        else:
            self.verdict = "Not that one. The last value stands beside the end of each line, in the large chart."

    def sentence(self) -> str:
        """The list; the same whatever was done."""
        lines = ["Tour of the workbench:", *(f"{i}. {s.text.replace('**', '')}" for i, s in enumerate(STOPS, 1))]
        return "\n".join(textwrap.fill(line, 92, subsequent_indent="   ") for line in lines)

    def _moment(self) -> Moment:
        traits = {name: getattr(self._state, name) for name in WATCHED}
        return Moment(**traits, visited=frozenset(self._visited))

    def _look(self) -> None:
        with self._watching:
            self._visited.add(self._state.panel)
            was, self._was = self._was, self._moment()
            found = [s.name for s in STOPS if s.done is not None and was != self._was and s.done(was, self._was)]
        for name in found:
            self._tick(name)

    def _tick(self, name: str) -> None:
        if name not in self.done:
            self.done = [*self.done, name]

    def _ends(self) -> dict[str, float]:
        """Each line of the leading chart and where it ends; level lines have no end."""
        chart: dict[str, Any] = plots.leading(self._curves.charts) or {"series": []}
        return {line["name"]: line["y"][-1] for line in chart["series"] if line["y"]}

    def _offer(self) -> None:
        self.choices = list(self._ends())
