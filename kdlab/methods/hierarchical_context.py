"""Feature maps at several sizes."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.losses import hierarchical_context
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of, regressed, regressors


@register("hierarchical-context", type="feature")
@dataclass(frozen=True)
class HierarchicalContext(Method):
    """Match the teacher's maps at several sizes, through a learned regressor (Chen et al. 2021, arXiv:2104.09044)."""

    symbol = "Σ w ‖P(r(F student)) − P(F teacher)‖²"
    compares = "map"

    weight: float = knob(4.0, 0.04, 400.0, "how much this term counts within the distillation loss", log=True)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """One regressor for each pair of layers."""
        return regressors(student, teacher, pairs)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``context``: the mean over the pairs of layers."""
        return {"context": Term(self.weight, mean_of(hierarchical_context, regressed(seen)))}

    def shows(self, seen: Exchange) -> list[tuple[Tensor, Tensor]]:
        """The regressor's output beside the teacher's layer, at the largest size."""
        return list(regressed(seen))
