"""Kernels between samples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from kdlab.knowledge import Exchange
from kdlab.losses import correlation_congruence
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of


@register("correlation-congruence", type="relation")
@dataclass(frozen=True)
class CorrelationCongruence(Method):
    """Match Gaussian kernels between the samples of a batch (Peng et al. 2019, arXiv:1904.01802)."""

    symbol = "mean (K student − K teacher)²"
    compares = "any"

    weight: float = knob(4.0, 0.04, 400.0, "how much this term counts within the distillation loss", log=True)
    gamma: float = knob(0.4, 0.05, 5.0, "γ: how near a neighbour must be to count", log=True)
    order: int = knob(2, 1, 8, "how many powers of the cosine the kernel sums")

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``kernels``: the mean over the pairs of layers."""
        loss = partial(correlation_congruence, gamma=self.gamma, order=self.order)
        return {"kernels": Term(self.weight, mean_of(loss, seen.features()))}
