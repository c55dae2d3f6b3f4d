"""What a workbench does: trains, paces, opens and keeps runs, and paints what there is to see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kdlab import algorithms, models, schemes, taps
from kdlab.events import Diverged
from kdlab.ui import matching, options
from kdlab.ui.keeper import Keeper
from kdlab.ui.knobs import KNOBS, ROOTS
from kdlab.ui.lanes import Lane, Lanes
from kdlab.ui.painter import PANELS, Painter
from kdlab.ui.runner import Runner
from kdlab.ui.scales import Scales
from kdlab.ui.scene import Scene
from kdlab.ui.shelf import Shelf
from kdlab.ui.shown import Shown, scheduled
from kdlab.ui.state import DEEP, OWN, PACES, LabState

FIRST_LOOK = "first-look"  # the recorded run that ships
ALONE = "seeds are trained one by one: "


class Lab:
    """Commands and the thread that obeys them, between a state and a painter.

    Args:
        state: the knobs, which are watched, and the readings, which are set.
        painter: draws a scene and a run.
        runs: the folder that runs are saved in and opened from.
    """

    def __init__(self, state: LabState, painter: Painter, runs: Path):
        self.state, self.painter = state, painter
        self.shelf = Shelf(runs)
        self.runner = Runner(self._show, self.fail)
        self.keeper = Keeper(state, self.shelf, self.runner)
        self._scales = Scales()
        self._current: Lanes | None = None  # the lanes that were shown last
        self._why_not: str | None = None  # as it was said last: see Lanes
        self._baselines: dict[str, Lane] = {}
        self._scene_key: tuple | None = None
        self._fitting = False  # knobs are being set so that they go with another one
        state.observe(self._needs_depth, ["scheme", "scheme_variant"])
        state.observe(self._turned, list(KNOBS))
        state.observe(self._rooted, list(ROOTS))
        state.observe(lambda change: self._pace(change.new), "pace")
        state.observe(lambda _: self.runner.refresh(), ["panel", "sample"])
        self._pace(state.pace)

    def train(self) -> None:
        """Begin, or go on."""
        self._begin(self.runner.train)

    def pause(self) -> None:
        """Stand still after the step that is being taken."""
        self.state.pauses += 1
        self.runner.pause()

    def take_step(self) -> None:
        """One step, then stand still."""
        self._begin(self.runner.take_step)

    def reset(self) -> None:
        """Put the run on the shelf; the next one begins with a new student."""
        self.state.error = self.state.notice = self.state.status = ""
        self.runner.call(self.keeper.forget)
        self.runner.reset()

    def save(self) -> None:
        """Write the run on show into a new folder."""
        self.runner.call(self.keeper.save)

    def open(self, place: int | None = None) -> None:
        """Show a run of the table; without a place, the table."""
        if place is None:
            self.state.panel = PANELS.index("Runs")
        else:
            self.runner.call(lambda: self.keeper.open(place))

    def open_first(self) -> None:
        """The recorded run that ships, or an untrained student where data or networks are somebody's own."""
        recorded = next((i for i, e in enumerate(self.shelf.entries) if e.name == FIRST_LOOK), None)
        if recorded is None or self.state.own:
            self.runner.refresh()
        else:
            self.open(recorded)

    def teach(self, place: int | None = None) -> None:
        """Let the student of the run on show teach the next run, or that of a run of the table; its run is saved."""
        self.runner.call(lambda: self.keeper.teach(place))

    def overlay(self, place: int, shown: bool) -> None:
        """Draw a run of the table over the others, or no longer."""
        self.shelf.entries[place].shown = shown
        self.state.shelved += 1

    def link(self, teacher: str, student: str) -> None:
        """Join a layer of the teacher to one of the student, if the method can compare them; this ends the phase."""
        self.runner.call(lambda: self._match(matching.joined, teacher, student))

    def unlink(self, teacher: str, student: str) -> None:
        """Drop a link between two layers; this ends the phase."""
        self.runner.call(lambda: self._match(matching.dropped, teacher, student))

    def fail(self, error: Exception) -> None:
        """Say what went wrong; nothing else changes."""
        with self.state.hold_trait_notifications():
            self.state.busy = ""
            self.state.error = str(error) or type(error).__name__
            self.state.running = self.runner.running

    # following the knobs

    def _turned(self, change: Any) -> None:
        s = self.state
        if not s.student and change.name in ("type", "method") and algorithms.kind(s.algorithm).chooses_student:
            self._rooted(change)  # another student may be chosen
        if not s.opening:
            self.state.error = ""
            self._trying(lambda: self.runner.turn(self.state.recipe()))
            if not self.state.running:
                self.runner.refresh()  # some panels show what the next step will do

    def _rooted(self, change: Any) -> None:
        s = self.state
        if s.opening or self._fitting:
            return
        self._fitting = True
        try:
            notice = options.fit(s) or s.notice
        finally:
            self._fitting = False
        self.reset()
        s.notice = notice

    def _needs_depth(self, change: Any) -> None:
        s = self.state
        if s.opening or not schemes.get(s.scheme, s.scheme_variant).needs_exits or s.student in ("", OWN):
            return
        data = s.load_data()
        if len(taps.layers(models.fitting(s.student, data), data.train.x[:2])) < 2:
            deep = next(name for name in DEEP if name in [n for n, *_ in options.students(s)])
            s.notice = f"self-distillation needs depth: the student is now {deep}, and the run begins anew"
            s.student = deep

    def _pace(self, pace: str) -> None:
        self.runner.pace = None if pace == PACES[-1] else float(pace)
        self.runner.rate = 0.0
        self.runner.call(lambda: None)  # wakes a thread that sleeps until its next slow step

    def _trying(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (ValueError, TypeError) as error:
            self.fail(error)

    # in the training thread

    def _begin(self, how: Callable[[Callable[[], Lanes]], None]) -> None:
        self.state.error = self.state.status = ""
        self._trying(lambda: how(self._maker()))

    def _maker(self) -> Callable[[], Lanes]:
        """A function that builds the lanes of the recipe as it is now; a bad one is refused at once."""
        s, recipe = self.state, self.state.recipe()

        def make() -> Lanes:
            self.keeper.shelve(self.runner.lanes)
            self.keeper.forget()
            with self._busy("preparing: the teacher is asked once"):
                scene, student = self._stage(), s.own.get("student", s.student) or None
                lanes = Lanes(recipe, scene.given, scene.teachers, student, s.seeds, self._baselines)
            self._baselines = lanes.baselines
            return lanes

        return make

    @contextmanager
    def _busy(self, text: str):
        before, self.state.busy = self.state.busy, text
        try:
            yield
        finally:
            self.state.busy = before

    def _stage(self) -> Scene:
        """The scene that the roots say, made anew only if one of them changed."""
        s = self.state
        key = (repr(s.roots()), s.init)
        if self._scene_key != key:
            with self._busy("preparing" if s.algorithm == algorithms.names()[0] else f"preparing: {s.algorithm}"):
                self.painter.begin(Scene.of(s))
            self._scene_key = key
        return self.painter.scene

    def _show(self, lanes: Lanes | None) -> None:
        """Called by the runner: readings into the state, pictures into the views."""
        s, runner = self.state, self.runner
        if lanes is not self._current:
            self.keeper.shelve(self._current)
            self._current, self._why_not = lanes, None
        scene, shown = self._stage(), self._shown(lanes)
        sample = min(max(0, s.sample), len(scene.x) - 1)
        self.painter.paint(shown, s.panel, sample, whole=not runner.running)
        left = (shown.total - shown.step) / runner.rate if runner.running and runner.rate else None
        with s.hold_trait_notifications():
            s.running, s.step, s.total, s.seconds_left = runner.running, shown.step, shown.total, left
            s.now = shown.now
            if lanes is not None and lanes.why_not != self._why_not:  # said once, for it may give way to other news
                self._why_not = lanes.why_not
                s.status = f"{ALONE}{lanes.why_not}" if lanes.why_not else s.status.partition(ALONE)[0]
        if lanes is not None and lanes.over and not runner.running:
            last = lanes.main.events[-1]
            if isinstance(last, Diverged):
                s.error = f"diverged at step {last.step}: the loss was {last.loss}; try a smaller learning rate"
            self.keeper.shelve(lanes)

    def _match(self, change: Callable[..., dict[str, str]], teacher: str, student: str) -> None:
        view = self.painter.views["features"]
        try:
            taps = change(self._stage(), self._shown(self.runner.lanes), teacher, student)
            view.refused, self.painter.features.look, self.state.taps = "", (teacher, student), taps
        except ValueError as error:
            view.refused = str(error)
        self.runner.push()

    def _shown(self, lanes: Lanes | None) -> Shown:
        """What there is to see: a run that was opened, one that is trained, or a student that has learned nothing."""
        s, scene, knobs = self.state, self._stage(), None
        with suppress(ValueError):
            knobs = s.recipe()
        if self.keeper.opened is not None:
            shown = Shown.of_run(self.keeper.opened)
        elif lanes is not None:
            runner, training = self.runner, lanes.main.training
            asked = not runner.running or runner.pace is not None or PANELS[s.panel] == "Ledger"
            shown = Shown.of_lanes(lanes, self._scales.weigh(training, running=runner.running) if asked else {})
        else:
            shown = Shown.untrained(scene, 0 if knobs is None else knobs.total_steps(len(scene.data.train)))
        shown.knobs, shown.teacher = knobs, options.teacher_name(s)
        if not shown.step and knobs is not None:  # nothing has begun: where they will begin
            shown.now = scheduled(knobs, 0.0)
        return shown
