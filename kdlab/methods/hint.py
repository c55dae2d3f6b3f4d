"""Hints: the student's features, through a learned regressor, meet the teacher's."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.losses import hint
from kdlab.methods.base import Method, Term, knob, register


def regressor(student: tuple[int, ...], teacher: tuple[int, ...]) -> nn.Module:
    """The smallest trained map from one layer's shape to another's.

    Two feature maps: the student's is pooled to the teacher's height and width, then a 1 × 1 convolution. Otherwise
    the student's layer (a map is pooled to 4 × 4 first) is flattened and mapped linearly to the teacher's shape.

    Args:
        student: shape of one sample at the student's layer.
        teacher: shape of one sample at the teacher's layer.
    """
    if len(student) == len(teacher) == 3:
        pool = [nn.AdaptiveAvgPool2d(teacher[1:])] if student[1:] != teacher[1:] else []
        return nn.Sequential(*pool, nn.Conv2d(student[0], teacher[0], 1))
    pool = [nn.AdaptiveAvgPool2d(4)] if len(student) == 3 and student[1] * student[2] > 16 else []
    width = student[0] * 16 if pool else math.prod(student)
    return nn.Sequential(*pool, nn.Flatten(), nn.Linear(width, math.prod(teacher)), nn.Unflatten(1, teacher))


@register("hint", type="feature")
@dataclass(frozen=True)
class Hint(Method):
    """Match the teacher's features through a learned regressor (Romero et al. 2015, arXiv:1412.6550).

    The default weight makes its gradient in a new mlp-64 about as long as that of the labels' cross-entropy (1.3 times:
    500 images, the shipped teacher, embedding to embedding, mean of five seeds). For other pairs the ledger shows it.
    """

    symbol = "‖r(F student) − F teacher‖²"
    compares = "any"

    weight: float = knob(1.0, 0.0, 20.0, "how much this term counts within the distillation loss")

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """One regressor for each pair of layers."""
        return nn.ModuleList(
            regressor(tuple(student.features[s].shape[1:]), tuple(teacher.features[t].shape[1:])) for t, s in pairs
        )

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``hint``: the mean over the pairs of layers."""
        values = [hint(s, t) for s, t in self.shows(seen)]
        return {"hint": Term(self.weight, sum(values) / len(values))}

    def shows(self, seen: Exchange) -> list[tuple[Tensor, Tensor]]:
        """The regressor's output beside the teacher's layer."""
        return [(r(s), t) for r, (s, t) in zip(seen.adapter, seen.features(), strict=True)]
