"""The scheme: who teaches whom, what is frozen and what learns, and where no gradient flows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import traitlets

from ... import plots
from ...plots.scheme import scheme
from .. import diagram
from ..view import View

__all__ = ["Scheme"]


class Scheme(View, source=("scheme_parts.js", "scheme.js")):
    """A diagram of one phase, which lights up while it runs, and the same in words.

    ``nodes`` and ``arrows`` are those of :mod:`kdlab.ui.diagram` as dicts, with their places; set by :meth:`show`.
    """

    name = traitlets.Unicode("Scheme").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    meaning = traitlets.Unicode("").tag(sync=True)
    nodes = traitlets.List(traitlets.Dict()).tag(sync=True)
    arrows = traitlets.List(traitlets.Dict()).tag(sync=True)
    width = traitlets.Float(diagram.WIDTH).tag(sync=True)
    height = traitlets.Float(0.0).tag(sync=True)
    lines = traitlets.List(traitlets.Unicode(), help="the diagram in words").tag(sync=True)
    phases = traitlets.List(traitlets.Dict(), help='{"text", "state": "past" | "now" | "next"}').tag(sync=True)
    note = traitlets.Unicode("", help="when this begins; empty: now").tag(sync=True)
    running = traitlets.Bool(False).tag(sync=True)

    def show(
        self,
        nodes: Sequence[diagram.Node],
        arrows: Sequence[diagram.Arrow],
        *,
        title: str,
        meaning: str = "",
        method: str = "",
        pairs: Mapping[str, Any] | None = None,
        phases: Sequence[Mapping[str, str]] = (),
        note: str = "",
    ) -> None:
        """Show a phase.

        Args:
            nodes, arrows: of :func:`kdlab.ui.diagram.nodes` and :func:`kdlab.ui.diagram.arrows`; they get their places.
            title: the scheme and its variant.
            meaning: one line about it.
            method: what teaches.
            pairs: link -> the layers that it compares.
            phases: what has been, is, and is to come.
            note: when it begins; empty: now.
        """
        height = diagram.place(nodes, arrows)
        with self.hold_sync(), self.hold_trait_notifications():
            self.title, self.meaning, self.note, self.height = title, meaning, note, height
            self.nodes = [{**asdict(n), "cells": _cells(n), "x": round(n.x, 1), "y": round(n.y, 1)} for n in nodes]
            self.arrows = [asdict(a) for a in arrows]
            self.lines = diagram.sentences(nodes, arrows, method, pairs or {})
            self.phases = [dict(p) for p in phases]

    def picture(self) -> bytes:
        """The diagram as PNG."""
        if not self.nodes:
            return plots.png(plots.empty(plots.figure(7.8, 1.2), "no scheme yet"))
        return plots.png(scheme(self.nodes, self.arrows, self.width, self.height))

    def sentence(self) -> str:
        """The diagram in words."""
        when = f" ({self.note})" if self.note else ""
        return f"{self.title}{when}: {' '.join(self.lines)}" if self.nodes else "No scheme yet."


def _cells(node: diagram.Node) -> list[dict[str, Any]]:
    """The answers within a network that has exits, with their places."""
    if not node.exits:
        return []
    ends = [(layer, f"{node.name}:{layer}") for layer in node.exits] + [("answer", node.name)]
    found = []
    for text, end in ends:
        x, y, w, h = diagram.spot(end, {node.name: node})
        found.append({"text": text, "x": round(x, 1), "y": round(y, 1), "w": w, "h": h})
    return found
