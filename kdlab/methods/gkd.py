"""From forward to reverse divergence."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import generalised_jsd
from kdlab.methods.base import Method, Term, knob, register


@register("gkd", type="response")
@dataclass(frozen=True)
class GKD(Method):
    """Match softened probabilities by a divergence between forward and reverse (Agarwal et al. 2024, arXiv:2306.13649).

    The generalised Jensen-Shannon divergence is divided by β (1 − β): its size then hardly depends on β, and it leads
    from KL(teacher ‖ student), as in soft targets, to KL(student ‖ teacher).
    """

    symbol = "T² JSD_β(teacher, student) / β (1 − β)"
    uses_temperature = True

    weight: float = knob(1.0, 0.0, 10.0, "how much this term counts within the distillation loss")
    beta: float = knob(0.5, 0.01, 0.99, "β: near 0 cover all that the teacher finds possible, near 1 its likely")

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``divergence``."""
        value = generalised_jsd(seen.student.logits, seen.teacher.logits, beta=self.beta, temperature=seen.temperature)
        return {"divergence": Term(self.weight / (self.beta * (1 - self.beta)), value)}
