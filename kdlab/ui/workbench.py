"""The workbench: one view on one state."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import ipywidgets as w
import traitlets
from torch import nn

from kdlab.data import Dataset
from kdlab.recipe import Recipe
from kdlab.ui import fields, options
from kdlab.ui.knobs import KNOBS, ROOTS
from kdlab.ui.lab import Lab
from kdlab.ui.painter import PANELS, Painter
from kdlab.ui.panels.controls import Controls
from kdlab.ui.panels.curves import Curves
from kdlab.ui.panels.features import Features
from kdlab.ui.panels.relations import Relations
from kdlab.ui.panels.run_ledger import RunLedger
from kdlab.ui.panels.runs import Runs
from kdlab.ui.panels.scheme import Scheme
from kdlab.ui.panels.soft_targets import SoftTargets
from kdlab.ui.panels.strip import Strip
from kdlab.ui.panels.tabs import Tabs
from kdlab.ui.panels.transport import Transport
from kdlab.ui.state import SCHEDULED, LabState
from kdlab.ui.view import with_still

KNOBS_SHOWN = ("temperature", "view_temperature", "locked", "alpha", "type", "scheme")
VIEWS = ("soft", "features", "relations", "curves", "runs", "scheme", "ledger")  # in the order of PANELS
READINGS_SHOWN = ("running", "step", "total", "seconds_left", "pace", "status", "error", "busy")
COMMANDS = {"train": "train", "pause": "pause", "step": "take_step", "reset": "reset", "save": "save", "open": "open"}


class Workbench(w.GridBox):
    """The live workbench: knobs, a run, and what teacher and student know.

    Args:
        data: a Dataset; None: Fashion-MNIST, 500 labelled images.
        teacher: a trained module; None: the one that ships.
        student: a module, of which copies are trained; None: ``mlp-64``.
        recipe: where the knobs stand first.
        runs: the folder that runs are saved in and opened from.

    Attributes:
        state: every knob and reading, as traits; set them from code, and the views follow.
        lab: the commands: ``lab.train()``, ``lab.pause()``, ``lab.take_step()``, ``lab.reset()``, ``lab.save()``.
        views: the views by name.
    """

    def __init__(
        self,
        data: Dataset | None = None,
        teacher: nn.Module | None = None,
        student: nn.Module | None = None,
        recipe: Recipe | None = None,
        *,
        runs: str | Path = "runs",
    ):
        self.state = LabState(data=data, teacher=teacher, student=student)
        if recipe is not None:
            self.state.take(recipe)
        self.views: dict[str, Any] = {
            "controls": Controls(), "transport": Transport(), "strip": Strip(), "tabs": Tabs(names=PANELS),
            "soft": SoftTargets(), "features": Features(), "relations": Relations(), "curves": Curves(), "runs": Runs(),
            "scheme": Scheme(), "ledger": RunLedger(),
        }  # fmt: skip
        self._describing = threading.RLock()
        self.lab = Lab(self.state, Painter(self.views), Path(runs))
        self._wire()
        super().__init__(self._boxes())
        self.add_class("kd")
        self.add_class("kd-workbench")
        if recipe is None:
            self.lab.open_first()
        else:
            self.lab.runner.refresh()  # a recorded run would put its own knobs in the place of the recipe's
        self.lab.runner.settled()  # so that the first paint shows it, and the stored picture too

    def _boxes(self) -> list[w.Widget]:
        v = self.views
        panels = [v[name] for name in VIEWS]
        stack = w.Stack(panels, selected_index=0).add_class("kd-stack")
        # linked in the browser: a tab opens, and bars follow the hand, while the kernel is busy
        self._links = [
            w.jslink((v["tabs"], "selected"), (stack, "selected_index")),
            w.jslink((v["controls"], "view_temperature"), (v["soft"], "temperature")),
        ]
        main = w.VBox([v["tabs"], stack])
        boxes = {"top": v["transport"], "left": v["controls"], "main": main, "strip": v["strip"]}
        for area, box in boxes.items():
            box.add_class(f"kd-area-{area}")
        return list(boxes.values())

    def _wire(self) -> None:
        s, v = self.state, self.views
        for names, view in ((KNOBS_SHOWN, v["controls"]), (READINGS_SHOWN, v["transport"])):
            for name in names:
                traitlets.link((s, name), (view, name))
        for name in ("now", "notice"):
            traitlets.dlink((s, name), (v["controls"], name))
        traitlets.link((s, "panel"), (v["tabs"], "selected"))
        traitlets.dlink((s, "running"), (v["scheme"], "running"))
        for view in (v["soft"], v["features"]):
            traitlets.link((s, "sample"), (view, "sample"))
        traitlets.dlink((s, "view_temperature"), (v["soft"], "temperature"))
        s.observe(lambda _: self._describe(), [*KNOBS, *ROOTS, "kept"])
        s.observe(lambda change: bool(change.old) == bool(change.new) or self._describe(), "step")
        s.observe(lambda _: self._table(), "shelved")
        v["features"].observe(lambda _: self.lab.runner.refresh(), "tap")
        v["relations"].observe(lambda _: self.lab.runner.refresh(), "kind")
        v["controls"].on_command(self._control_command)
        v["transport"].on_command(lambda command: getattr(self.lab, COMMANDS[command])())
        v["runs"].on_command(self._run_command)
        v["features"].on_command(self._link_command)
        self._describe()
        self._table()

    def _describe(self) -> None:
        """Controls as the state has them."""
        s, controls = self.state, self.views["controls"]
        # the training thread describes too: whoever comes last must have read the state last
        with self._describing, controls.hold_sync():
            method = s.build_method()
            controls.fields, controls.values = fields.fields(s), fields.values(s)
            controls.choices = options.types_and_schemes(s)
            controls.ends = {knob: points[-1][1] for knob, points in s.schedule.items()}
            controls.temperature_used = method.uses_temperature
            controls.temperature_reason = "" if method.uses_temperature else f"{method.name} knows no temperature"
            controls.alpha_fixed = s.fixed_alpha
            note = "" if s.type == "response" else "below 1: labels train the classifier"
            fixed = f"{s.algorithm} has no labels" if s.fixed_alpha else "no teacher: labels alone"
            controls.alpha_note = note if s.fixed_alpha is None else fixed
        self.views["transport"].title = f"{s.student or s.algorithm} ← {options.teacher_name(s) or 'labels'}"

    def _control_command(self, content: dict[str, Any]) -> None:
        """What the controls say: a field's value, a hand on a knob that moves by itself, or an action."""
        command, value = content.get("command"), content.get("value")
        try:
            if command == "teach":
                self.lab.teach()
            elif command == "turn" and content.get("knob") in SCHEDULED:
                self.state.hold(content["knob"], float(value))
            elif command == "field" and content.get("name") in fields.values(self.state):
                self.state.notice = ""
                fields.assign(self.state, content["name"], value)
        except (ValueError, TypeError, traitlets.TraitError) as error:
            self.lab.fail(error)
        self._describe()
        self.views["controls"].send_state("values")  # even where nothing has changed: what was refused jumps back

    def _run_command(self, content: dict[str, Any]) -> None:
        place = int(content["id"])
        if content["command"] == "open":
            self.lab.open(place)
        elif content["command"] == "teach":
            self.lab.teach(place)
        else:
            self.lab.overlay(place, bool(content["shown"]))

    def _link_command(self, content: dict[str, Any]) -> None:
        change = self.lab.link if content["command"] == "link" else self.lab.unlink
        change(str(content["teacher"]), str(content["student"]))

    def _table(self) -> None:
        runs = self.views["runs"]
        with runs.hold_sync():
            runs.rows, runs.chart = self.lab.shelf.rows(), self.lab.shelf.overlay()

    @property
    def _open(self) -> Any:
        return self.views[VIEWS[self.state.panel]]

    def sentence(self) -> str:
        """What the open panel shows, in words, and the curves."""
        shown = dict.fromkeys((self._open, self.views["curves"]))
        return f"kdlab workbench. {' '.join(view.sentence() for view in shown)}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The live view, and beside it a picture and a sentence for where no kernel runs."""
        return with_still(super()._repr_mimebundle_(**kwargs), self._open.picture(), self.sentence())
