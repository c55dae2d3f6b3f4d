"""What methods that compare layers share: regressors, one size for two maps, the mean over pairs of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch.nn.functional as F
from torch import Tensor, nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.methods.hint import regressor

Layers = Iterable[tuple[Tensor, Tensor]]


def regressors(student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.ModuleList:
    """One regressor for each pair of layers, from the student's shape to the teacher's."""
    return nn.ModuleList(
        regressor(tuple(student.features[s].shape[1:]), tuple(teacher.features[t].shape[1:])) for t, s in pairs
    )


def regressed(seen: Exchange) -> Layers:
    """(regressor's output, teacher's) for each pair of layers."""
    return [(r(s), t) for r, (s, t) in zip(seen.adapter, seen.features(), strict=True)]


def one_size(seen: Exchange) -> Layers:
    """(student's, teacher's) maps for each pair of layers, the larger averaged down to the smaller's size."""

    def fit(s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        size = tuple(min(a, b) for a, b in zip(s.shape[2:], t.shape[2:], strict=True))
        return tuple(f if f.shape[2:] == size else F.adaptive_avg_pool2d(f, size) for f in (s, t))

    return [fit(s, t) for s, t in seen.features()]


def mean_of(loss: Callable[[Tensor, Tensor], Tensor], layers: Layers) -> Tensor:
    """Mean of a loss over pairs of layers."""
    values = [loss(s, t) for s, t in layers]
    return sum(values) / len(values)
