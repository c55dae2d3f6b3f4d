"""Answers that a discriminator cannot tell from the teacher's."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.losses import soft_targets
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.discriminator import DISCRIMINATOR, STEP, discriminator, game


@register("adversarial", type="response")
@dataclass(frozen=True)
class Adversarial(Method):
    """Soft targets, and a discriminator that must not tell the student's logits from the teacher's.

    The student plays the generator of Goodfellow et al. 2014 (arXiv:1406.2661), as in Xu et al. 2018 (arXiv:1709.00513,
    where the discriminator also learns the classes); a gradient reversal lets both learn in one step (Ganin & Lempitsky
    2015, arXiv:1409.7495). Alpha and ``weight`` scale the discriminator's own gradient too, which Adam does not notice.
    With ``step`` 2 the student is left to its labels.

    The default weight does no harm that can be told on validation (less soft targets alone: −.4 ± .7 points on 500
    images, −.4 ± .6 with the pool; 95 % intervals, ten seeds of mlp-64); at 1 it costs about one point (−1.1 ± 1.5 and
    −.8 ± .7), and from 5 on the game can ruin the student. What it gains is nothing: see data/studies.
    """

    symbol = "T² KL(teacher ‖ student) + CE of a discriminator, reversed"
    uses_temperature = True

    weight: float = knob(0.3, 0.01, 100.0, "how much the game counts beside soft targets", log=True)
    strength: float = knob(1.0, 0.0, 10.0, "how much of the reversed gradient reaches the student")
    step: int = knob(0, 0, 2, STEP)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """The discriminator."""
        return discriminator(tuple(teacher.logits.shape[1:]))

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """Two terms, ``soft targets`` and ``discriminator``."""
        student, teacher = seen.student.logits, seen.teacher.logits
        if self.step == DISCRIMINATOR:
            student = student.detach()
        soft = soft_targets(student, teacher, temperature=seen.temperature)
        told = game(seen.adapter, student, teacher, strength=self.strength, step=self.step)
        return {"soft targets": Term(1.0, soft), "discriminator": Term(self.weight, told)}
