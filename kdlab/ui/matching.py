"""The layer matcher: which layers there are, which are joined, and whether two may be."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn

from kdlab import methods, schemes
from kdlab.knowledge import Exchange, Pairs
from kdlab.players import tell
from kdlab.taps import layers, pairing, resting
from kdlab.ui.scene import Scene
from kdlab.ui.shown import Shown, Source

PROBE = 4  # inputs that a network is shown to learn the shapes of its layers


class Match(NamedTuple):
    """Layers of the student and of whoever teaches it, and which of them are joined.

    Attributes:
        source: who teaches: in the phase on show, or else the trained teacher; None where there is nobody.
        compared: pairs that the phase on show compares.
        wanted: pairs that the knobs ask for, from the next step on.
        refusal: why no link can be drawn at all; empty: some can.
        method: the one that the knobs ask for, or None.
    """

    source: Source | None
    compared: Pairs
    wanted: Pairs
    refusal: str
    method: methods.Method | None

    def links(self) -> list[dict[str, str]]:
        """Each link and its state: ``"compared"``, ``"next"`` (from the next step on), or ``"last"`` (until then)."""
        state = {pair: "compared" if pair in self.compared else "next" for pair in self.wanted}
        state |= {pair: "last" for pair in self.compared if pair not in state}
        return [{"teacher": t, "student": s, "state": how} for (t, s), how in state.items()]


def match(scene: Scene, shown: Shown) -> Match:
    """The layers of the run on show, and what the knobs ask for."""
    source = shown.source or Source.trained(scene)
    compared = shown.pairs if shown.source else ()
    if shown.knobs is None:
        return Match(source, compared, compared, "the knobs do not go together: see the message above", None)
    method = shown.knobs.build_method()
    refusal = _refusal(shown, source, method)
    if refusal or source is None:
        return Match(source, compared, compared if method.compares else (), refusal, method)
    wanted = tuple(shown.knobs.taps.items())
    if not wanted:
        try:
            wanted = pairing(
                layers_of(scene, source.net, source.view), layers_of(scene, shown.student), method.compares
            )
        except ValueError as error:
            return Match(source, compared, (), str(error), method)
    return Match(source, compared, wanted, "", method)


def _refusal(shown: Shown, source: Source | None, method: methods.Method) -> str:
    """Why no two layers can be joined, whichever they are; empty: nothing speaks against it."""
    variant = schemes.get(shown.knobs.scheme, shown.knobs.scheme_variant)
    if source is None:
        return "there is no teacher whose layers could be joined to"
    if not method.compares:
        return f"{method.name} compares answers, no layers: choose the type feature or relation"
    if variant.needs_exits:
        return "an exit compares its own layer with the deepest one: there is nothing to choose"
    if variant.answers_only:
        return "here the mean of all answers teaches, which has no layers"
    if not variant.needs_teacher and not shown.source:
        return "who teaches here is made when the run begins: take a step, then join layers"
    return ""


def layers_of(scene: Scene, net: nn.Module, view: str | None = None) -> dict[str, tuple[int, ...]]:
    """A network's layers below its answer and their shapes."""
    return layers(net, scene.seen(view)[:PROBE])


def worth_a_look(scene: Scene, source: Source, student: nn.Module, used: Pairs) -> list[list[str]]:
    """Pairs of layers worth looking at: those a method compares, those of one name, else the last of each."""
    t, s = list(layers_of(scene, source.net, source.view)), list(layers_of(scene, student))
    named = [(name, name) for name in s if name in t]
    return [list(pair) for pair in dict.fromkeys([*used, *named, (t[-1], s[-1])])]


def listed(
    net: nn.Module, scene: Scene, joined: set[str], method: methods.Method | None, view: str | None = None
) -> list[dict[str, str]]:
    """Layers as the matcher shows them: name, shape, and the reason why the method cannot compare it, or ``""``.

    Args:
        net: whose layers.
        scene: whose inputs it is shown.
        joined: names that are listed too if they lie within another layer.
        method: the one that compares.
        view: in which it sees them; None: the student's.
    """
    x = scene.seen(view)[:PROBE]
    top, every = layers(net, x), layers(net, x, nested=True)
    found = []
    for name, shape in every.items():
        if name in top or name in joined:
            flat = method is not None and method.compares == "map" and len(shape) != 3
            reason = f"{method.name} compares feature maps, and {name} is a vector" if flat else ""
            found.append({"name": name, "shape": "×".join(map(str, shape)), "reason": reason})
    return found


def joined(scene: Scene, shown: Shown, teacher: str, student: str) -> dict[str, str]:
    """The teacher's layers and the student's that they are joined to, once these two are; each teacher's layer has one.

    Raises:
        ValueError: the method cannot compare these two; says why.
    """
    now = match(scene, shown)
    if now.refusal:
        raise ValueError(now.refusal)
    for net, view, name in ((now.source.net, now.source.view, teacher), (shown.student, None, student)):
        found = listed(net, scene, {name}, now.method, view)
        reason = next((one["reason"] for one in found if one["name"] == name), "")
        if reason:
            raise ValueError(reason)
    wanted = dict(now.wanted) | {teacher: student}
    _try(now.method, now.source, shown, scene, tuple(wanted.items()))
    return wanted


def dropped(scene: Scene, shown: Shown, teacher: str, student: str) -> dict[str, str]:
    """The same without one link.

    Raises:
        ValueError: none would be left.
    """
    now = match(scene, shown)
    if now.refusal:
        raise ValueError(now.refusal)
    wanted = {t: s for t, s in now.wanted if (t, s) != (teacher, student)}
    if not wanted:
        raise ValueError(f"{now.method.name} needs a link: draw another one first")
    return wanted


def _try(method: methods.Method, source: Source, shown: Shown, scene: Scene, pairs: Pairs) -> None:
    """Let the method compare the layers of a few samples, for its refusals."""
    labels = scene.labels[:PROBE]
    known: dict[str, Any] = {"labels": labels, "known": torch.ones(len(labels), dtype=torch.bool)}
    sides = (source.net, source.view), (shown.student, None)
    t, s = (tell(net, scene.seen(v)[:PROBE], {pair[i] for pair in pairs}) for i, (net, v) in enumerate(sides))
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            adapter = method.adapter(s, t, pairs)
            with resting(*([] if adapter is None else [adapter])):
                method.terms(Exchange(s, t, shown.temperature, pairs, **known, adapter=adapter))
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"{method.name} cannot compare these: {error}") from None
