"""Layer features: maps or units of both networks, what the loss compares of them, CKA, and the layer matcher."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from kdlab.knowledge import Exchange
from kdlab.players import tell
from kdlab.taps import frozen
from kdlab.ui import matching, readings
from kdlab.ui.panels.features import Features, Group, groups_of
from kdlab.ui.scene import Scene
from kdlab.ui.shown import Shown, Source

SECONDS_IN_ORDER = 2.0  # that the student's units keep their places while it trains


class Seen(NamedTuple):
    """One sample's features at a pair of layers, and what the method's loss compares of them."""

    teacher: NDArray
    student: NDArray
    compared: tuple[NDArray, NDArray] | None  # (student's, teacher's), where the method shows it
    terms: dict[str, float]  # the method's terms on this sample alone


def see(scene: Scene, shown: Shown, source: Source, sample: int, pair: tuple[str, str]) -> Seen:
    """Features of one sample at the source's and the student's layer of ``pair``."""
    sides = ((source.net, source.view), (shown.student, None))
    method = shown.method if shown.source and pair in shown.pairs else None
    pairs = shown.pairs if method else (pair,)
    t, s = (tell(net, scene.sample(sample, view), {p[i] for p in pairs}) for i, (net, view) in enumerate(sides))
    features = [said.features[layer][0].numpy() for said, layer in zip((t, s), pair, strict=True)]
    if method is None:
        return Seen(*features, None, {})
    known = {"labels": scene.labels[sample : sample + 1], "known": torch.ones(1, dtype=torch.bool)}
    exchange = Exchange(s, t, shown.temperature, shown.pairs, **known, adapter=shown.adapter)
    with frozen(*([] if shown.adapter is None else [shown.adapter])):
        compared = [(a[0].numpy(), b[0].numpy()) for a, b in method.shows(exchange)]
        terms = {n: term.value.item() for n, term in method.terms(exchange).items()} if compared else {}
    return Seen(*features, compared[shown.pairs.index(pair)] if compared else None, terms)


class FeaturePainter:
    """Draws a run into the view of layer features.

    Args:
        view: of layer features.
    """

    def __init__(self, view: Features):
        self.view = view
        self.look: tuple[str, str] | None = None  # a pair to look at next
        self._orders: dict[str, NDArray] = {}
        self._due = 0.0
        self._asked: tuple = ()  # what the knobs asked for last

    def clear(self) -> None:
        """Show nothing: other samples will follow."""
        self.view.line = ""
        self.view.show([], image=np.zeros((0, 0)), label="", cka={}, note="")

    def paint(self, scene: Scene, shown: Shown, sample: int, whole: bool) -> None:
        """Show a run as it is now; see :meth:`kdlab.ui.painter.Painter.paint`."""
        view, now = self.view, matching.match(scene, shown)
        if whole or time.perf_counter() > self._due:
            self._orders, self._due = {}, time.perf_counter() + SECONDS_IN_ORDER
        if now.source is None:
            self._alone(scene, shown, sample)
            return
        joined = tuple((link["teacher"], link["student"]) for link in now.links())
        pairs = matching.worth_a_look(scene, now.source, shown.student, joined)
        if view.taps != pairs:
            view.taps, view.tap = pairs, 0  # what the loss compares comes first
        if self.look and list(self.look) in pairs:
            view.tap = pairs.index(list(self.look))
        self.look = None
        if self._asked != (now.wanted, now.method):
            self._asked, view.refused = (now.wanted, now.method), ""  # what was refused is past
        pair = tuple(pairs[min(view.tap, len(pairs) - 1)])
        seen = see(scene, shown, now.source, sample, pair)
        name = now.source.name
        groups = [
            *self._groups(scene, now.source, pair[0], "teacher", seen.teacher),
            *self._groups(scene, Source("student", shown.student), pair[1], "student", seen.student),
            *self._compared(shown, name, seen),
        ]
        grams = readings.grams(shown.student, scene.x[scene.probe])
        teacher = scene.grams(now.source.net, now.source.view)
        cka = {
            "rows": list(teacher),
            "columns": list(grams),
            "values": readings.cka_grid(teacher, grams),
            "reference": scene.reference(now.source.net, now.source.view),
        }
        lists = [
            matching.listed(net, scene, {p[i] for p in joined}, now.method, v)
            for i, (net, v) in enumerate(((now.source.net, now.source.view), (shown.student, None)))
        ]
        with view.hold_sync():
            view.samples, view.classes, view.source = len(scene.x), list(scene.data.classes), name
            view.teacher_layers, view.student_layers = lists
            view.links, view.refusal = now.links(), now.refusal
            self._put(scene, sample, groups, cka, _note(shown, pair, seen))

    def _alone(self, scene: Scene, shown: Shown, sample: int) -> None:
        """The student's layers, where nobody teaches it."""
        view, student = self.view, Source("student", shown.student)
        names = list(matching.layers_of(scene, shown.student))
        layer = names[min(view.tap, len(names) - 1)]
        values = tell(shown.student, scene.sample(sample), [layer]).features[layer][0].numpy()
        with view.hold_sync():
            view.samples, view.classes = len(scene.x), list(scene.data.classes)
            view.taps, view.tap = [["", name] for name in names], names.index(layer)
            view.teacher_layers = view.student_layers = view.links = []
            view.refusal = "there is no teacher whose layers could be joined to"
            self._put(scene, sample, self._groups(scene, student, layer, "student", values), {}, "")

    def _put(self, scene: Scene, sample: int, groups: list[Group], cka: dict[str, Any], note: str) -> None:
        image = scene.images[sample] if len(scene.images) else np.zeros((0, 0))
        self.view.line = scene.lines[sample] if scene.lines else ""
        self.view.show(groups, image=image, label=scene.data.classes[int(scene.labels[sample])], cka=cka, note=note)

    def _groups(self, scene: Scene, one: Source, layer: str, who: str, values: NDArray) -> list[Group]:
        """Attention and channels of a map; of a vector each unit's mean for each class, above it the sample's."""
        title = f"{one.name} · {layer}"
        if values.ndim == 3:
            return groups_of(layer, who, values, title=title)
        means = scene.units(one.net, layer, one.view)
        flat = values.reshape(-1)
        order = self._orders.setdefault(f"{who} {layer}", readings.by_class(means))
        rows = np.concatenate([flat[None], means])[:, order]
        return [Group(f"units-{who}", title, who, rows, "units")]

    def _compared(self, shown: Shown, name: str, seen: Seen) -> list[Group]:
        if seen.compared is None:
            return []
        s, t = seen.compared
        if t.ndim == 1:  # in the order of the teacher's units above
            order = next((o for key, o in self._orders.items() if key.startswith("teacher") and len(o) == len(t)), None)
            s, t = (s, t) if order is None else (s[order], t[order])
        mine = ("regressor", "regressor's output") if shown.adapter is not None else ("student", "student")
        return [
            Group("loss-teacher", name, "teacher", t, "loss"),
            Group(f"loss-{mine[0]}", mine[1], mine[0], s, "loss"),
            Group("loss-difference", f"{name} less {mine[0]}", "difference", t - s, "loss"),
        ]


def _note(shown: Shown, pair: tuple[str, str], seen: Seen) -> str:
    """What the loss makes of the pair of layers on show."""
    if seen.compared is not None:
        if len(seen.terms) > 1:
            return ""
        ((term, value),) = seen.terms.items()
        mean = ", as a mean over the links" if len(shown.pairs) > 1 else ""
        return f"On this sample the loss “{term}” is {value:.3g}{mean}."
    if shown.method is None:
        return "Nothing is trained yet."
    if pair not in shown.pairs or not shown.source:
        return "The loss of this phase does not compare these layers."
    if shown.method.type == "relation":
        return "The loss compares how samples lie to each other in these layers: see Relations."
    return f"{shown.method.name} compares these layers, but not place by place."
