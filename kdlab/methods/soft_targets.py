"""Soft targets, the first and still the strongest distillation method here."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import soft_targets
from kdlab.methods.base import Method, Term, knob, register


@register("soft-targets", type="response")
@dataclass(frozen=True)
class SoftTargets(Method):
    """Match the teacher's softened probabilities (Hinton et al. 2015, arXiv:1503.02531)."""

    symbol = "T² KL(teacher ‖ student)"
    uses_temperature = True

    weight: float = knob(1.0, 0.0, 10.0, "how much this term counts within the distillation loss")

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``soft targets``."""
        soft = soft_targets(seen.student.logits, seen.teacher.logits, temperature=seen.temperature)
        return {"soft targets": Term(self.weight, soft)}
