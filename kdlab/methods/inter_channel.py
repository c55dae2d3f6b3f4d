"""How alike the channels of a sample are."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.losses import inter_channel
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of, regressed, regressors


@register("inter-channel", type="relation")
@dataclass(frozen=True)
class InterChannel(Method):
    """Match how alike a sample's channels are, through a learned regressor (Liu et al. 2021, arXiv:2202.03680)."""

    symbol = "‖n(F Fᵀ) student − n(F Fᵀ) teacher‖²"
    compares = "map"

    weight: float = knob(200.0, 2.0, 20000.0, "how much this term counts within the distillation loss", log=True)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """One regressor for each pair of layers."""
        return regressors(student, teacher, pairs)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``channels``: the mean over the pairs of layers."""
        return {"channels": Term(self.weight, mean_of(inter_channel, regressed(seen)))}
