"""Soft targets that forget how sure the teacher is."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import logit_standardization
from kdlab.methods.base import Method, Term, knob, register


@register("logit-standardization", type="response")
@dataclass(frozen=True)
class LogitStandardization(Method):
    """Match softened probabilities of standardised logits (Sun et al. 2024, arXiv:2403.01427)."""

    symbol = "T² KL(teacher ‖ student), z standardised"
    uses_temperature = True

    weight: float = knob(0.2, 0.002, 20.0, "how much this term counts within the distillation loss", log=True)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``standardised``."""
        value = logit_standardization(seen.student.logits, seen.teacher.logits, temperature=seen.temperature)
        return {"standardised": Term(self.weight, value)}
