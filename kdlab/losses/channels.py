"""Relation-based losses within a sample: how channels, and layers, go together."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from kdlab import check
from kdlab.losses.common import unit

Maps = tuple[Tensor, Tensor]


def fsp(student: Maps, teacher: Maps) -> Tensor:
    """Flow between two layers: mean (G_s − G_t)², G = F₁ F₂ᵀ / (H · W) for each sample.

    F₁ and F₂ are the maps of a lower and a higher layer as (channels, H · W); G says which of their channels answer at
    the same places. Where the two differ in size, the larger is max-pooled to the smaller's. It cannot see where:
    places may be shuffled, in both layers alike.

    Args:
        student: two feature maps, each (batch, channels, height, width).
        teacher: two with the same numbers of channels, any height and width; no gradient flows into them.

    Returns:
        Mean over batch and pairs of channels: a scalar, at least 0, in units of the features to the fourth.

    Raises:
        ValueError: not two maps each, or batches or channels differ.

    Source: Yim et al. 2017, CVPR 2017 (a sum of squares there, a mean in the usual code and here).
    """
    for name, maps in {"student": student, "teacher": teacher}.items():
        if isinstance(maps, Tensor) or len(maps) != 2:
            got = "one tensor" if isinstance(maps, Tensor) else f"{len(maps)} of them"
            raise ValueError(f"{name} must be two feature maps, of a lower and a higher layer, got {got}")
    for place, (s, t) in enumerate(zip(student, teacher, strict=True)):
        named = {f"student[{place}]": s, f"teacher[{place}]": t}
        check.shape(4, "(batch, channels, height, width)", **named)
        if s.shape[:2] != t.shape[:2]:
            got = " and ".join(str(tuple(f.shape[:2])) for f in (s, t))
            raise ValueError(f"{' and '.join(named)} must have the same batch and channels, got {got}")
    check.same_batch(**{"student[0]": student[0], "student[1]": student[1]})
    return (_flow(*student) - _flow(*(f.detach() for f in teacher))).square().mean()


def _flow(lower: Tensor, higher: Tensor) -> Tensor:
    """(batch, channels of the lower, channels of the higher)."""
    size = tuple(min(a, b) for a, b in zip(lower.shape[2:], higher.shape[2:], strict=True))
    lower, higher = (f if f.shape[2:] == size else F.adaptive_max_pool2d(f, size) for f in (lower, higher))
    return lower.flatten(2) @ higher.flatten(2).transpose(1, 2) / (size[0] * size[1])


def inter_channel(student: Tensor, teacher: Tensor) -> Tensor:
    """How alike the channels of a sample are: Σ_b ‖n(F_s F_sᵀ) − n(F_t F_tᵀ)‖² / (C · B²).

    F is a sample's map as (C channels, places), n brings each row of the C × C table to length 1, ‖·‖ sums squares over
    the table. It cannot see where in the image something is, nor the scale of a sample's map. The division by B², B the
    batch, is that of the usual code: the loss of a batch twice as long is half as large.

    Args:
        student: feature maps after a regressor, shape (batch, channels, height, width).
        teacher: the same number of channels, any height and width; no gradient flows into it.

    Returns:
        A scalar in [0, 4 / B], no unit.

    Raises:
        ValueError: not feature maps, or batches or channels differ.

    Source: Liu et al. 2021 (ICKD), arXiv:2202.03680.
    """
    check.shape(4, "(batch, channels, height, width)", student=student, teacher=teacher)
    check.same_batch(student=student, teacher=teacher)
    batch, channels = student.shape[:2]
    if channels != teacher.shape[1]:
        raise ValueError(
            f"student and teacher must have the same number of channels, got {channels} and {teacher.shape[1]}"
        )

    def alike(f: Tensor) -> Tensor:
        f = f.flatten(2)
        return unit(f @ f.transpose(1, 2))

    return (alike(student) - alike(teacher.detach())).square().sum() / (channels * batch**2)
