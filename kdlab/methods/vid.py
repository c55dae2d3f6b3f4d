"""What the student's features tell of the teacher's."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.losses import vid
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.hint import regressor

LEAST = 1e-2  # of a variance: a silent channel would otherwise be worth any effort


class Gaussian(nn.Module):
    """A guess at the teacher's features: a mean from a regressor, and a variance for each channel.

    Args:
        student: the student's features of a few samples.
        teacher: the teacher's; their mean square is the variance to start from: nothing can be told yet.
    """

    def __init__(self, student: Tensor, teacher: Tensor):
        super().__init__()
        self.mean = regressor(tuple(student.shape[1:]), tuple(teacher.shape[1:]))
        start = (teacher.square().mean().clamp(min=2 * LEAST) - LEAST).expand(teacher.shape[1])
        self.raw = nn.Parameter(start + (-(-start).expm1()).log())  # the inverse of softplus

    @property
    def variance(self) -> Tensor:
        """(channels,), above 0 whatever the optimiser does."""
        return F.softplus(self.raw) + LEAST


@register("vid", type="feature")
@dataclass(frozen=True)
class VID(Method):
    """Predict the teacher's features, with a learned variance for each channel (Ahn et al. 2019, arXiv:1904.05835)."""

    symbol = "½ ((μ(F student) − F teacher)² / v + log v)"
    compares = "any"

    weight: float = knob(5.0, 0.05, 500.0, "how much this term counts within the distillation loss", log=True)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """A guess for each pair of layers."""
        return nn.ModuleList(Gaussian(student.features[s], teacher.features[t]) for t, s in pairs)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``information``: the mean over the pairs of layers; it may be negative."""
        pairs = zip(seen.adapter, seen.features(), strict=True)
        values = [vid(s, t, mean=guess.mean, variance=guess.variance) for guess, (s, t) in pairs]
        return {"information": Term(self.weight, sum(values) / len(values))}

    def shows(self, seen: Exchange) -> list[tuple[Tensor, Tensor]]:
        """The mean that is told beside the teacher's layer; the variances are not shown."""
        return [(guess.mean(s), t) for guess, (s, t) in zip(seen.adapter, seen.features(), strict=True)]
