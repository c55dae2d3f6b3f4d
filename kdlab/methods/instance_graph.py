"""The graph of a batch: logits, distances, and how these change from layer to layer."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import graph_gaps
from kdlab.methods.base import Method, Term, knob, register


@register("instance-graph", type="relation")
@dataclass(frozen=True)
class InstanceGraph(Method):
    """Match the graph of a batch (Liu et al. 2019, CVPR): its logits, its edges, and how the edges change with depth.

    The logits count as the topmost layer, so that one compared layer is enough for a change.
    """

    symbol = "w_v ‖z‖² + w_e ‖E‖² + w_c ‖ΔE‖², differences of student and teacher"
    compares = "any"

    logit_weight: float = knob(0.01, 0.0001, 1.0, "how much the logits count", log=True)
    edge_weight: float = knob(1.0, 0.01, 100.0, "how much the distances between samples count", log=True)
    change_weight: float = knob(
        0.5, 0.005, 50.0, "how much the change of distances from layer to layer counts", log=True
    )

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """Three terms: ``vertices``, ``edges`` and ``changes``."""
        student, teacher = ((side.logits,) for side in (seen.student, seen.teacher))
        for s, t in [*seen.features(), (seen.student.logits, seen.teacher.logits)]:
            student, teacher = (*student, s), (*teacher, t)
        names, weights = ("vertices", "edges", "changes"), (self.logit_weight, self.edge_weight, self.change_weight)
        values = graph_gaps(student, teacher)
        return {name: Term(weight, value) for name, weight, value in zip(names, weights, values, strict=True)}
