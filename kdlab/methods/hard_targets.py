"""The teacher's top answers as labels: the control for soft targets."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import hard_targets
from kdlab.methods.base import Method, Term, knob, register


@register("hard-targets", type="response")
@dataclass(frozen=True)
class HardTargets(Method):
    """Learn the teacher's top answer, without its doubts: what labelling alone would give."""

    symbol = "CE(teacher's answer, student)"

    weight: float = knob(1.0, 0.0, 10.0, "how much this term counts within the distillation loss")

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``hard targets``."""
        return {"hard targets": Term(self.weight, hard_targets(seen.student.logits, seen.teacher.logits))}
