"""Cosines between samples as probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import pkt
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of


@register("pkt", type="relation")
@dataclass(frozen=True)
class PKT(Method):
    """Match the probabilities of being a sample's neighbour (Passalis & Tefas 2018, arXiv:1803.10837)."""

    symbol = "KL(neighbours of teacher ‖ of student)"
    compares = "any"

    weight: float = knob(2000.0, 20.0, 200000.0, "how much this term counts within the distillation loss", log=True)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``neighbours``: the mean over the pairs of layers."""
        return {"neighbours": Term(self.weight, mean_of(pkt, seen.features()))}
