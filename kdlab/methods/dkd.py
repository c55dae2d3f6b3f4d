"""Decoupled distillation: the target class, and the others among themselves."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from kdlab.knowledge import Exchange
from kdlab.losses import dkd
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.targets import known_or_told


@register("dkd", type="response")
@dataclass(frozen=True)
class DKD(Method):
    """Match the target class and the others apart (Zhao et al. 2022, arXiv:2203.08679).

    Where a label is hidden, the teacher's answer takes its place.
    """

    symbol = "T² (w_t TCKD + w_o NCKD)"
    uses_temperature = True

    target_weight: float = knob(0.5, 0.0, 10.0, "how much it counts that the target is as likely as the teacher says")
    other_weight: float = knob(0.2, 0.0, 10.0, "how much the order of the other classes counts")

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """Two terms, ``target`` and ``others``."""
        labels = known_or_told(seen)

        def part(target_weight: float, other_weight: float) -> Tensor:
            return dkd(
                seen.student.logits,
                seen.teacher.logits,
                labels=labels,
                target_weight=target_weight,
                other_weight=other_weight,
                temperature=seen.temperature,
            )

        return {"target": Term(self.target_weight, part(1.0, 0.0)), "others": Term(self.other_weight, part(0.0, 1.0))}
