"""Attention maps."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from kdlab.knowledge import Exchange
from kdlab.losses import attention_transfer
from kdlab.losses.maps import attention
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of, one_size


@register("attention-transfer", type="feature")
@dataclass(frozen=True)
class AttentionTransfer(Method):
    """Match where a layer looks, over all its channels (Zagoruyko & Komodakis 2017, arXiv:1612.03928)."""

    symbol = "‖Q student − Q teacher‖²"
    compares = "map"

    weight: float = knob(5.0, 0.05, 500.0, "how much this term counts within the distillation loss", log=True)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``attention``: the mean over the pairs of layers."""
        return {"attention": Term(self.weight, mean_of(attention_transfer, one_size(seen)))}

    def shows(self, seen: Exchange) -> list[tuple[Tensor, Tensor]]:
        """Both attention maps, (batch, height, width), each of length 1."""
        return [(attention(s), attention(t)) for s, t in one_size(seen)]
