"""Who teaches whom: one training step, taken apart for four arrangements, with the gradient stopped or let through."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import traitlets

from kdlab import schemes

from ... import plots
from ...plots.scheme import scheme
from .. import diagram
from ..view import View

__all__ = ["CASES", "STEPS", "WhoTeaches"]

STEPS = ("at rest", "forward", "losses", "backward", "update")
CASES = {  # name -> (scheme, its variant)
    "frozen teacher": ("offline", "frozen"),
    "teacher still learning": ("online", "co-trained"),
    "two peers": ("online", "mutual"),
    "mean of peers": ("online", "ensemble"),
}


class WhoTeaches(View, source=("scheme_parts.js", "who_teaches.js")):
    """Diagrams of four schemes, and what each step of a training does there; all of it is worked out beforehand.

    Args:
        alpha: weight of the distillation loss, in [0, 1].
        case: which of ``CASES`` is shown first.
        step: which of ``STEPS``.
        networks: names of networks, by node, such as ``{"student": "mlp-16"}``.
    """

    name = traitlets.Unicode("Who teaches whom").tag(sync=True)
    cases = traitlets.List(traitlets.Dict(), help="diagrams, and the sentences of their steps").tag(sync=True)
    case = traitlets.Int(0).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    stopped = traitlets.Bool(True, help="whether the teacher's answers are detached").tag(sync=True)

    def __init__(
        self, *, alpha: float = 0.5, case: str = "two peers", step: str = "backward", networks: dict | None = None
    ):
        found = [_case(name, alpha, networks or {}) for name in CASES]
        super().__init__(cases=found, case=list(CASES).index(case), step=STEPS.index(step))

    def moved(self, case: str, *, stopped: bool = True) -> dict[str, list[str]]:
        """Network -> whose losses move it: ``"labels"``, its own distillation loss, or another's that leaks into it."""
        one = self.cases[list(CASES).index(case)]
        found = {n["name"]: [] for n in one["nodes"] if n["role"] != "labels"}
        for arrow in one["arrows"]:
            if arrow["kind"] != "follows":
                found[arrow["target"]].append(arrow["kind"])
        if not stopped:
            for leak in one["leaks"]:
                found[leak["target"]].append(f"loss of {leak['source']}")
        return found

    def picture(self) -> bytes:
        """The diagram that is shown, at rest."""
        one = self.cases[self.case]
        return plots.png(scheme(one["nodes"], one["arrows"], diagram.WIDTH, one["height"]))

    def sentence(self) -> str:
        """The arrangement, and what the step does in it."""
        one = self.cases[self.case]
        told = one["told" if self.stopped else "leaking"][self.step]
        return f"{one['name'].capitalize()}, {STEPS[self.step]}: {told}"


def _case(name: str, alpha: float, networks: dict[str, str]) -> dict[str, Any]:
    kind, variant = CASES[name]
    (links,) = schemes.get(kind, variant).phases(peers=["peer"])
    nodes, arrows = diagram.nodes(links, networks), diagram.arrows(links, alpha)
    height = diagram.place(nodes, arrows)
    learners = [n.name for n in nodes if n.mode == "learns"]
    leaks = _leaks(arrows, learners)
    return {
        "name": name,
        "meaning": schemes.get(kind, variant).meaning,
        "kind": kind,
        "height": height,
        "nodes": [{**asdict(n), "cells": []} for n in nodes],
        "arrows": [asdict(a) for a in arrows],
        "leaks": leaks,
        "told": _told(nodes, arrows, learners, []),
        "leaking": _told(nodes, arrows, learners, leaks),
    }


def _leaks(arrows: list[diagram.Arrow], learners: list[str]) -> list[dict[str, str]]:
    """Where a loss's gradient would go besides, were nobody detached: from a learner to those who taught it."""
    found = []
    for arrow in arrows:
        if arrow.kind == "knowledge":
            behind = [a.source for a in arrows if a.kind == "follows" and a.target == arrow.source] or [arrow.source]
            found += [
                {"source": arrow.target, "target": one} for one in behind if one in learners and one != arrow.target
            ]
    return found


def _told(
    nodes: list[diagram.Node], arrows: list[diagram.Arrow], learners: list[str], leaks: list[dict[str, str]]
) -> list[str]:
    """A sentence for each of ``STEPS``."""
    answering = [n.name for n in nodes if n.mode in ("learns", "frozen")]
    weights = {n: [a for a in arrows if a.target == n and a.kind != "follows"] for n in learners}

    def loss(name: str) -> str:
        terms = [f"{a.weight:g} · {'CE(labels)' if a.kind == 'labels' else f'KL({a.source})'}" for a in weights[name]]
        return f"loss of {name} = {' + '.join(sorted(terms))}"

    back = [f"the loss of {n} moves {n}" for n in learners]
    back += [f"the loss of {one['source']} moves {one['target']} as well" for one in leaks]
    stops = [a.source for a in arrows if a.kind == "knowledge"]
    stop = "" if leaks else f"; at {_and(dict.fromkeys(stops))} the gradient stops"
    frozen = [n.name for n in nodes if n.mode == "frozen"]
    still = f"; {_and(frozen)} stays as it was" if frozen else ""
    return [
        f"{_and(learners)} {'learns' if len(learners) == 1 else 'learn'}{still}.",
        f"{_and(answering)} answer the same batch.",
        f"{'; '.join(loss(n) for n in learners)}.",
        f"{'; '.join(back)}{stop}.",
        f"the optimiser changes {_and(learners)}{still}.",
    ]


def _and(names: Any) -> str:
    names = list(names)
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
