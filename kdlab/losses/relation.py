"""Relation-based losses: the student learns how the samples of a batch lie to each other."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab import check
from kdlab.losses.common import flat


def _squared(f: Tensor) -> tuple[Tensor, Tensor]:
    """Squared distances between samples, by their inner products, and where two samples are apart, both (B, B)."""
    f = f - f.mean(dim=0, keepdim=True)  # moves no sample against another, but saves digits
    gram = f @ f.T
    squares = gram.diagonal()
    sums = squares[:, None] + squares[None, :]
    squared = sums - 2 * gram
    return squared, squared > torch.finfo(f.dtype).eps * sums


def _distances(f: Tensor) -> tuple[Tensor, Tensor]:
    """Distances between samples, 0 with gradient 0 where two coincide, and where they are apart, both (B, B)."""
    squared, apart = _squared(f)
    return torch.where(apart, squared.where(apart, 1.0).sqrt(), 0.0), apart


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
    for f in flat(student, teacher):
        d, apart = _distances(f)
        mean = d.sum() / apart.sum().clamp(min=1)  # over pairs that are apart; never a division by 0
        tables.append(d / mean.where(mean > 0, 1.0))
    return F.smooth_l1_loss(*tables)


def rkd_angle(student: Tensor, teacher: Tensor) -> Tensor:
    """Smooth L1 distance between the two sides' cosines of the angle i–j–k, for every triple of samples.

    The cosines come from the B × B table of distances, not from B² difference vectors: exact, and several times
    faster when features are wide.

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
    for f in flat(student, teacher):
        squared, apart = _squared(f)
        half, inverse = squared / 2, apart / squared.where(apart, 1.0).sqrt()
        # the law of cosines, at vertex j: (f_i - f_j) · (f_k - f_j) = (d_ij² + d_jk² - d_ik²) / 2
        inner = half[:, :, None] + half[:, None, :] - half[None, :, :]
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


def instance_graph(
    student: Sequence[Tensor],
    teacher: Sequence[Tensor],
    *,
    logit_weight: float = 0.1,
    edge_weight: float = 5.0,
    change_weight: float = 5.0,
) -> Tensor:
    """Instance relation graphs: samples are vertices, and how far two samples lie apart is their edge.

    w_v mean (z_s − z_t)² + w_e mean (E_s − E_t)² + w_c mean (ΔE_s − ΔE_t)²: z logits; E_l[i, j] = ‖f_i − f_j‖² at layer
    l, over the largest of the batch; ΔE = E_{l+1} − E_l, how the graph changes on the way up. Means over entries, then
    over layers. The edges cannot see where the features lie, nor how long or how turned they are; only the logits
    have a place.

    Args:
        student: logits (batch, classes), then one or more layers' features (batch, …), the lowest first.
        teacher: the same of the teacher, layer by layer, of any width; no gradient flows into it.
        logit_weight: w_v, at least 0.
        edge_weight: w_e, at least 0.
        change_weight: w_c, at least 0; with one layer there is no change.

    Returns:
        A scalar, at least 0; for a batch of one only the logits count.

    Raises:
        ValueError: there is no layer, their numbers differ, batches differ in length, logits differ in shape, or a
            weight is negative.

    Source: Liu et al. 2019 (IRG), CVPR 2019; weights and the largest edge as unit from its public port to PyTorch. That
    port compares how far each sample moves between layers where we compare how each edge changes.
    """
    check.between(0, float("inf"), logit_weight=logit_weight, edge_weight=edge_weight, change_weight=change_weight)
    logits, edges, changes = graph_gaps(student, teacher)
    return logit_weight * logits + edge_weight * edges + change_weight * changes


def graph_gaps(student: Sequence[Tensor], teacher: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The three parts of :func:`instance_graph` without their weights: logits, edges, changes of edges."""
    for name, given in {"student": student, "teacher": teacher}.items():
        if isinstance(given, Tensor) or len(given) < 2:
            got = "one tensor" if isinstance(given, Tensor) else f"{len(given)} of them"
            raise ValueError(f"{name} must be (logits, features, …) with the features of at least one layer, got {got}")
    if len(student) != len(teacher):
        raise ValueError(f"student and teacher must have as many layers, got {len(student) - 1} and {len(teacher) - 1}")
    check.shape(2, "(batch, classes)", **{"student[0]": student[0]})
    check.same_shape(**{"student[0]": student[0], "teacher[0]": teacher[0]})
    sides = zip(*(flat(s, t) for s, t in zip(student[1:], teacher[1:], strict=True)), strict=True)
    edges_s, edges_t = (torch.stack([_edges(f) for f in layers]) for layers in sides)
    logits = (student[0] - teacher[0].detach()).square().mean()
    if len(edges_s) == 1:
        return logits, (edges_s - edges_t).square().mean(), torch.zeros_like(logits)
    return logits, (edges_s - edges_t).square().mean(), (edges_s.diff(dim=0) - edges_t.diff(dim=0)).square().mean()


def _edges(f: Tensor) -> Tensor:
    """Squared distances between samples over the largest of them, (B, B)."""
    squared, apart = _squared(f)
    squared = squared.where(apart, 0.0)  # else rounding alone would be the largest where all samples coincide
    largest = squared.amax()
    return squared / largest.where(largest > 0, 1.0)
