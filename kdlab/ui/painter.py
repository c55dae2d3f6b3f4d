"""From networks to views: sets the traits of the panel that is looked at; called in the training thread."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from kdlab import charts, metrics
from kdlab.ui import matching, scheme_painter
from kdlab.ui.feature_painter import FeaturePainter
from kdlab.ui.scene import Scene, float_bytes, label_bytes
from kdlab.ui.shown import Shown, Source

PANELS = ["Soft targets", "Layer features", "Relations", "Curves", "Runs", "Scheme", "Ledger"]


class Painter:
    """Draws a scene and a run into the views of a workbench.

    Args:
        views: name -> view: controls, strip, soft, features, relations, curves, scheme, ledger.
    """

    def __init__(self, views: dict[str, Any]):
        self.views = views
        self.scene: Scene | None = None
        self.features = FeaturePainter(views["features"])
        self._curves_due = 0.0

    def begin(self, scene: Scene) -> None:
        """Show what stands still."""
        self.scene, soft = scene, self.views["soft"]
        with soft.hold_sync():
            soft.classes = scene.data.classes
            soft.height, soft.width = scene.images.shape[1:]
            soft.images, soft.lines = scene.images.tobytes(), scene.lines
            soft.labels = label_bytes(scene.labels)
            soft.teacher, soft.student = float_bytes(scene.teacher_logits), b""
            soft.baseline = float_bytes(scene.untrained_logits)
        self.views["relations"].clear()
        self.features.clear()

    def paint(self, shown: Shown, panel: int, sample: int, *, whole: bool) -> None:
        """Show a run as it is now.

        Args:
            shown: the run.
            panel: place in ``PANELS``; only what is looked at is read.
            sample: place in the validation set.
            whole: all at once, as when a run stops; otherwise curves come more rarely.
        """
        scene = self.scene
        logits = scene.logits(shown.student)
        self._formula(shown)
        self._strip(logits)
        name = PANELS[panel]
        if name == "Soft targets":
            soft = self.views["soft"]
            with soft.hold_sync():
                soft.student, soft.step = float_bytes(logits), shown.step
        elif name == "Layer features":
            self.features.paint(scene, shown, sample, whole)
        elif name == "Relations":
            self._relations(shown)
        elif name == "Scheme":
            scheme_painter.paint(self.views["scheme"], scene, shown)
        elif name == "Ledger":
            self.views["ledger"].show(shown.entries, shown.step, _weighed(shown))
        now = time.perf_counter()
        if whole or now > self._curves_due:
            self.views["curves"].charts = charts.of_run(shown.traces, shown.beside, scene.teacher_accuracy)
            self.views["curves"].note = self._note(shown)
            self._curves_due = now + 0.3

    def _note(self, shown: Shown) -> str:
        data = self.scene.data
        seeds = f"{len(shown.traces)} seeds: mean and range; " if len(shown.traces) > 1 else ""
        return (
            f"{seeds}{int(data.train.labelled.sum()):,} labelled of {len(data.train):,} "
            f"{'words' if data.lines else 'images'}, "
            f"{len(data.validation):,} to validate"
        )

    def _formula(self, shown: Shown) -> None:
        if shown.last is None:
            self.views["controls"].formula = {}
            return
        mine = {k.partition("/")[2]: k for k in shown.last.terms if k.startswith("student/")}
        terms = [
            {"name": n, "symbol": n, "weight": shown.last.weights[key], "value": shown.last.terms[key]}
            for n, key in mine.items()
            if n != "labels"
        ]
        if len(terms) == 1 and shown.method is not None:
            terms[0]["symbol"] = shown.method.symbol
        labels = mine.get("labels")
        self.views["controls"].formula = {
            "labels": labels and {"weight": shown.last.weights[labels], "value": shown.last.terms[labels]},
            "terms": terms,
            "total": sum(shown.last.weights[k] * shown.last.terms[k] for k in mine.values()),
            "pull": shown.pull,
        }

    def _strip(self, logits: np.ndarray) -> None:
        scene, strip = self.scene, self.views["strip"]
        accuracy = {"teacher": scene.teacher_accuracy, "student": metrics.accuracy(logits, scene.labels)}
        for who, cost in scene.costs.items():
            facts = {} if cost is None else cost._asdict()
            setattr(strip, who, {**facts, "accuracy": accuracy[who]})

    def _relations(self, shown: Shown) -> None:
        scene, view = self.scene, self.views["relations"]
        source = shown.source or Source.trained(scene)
        if source is None:
            view.note = "Choose a teacher to compare relations with."
            return
        used = shown.pairs if shown.source else ()
        used = used or matching.worth_a_look(scene, source, shown.student, ())[-1:]
        t_layer, s_layer = used[0]
        first = {}
        if not view.n:
            images = scene.images[scene.related.numpy()] if len(scene.images) else None
            first = {"labels": scene.labels[scene.related].numpy(), "images": images, "classes": scene.data.classes}
            view.lines = [scene.lines[i] for i in scene.related.tolist()] if scene.lines else []
        teacher = scene.relation(source.net, t_layer, view.kind, source.view)
        student = scene.relation(shown.student, s_layer, view.kind)
        view.show(teacher, student, **first)
        view.note = f"at {source.name}'s {t_layer} and the student's {s_layer}"


def _weighed(shown: Shown) -> str:
    """What the ledger is of, or why there is none."""
    if shown.entries:
        return "Gradients in the student's weights, on the batch of the next step; read while this panel is open."
    return "A recorded run keeps no gradients: press Train." if shown.last else "Nothing is trained yet: press Train."
