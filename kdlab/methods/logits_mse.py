"""Logits as targets of a regression."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import logits_mse
from kdlab.methods.base import Method, Term, knob, register


@register("logits-mse", type="response")
@dataclass(frozen=True)
class LogitsMSE(Method):
    """Match the teacher's logits themselves (Ba & Caruana 2014, arXiv:1312.6184).

    A sure teacher's logits are large, and in a short run the student is busy growing its own.
    """

    symbol = "mean (z student − z teacher)²"

    weight: float = knob(0.03, 0.0003, 3.0, "how much this term counts within the distillation loss", log=True)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``logits``."""
        return {"logits": Term(self.weight, logits_mse(seen.student.logits, seen.teacher.logits))}
