"""Where each channel looks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.losses import channel_wise
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of, regressed, regressors


@register("channel-wise", type="feature")
@dataclass(frozen=True)
class ChannelWise(Method):
    """Match where each channel looks, through a learned regressor (Shu et al. 2021, arXiv:2011.13256)."""

    symbol = "T² KL(places of teacher ‖ of student), per channel"
    compares = "map"
    uses_temperature = True

    weight: float = knob(40.0, 0.4, 4000.0, "how much this term counts within the distillation loss", log=True)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """One regressor for each pair of layers."""
        return regressors(student, teacher, pairs)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``places``: the mean over the pairs of layers."""
        loss = partial(channel_wise, temperature=seen.temperature)
        return {"places": Term(self.weight, mean_of(loss, regressed(seen)))}

    def shows(self, seen: Exchange) -> list[tuple[Tensor, Tensor]]:
        """Each channel's softmax over its places, of the regressor's output and of the teacher's layer."""

        def places(maps: Tensor) -> Tensor:
            return (maps / seen.temperature).flatten(2).softmax(2).view_as(maps)

        return [(places(s), places(t)) for s, t in regressed(seen)]
