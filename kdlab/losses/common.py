"""What several losses share: unit vectors, divergences, and checks of two feature maps."""

from __future__ import annotations

import torch
from torch import Tensor

from kdlab import check


def unit(x: Tensor, dim: int = -1, floor: float | Tensor = 1e-12) -> Tensor:
    """Vectors along ``dim`` at length 1; one not longer than ``floor`` becomes 0, with gradient 0.

    (``F.normalize`` has a gradient of 1e12 there: one silent unit and the step is lost.)
    """
    squared = x.square().sum(dim, keepdim=True)
    there = squared > floor**2
    return x * (there / squared.where(there, 1.0).sqrt())


def centred_unit(x: Tensor, dim: int = -1) -> Tensor:
    """``x`` less its mean along ``dim``, at length 1; 0, with gradient 0, where it varies by rounding only."""
    floor = 4 * torch.finfo(x.dtype).eps * x.detach().norm(dim=dim, keepdim=True)
    return unit(x - x.mean(dim, keepdim=True), dim, floor.clamp(min=1e-12))


def kl(log_t: Tensor, log_s: Tensor) -> Tensor:
    """KL(teacher ‖ student) = Σ t (log t − log s) along the last dimension, mean over the others, in nats."""
    return (log_t.exp() * (log_t - log_s)).sum(-1).mean()


def flat(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    """Both as (batch, D), the teacher detached.

    Raises:
        ValueError: the batches differ in length.
    """
    check.same_batch(student=student, teacher=teacher)
    return student.flatten(1), teacher.detach().flatten(1)


def check_maps(student: Tensor, teacher: Tensor) -> None:
    """Two batches of feature maps of one height and width; the channels may differ.

    Raises:
        ValueError: they are not.
    """
    check.shape(4, "(batch, channels, height, width)", student=student, teacher=teacher)
    check.same_batch(student=student, teacher=teacher)
    if student.shape[2:] != teacher.shape[2:]:
        raise ValueError(
            f"student and teacher must have the same height and width, got {tuple(student.shape[2:])} and "
            f"{tuple(teacher.shape[2:])}"
        )
