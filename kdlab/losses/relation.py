"""Relation-based losses: the student learns how the samples of a batch lie to each other."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab import check


def _flat(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    check.same_batch(student=student, teacher=teacher)
    return student.flatten(1), teacher.detach().flatten(1)


def _gram(f: Tensor) -> Tensor:
    """Inner products of centred samples, (B, B): centring moves no distance and no angle, but saves digits."""
    f = f - f.mean(dim=0, keepdim=True)
    return f @ f.T


def _distances(gram: Tensor) -> Tensor:
    """Euclidean distances between samples, (B, B); exactly 0, with gradient 0, where two samples coincide."""
    squares = gram.diagonal()
    squared = squares[:, None] + squares[None, :] - 2 * gram
    floor = torch.finfo(gram.dtype).eps * (squares[:, None] + squares[None, :])
    apart = (squared > floor) & ~torch.eye(len(gram), dtype=torch.bool, device=gram.device)
    return torch.where(apart, squared.where(apart, torch.ones_like(squared)).sqrt(), torch.zeros_like(squared))


def rkd_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Smooth L1 distance between the two sides' tables of pairwise distances, each in units of its own mean.

    Args:
        student: features or logits, shape (batch, …); flattened to (batch, D).
        teacher: the same samples in the same order, (batch, …), any width; no gradient flows into it.

    Returns:
        Mean over all batch² entries: a scalar, no unit; 0 for a batch of one.

    Raises:
        ValueError: the batches differ in length.

    Source: Park et al. 2019 (RKD), arXiv:1904.05068, equations 6 and 7.
    """
    tables = []
    for f in _flat(student, teacher):
        d = _distances(_gram(f))
        pairs = (d > 0).sum().clamp(min=1)  # the mean is over pairs that are apart; never a division by 0
        mean = d.sum() / pairs
        tables.append(d / mean.where(mean > 0, torch.ones_like(mean)))
    return F.smooth_l1_loss(*tables)


def rkd_angle(student: Tensor, teacher: Tensor) -> Tensor:
    """Smooth L1 distance between the two sides' cosines of the angle i–j–k, for every triple of samples.

    The cosines come from the B × B table of inner products, not from B² difference vectors: exact, and several
    times faster when features are wide.

    Args:
        student: features or logits, shape (batch, …); flattened to (batch, D).
        teacher: the same samples in the same order, (batch, …), any width; no gradient flows into it.

    Returns:
        Mean over all batch³ entries: a scalar, no unit; 0 for a batch of one.

    Raises:
        ValueError: the batches differ in length.

    Source: Park et al. 2019 (RKD), arXiv:1904.05068, equations 8 and 9.
    """
    cosines = []
    for f in _flat(student, teacher):
        gram = _gram(f)
        d = _distances(gram)
        inverse = torch.where(d > 0, 1 / d.where(d > 0, torch.ones_like(d)), torch.zeros_like(d))
        # at vertex j: (f_i - f_j) · (f_k - f_j) = G_ik - G_ij - G_jk + G_jj
        inner = gram[None, :, :] - gram[:, :, None] - gram[:, None, :] + gram.diagonal()[:, None, None]
        cosines.append(inner * inverse[:, :, None] * inverse[:, None, :])
    return F.smooth_l1_loss(*cosines)


def rkd(student: Tensor, teacher: Tensor, *, distance_weight: float = 25.0, angle_weight: float = 50.0) -> Tensor:
    """Relational knowledge distillation: distances and angles between samples.

    It sees neither where the features lie nor how long or how turned they are: moving, scaling or rotating all of
    one side's features changes nothing.

    Args:
        student: features or logits, shape (batch, …).
        teacher: the same samples, (batch, …), any width; no gradient flows into it.
        distance_weight: at least 0.
        angle_weight: at least 0.

    Returns:
        distance_weight · :func:`rkd_distance` + angle_weight · :func:`rkd_angle`: a scalar, no unit.

    Raises:
        ValueError: the batches differ in length, or a weight is negative.

    Source: Park et al. 2019 (RKD), arXiv:1904.05068; weights of the reference recipe.
    """
    check.between(0, float("inf"), distance_weight=distance_weight, angle_weight=angle_weight)
    return distance_weight * rkd_distance(student, teacher) + angle_weight * rkd_angle(student, teacher)
