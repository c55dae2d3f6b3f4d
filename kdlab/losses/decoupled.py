"""Response-based losses that take the answers apart: target and others, rows and columns."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab import check
from kdlab.losses.common import centred_unit, kl


def dkd(
    student: Tensor,
    teacher: Tensor,
    *,
    labels: Tensor,
    target_weight: float = 1.0,
    other_weight: float = 8.0,
    temperature: float,
) -> Tensor:
    """Decoupled distillation: T² (a · TCKD + b · NCKD).

    TCKD is the KL between (p_y, 1 − p_y), how likely the target class y is and all others together; NCKD the KL between
    the distributions over the other classes alone, p_c / (1 − p_y). Soft targets are T² (TCKD + (1 − p_y) NCKD) with
    the teacher's p_y: where it is sure, its view of the others is lost. b sets that weight free. It cannot see a shift
    of all logits of a sample.

    Args:
        student: logits, shape (batch, classes), at least 2 classes.
        teacher: logits, same shape; no gradient flows into it.
        labels: the target classes y, (batch,) int64, in [0, classes); where one is hidden, put the teacher's answer.
        target_weight: a, at least 0.
        other_weight: b, at least 0.
        temperature: T, above 0, no unit.

    Returns:
        Mean over the batch: a scalar, at least 0, in nats.

    Raises:
        ValueError: the shapes do not fit, there is one class only, or a number is out of its range.

    Source: Zhao et al. 2022 (DKD), arXiv:2203.08679; weights of the reference recipe.
    """
    check.shape(2, "(batch, classes)", student=student)
    check.same_shape(student=student, teacher=teacher)
    check.shape(1, "(batch,)", labels=labels)
    check.same_batch(student=student, labels=labels)
    check.between(0, float("inf"), target_weight=target_weight, other_weight=other_weight)
    check.positive(temperature=temperature)
    classes = student.shape[1]
    if classes < 2:
        raise ValueError(f"student must have at least 2 classes, got {classes}")
    target = labels[:, None]
    others = torch.arange(classes - 1, device=labels.device)
    others = others + (others >= target)  # (batch, classes − 1): all classes but the target

    def parts(logits: Tensor) -> tuple[Tensor, Tensor]:
        log_p = F.log_softmax(logits / temperature, dim=1)
        rest = log_p.gather(1, others)
        return torch.cat([log_p.gather(1, target), rest.logsumexp(1, keepdim=True)], dim=1), F.log_softmax(rest, dim=1)

    (pair_s, rest_s), (pair_t, rest_t) = parts(student), parts(teacher.detach())
    return temperature**2 * (target_weight * kl(pair_t, pair_s) + other_weight * kl(rest_t, rest_s))


def dist(
    student: Tensor,
    teacher: Tensor,
    *,
    row_weight: float = 2.0,
    column_weight: float = 2.0,
    temperature: float,
) -> Tensor:
    """Correlation instead of divergence: T² (b (1 − mean_i r(s_i·, t_i·)) + g (1 − mean_c r(s_·c, t_·c))).

    s and t are the softmax at T as tables of samples × classes, r is Pearson's correlation: over the classes of a
    sample (rows), and over the samples of a class (columns). It cannot see how sure the teacher is: a row may be
    shifted and scaled. Since columns compare the samples of a batch, it depends on who else is in it.

    A row or column in which the teacher does not vary (the columns of a batch of one) is left out of the mean; one in
    which only the student does not has r = 0 and no gradient.

    Args:
        student: logits, shape (batch, classes).
        teacher: logits, same shape; no gradient flows into it.
        row_weight: b, at least 0.
        column_weight: g, at least 0.
        temperature: T, above 0, no unit.

    Returns:
        A scalar in [0, 2 T² (b + g)], no unit.

    Raises:
        ValueError: the shapes differ, or a number is out of its range.

    Source: Huang et al. 2022 (DIST), arXiv:2205.10536; weights of the reference recipe.
    """
    check.shape(2, "(batch, classes)", student=student)
    check.same_shape(student=student, teacher=teacher)
    check.between(0, float("inf"), row_weight=row_weight, column_weight=column_weight)
    check.positive(temperature=temperature)
    s, t = (F.softmax(logits / temperature, dim=1) for logits in (student, teacher.detach()))
    return temperature**2 * (row_weight * _unlike(s, t, 1) + column_weight * _unlike(s, t, 0))


def _unlike(s: Tensor, t: Tensor, dim: int) -> Tensor:
    """1 − mean Pearson correlation along ``dim``, over the lines along which the teacher varies."""
    s, t = centred_unit(s, dim), centred_unit(t, dim)
    varies = (t != 0).any(dim)
    return ((1 - (s * t).sum(dim)) * varies).sum() / varies.sum().clamp(min=1)
