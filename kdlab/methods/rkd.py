"""Relational knowledge distillation."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import rkd_angle, rkd_distance
from kdlab.methods.base import Method, Term, knob, register


@register("rkd", type="relation")
@dataclass(frozen=True)
class RKD(Method):
    """Match distances and angles between the samples of a batch (Park et al. 2019, arXiv:1904.05068).

    The default weights make the gradient of both terms together, in a new mlp-64, as long as that of the labels'
    cross-entropy (1.0 times: 500 images, the shipped teacher, embedding to embedding, mean of five seeds); the paper
    gives angles twice the weight of distances. For other pairs the ledger shows it.
    """

    symbol = "w_d · distances + w_a · angles"
    compares = "any"

    distance_weight: float = knob(1.0, 0.0, 20.0, "how much the pairwise distances count")
    angle_weight: float = knob(1.0, 0.0, 20.0, "how much the angles at every triple count")
    anchors: int = knob(32, 2, 1024, "samples of a batch whose triples are compared; more cost batch³")

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """Two terms, ``distances`` and ``angles``: means over the pairs of layers."""
        pairs = seen.features()
        distances = sum(rkd_distance(s, t) for s, t in pairs) / len(pairs)
        # batches come shuffled, so their first rows are a random sample
        angles = sum(rkd_angle(s[: self.anchors], t[: self.anchors]) for s, t in pairs) / len(pairs)
        return {"distances": Term(self.distance_weight, distances), "angles": Term(self.angle_weight, angles)}
