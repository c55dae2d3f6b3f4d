"""Neuron selectivity transfer."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import nst
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of, one_size


@register("nst", type="feature")
@dataclass(frozen=True)
class NST(Method):
    """Match the patterns of a layer's channels as a set (Huang & Wang 2017, arXiv:1707.01219)."""

    symbol = "MMD²(channels of student, of teacher)"
    compares = "map"

    weight: float = knob(1.0, 0.01, 100.0, "how much this term counts within the distillation loss", log=True)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``selectivity``: the mean over the pairs of layers."""
        return {"selectivity": Term(self.weight, mean_of(nst, one_size(seen)))}
