"""Correlation instead of divergence."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.knowledge import Exchange
from kdlab.losses import dist
from kdlab.methods.base import Method, Term, knob, register


@register("dist", type="response")
@dataclass(frozen=True)
class DIST(Method):
    """Match the spacing of the answers, over classes and over samples (Huang et al. 2022, arXiv:2205.10536)."""

    symbol = "T² (w_r (1 − r rows) + w_c (1 − r columns))"
    uses_temperature = True

    row_weight: float = knob(0.05, 0.0005, 5.0, "how much the classes of a sample count", log=True)
    column_weight: float = knob(0.05, 0.0005, 5.0, "how much the samples of a class count", log=True)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """Two terms, ``rows`` and ``columns``."""
        pair, temperature = (seen.student.logits, seen.teacher.logits), seen.temperature
        rows = dist(*pair, row_weight=1.0, column_weight=0.0, temperature=temperature)
        columns = dist(*pair, row_weight=0.0, column_weight=1.0, temperature=temperature)
        return {"rows": Term(self.row_weight, rows), "columns": Term(self.column_weight, columns)}
