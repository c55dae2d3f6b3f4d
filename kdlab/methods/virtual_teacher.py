"""Soft targets without dark knowledge: a control."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import virtual_teacher
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.targets import known_or_told


@register("virtual-teacher", type="response")
@dataclass(frozen=True)
class VirtualTeacher(Method):
    """Learn a made-up soft target: fairly sure of the teacher's top answer, all other classes alike.

    As the teacher-free distillation of Yuan et al. 2020 (arXiv:1909.11723), which puts the label where here the
    teacher's answer stands. Beside ``hard-targets`` it shows what softness alone is worth, beside ``soft-targets``
    what the teacher's doubts are.
    """

    symbol = "T² KL(sure of the answer, even else ‖ student)"
    uses_temperature = True

    weight: float = knob(1.0, 0.0, 10.0, "how much this term counts within the distillation loss")
    sure: float = knob(0.9, 0.5, 0.99, "probability on the answer, before it is softened at T")
    labels: int = knob(0, 0, 1, "1: the label stands for the teacher's answer where it is known")

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``virtual teacher``."""
        answers = known_or_told(seen) if self.labels else seen.teacher.logits.argmax(dim=1)
        made = virtual_teacher(seen.student.logits, answers, sure=self.sure, temperature=seen.temperature)
        return {"virtual teacher": Term(self.weight, made)}
