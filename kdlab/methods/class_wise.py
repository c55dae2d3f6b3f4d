"""Soft targets of the class, not of the sample."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import class_wise
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.targets import known_or_told


@register("class-wise", type="response")
@dataclass(frozen=True)
class ClassWise(Method):
    """Match what the teacher says of the other samples of the same class in the batch.

    The link's teacher takes the part that the student itself has in class-wise self-knowledge distillation (CS-KD, Yun
    et al. 2020, arXiv:2003.13964): under the scheme ``self`` it is the student's own moving average, deeper layers or
    earlier generation. With a trained teacher it is a control: what a class resembles is kept, what this sample
    resembles is not. Where a label is hidden, the teacher's answer says the class.
    """

    symbol = "T² KL(teacher of another of the class ‖ student)"
    uses_temperature = True

    weight: float = knob(1.0, 0.0, 10.0, "how much this term counts within the distillation loss")

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``class-wise``."""
        logits = seen.student.logits, seen.teacher.logits
        return {"class-wise": Term(self.weight, class_wise(*logits, known_or_told(seen), temperature=seen.temperature))}
