"""Inner products between samples."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import similarity_preserving
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of


@register("similarity-preserving", type="relation")
@dataclass(frozen=True)
class SimilarityPreserving(Method):
    """Match inner products between the samples of a batch (Tung & Mori 2019, arXiv:1907.09682)."""

    symbol = "‖G student − G teacher‖² / B²"
    compares = "any"

    weight: float = knob(60.0, 0.6, 6000.0, "how much this term counts within the distillation loss", log=True)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``similarities``: the mean over the pairs of layers."""
        return {"similarities": Term(self.weight, mean_of(similarity_preserving, seen.features()))}
