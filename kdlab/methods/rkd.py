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

    Angles cost the cube of ``anchors``. What a sample of the triples costs in gradient, measured with the default
    weights on a new mlp-64, the same teacher and 12 batches of 128: with 16, 32 and 64 anchors the method's gradient on
    the weights has a cosine of .91, .96 and .99 to the one of all triples. Distances, always exact, hold it up: of the
    angles alone, on the embedding, the cosine is .27, .45 and .69. The first rows of a batch are a random sample only
    because batches are shuffled.
    """

    symbol = "w_d · distances + w_a · angles"
    compares = "any"

    distance_weight: float = knob(1.0, 0.0, 20.0, "how much the pairwise distances count")
    angle_weight: float = knob(1.0, 0.0, 20.0, "how much the angles at every triple count")
    anchors: int = knob(
        32, 2, 1024, "samples of a batch whose triples are compared, at a cost of anchors³; of 128, 16, 32 and 64 give "
        "gradients with a cosine of .91, .96 and .99 to the exact one",
    )  # fmt: skip

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """Two terms, ``distances`` and ``angles``: means over the pairs of layers."""
        pairs = seen.features()
        distances = sum(rkd_distance(s, t) for s, t in pairs) / len(pairs)
        # batches come shuffled, so their first rows are a random sample
        angles = sum(rkd_angle(s[: self.anchors], t[: self.anchors]) for s, t in pairs) / len(pairs)
        return {"distances": Term(self.distance_weight, distances), "angles": Term(self.angle_weight, angles)}
