"""Feature-based losses: the student learns from what the teacher computes on the way."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kdlab import check
from kdlab.losses.common import unit


def hint(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared distance of the student's (regressed) features from the teacher's.

    Layers of different width are made comparable by a learned regressor r, applied before: pass r(F_student).

    Args:
        student: features after the regressor, shape (batch, …).
        teacher: features of the same shape; no gradient flows into it.

    Returns:
        Mean over batch and units of (r(F_s) − F_t)²: a scalar, in squared units of the features.

    Raises:
        ValueError: the shapes differ.

    Source: Romero et al. 2015 (FitNets), arXiv:1412.6550, equation 3.
    """
    check.same_shape(student=student, teacher=teacher)
    return (student - teacher.detach()).square().mean()


def factor_transfer(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean absolute difference of factors at length 1: mean |u_s / ‖u_s‖₂ − u_t / ‖u_t‖₂|.

    u_t = Pa(F_t) is the code of an autoencoder ("paraphraser") trained first on the teacher's features, u_s = Tr(F_s)
    the output of a small net ("translator") trained with the student; pass both. It cannot see the scale of a sample's
    factors. (Some libraries compare means over channels instead, which is another loss.)

    Args:
        student: factors u_s, shape (batch, …); flattened to (batch, D).
        teacher: factors u_t, same shape; no gradient flows into it.

    Returns:
        Mean over batch and units: a scalar in [0, 2 / √D], no unit.

    Raises:
        ValueError: the shapes differ.

    Source: Kim et al. 2018 (FT), arXiv:1802.04977, with p = 1.
    """
    check.same_shape(student=student, teacher=teacher)
    return (unit(student.flatten(1)) - unit(teacher.detach().flatten(1))).abs().mean()


def activation_boundary(student: Tensor, teacher: Tensor, *, margin: float = 1.0) -> Tensor:
    """On the teacher's side of zero: (1/B) Σ (s + m)² [s > −m and t ≤ 0] + (s − m)² [s ≤ m and t > 0].

    s and t are a unit's values *before* its ReLU, m the margin, [·] is 1 where true, the sum runs over all units of
    the B samples. Each unit must be on where the teacher's is on and off where it is off, by a margin, as in a support
    vector machine. It cannot see how strongly the teacher's units answer, only whether. It is 0 for equal features only
    where they keep clear of the margin.

    Args:
        student: values before the activation, after a regressor, shape (batch, …).
        teacher: same shape; no gradient flows into it.
        margin: m, at least 0, in units of the features.

    Returns:
        Sum over units, mean over the batch: a scalar, at least 0, in squared units of the features.

    Raises:
        ValueError: the shapes differ, or ``margin`` is negative.

    Source: Heo et al. 2019 (AB), arXiv:1811.03233.
    """
    check.same_shape(student=student, teacher=teacher)
    check.between(0, float("inf"), margin=margin)
    off = (student + margin).square() * ((student > -margin) & (teacher <= 0))
    on = (student - margin).square() * ((student <= margin) & (teacher > 0))
    return (off + on).sum() / len(student)


def vid(
    student: Tensor,
    teacher: Tensor,
    *,
    mean: Callable[[Tensor], Tensor] | None = None,
    variance: float | Tensor,
) -> Tensor:
    """What the student's features tell of the teacher's: mean ½ ((μ(s) − t)² / v + log v).

    The negative log-likelihood, less a constant, of a Gaussian with mean μ(s) and a variance v for each channel. Both
    are learned with the student (v = softplus(a) + ε, a a parameter some optimiser must own): channels that cannot be
    told from the student get a large v, and count little. It is blind to nothing; minimal at v = (μ(s) − t)², and
    negative where that is small.

    Args:
        student: features s, shape (batch, …).
        teacher: features t, (batch, channels, …); no gradient flows into it.
        mean: μ, from the student's features to the teacher's shape; None: ``student`` is μ(s) already.
        variance: v, above 0, in squared units of the features: a number, or (channels,).

    Returns:
        Mean over batch and units: a scalar of either sign, in nats.

    Raises:
        ValueError: μ(s) and t differ in shape, v does not fit, or a number v is not above 0.

    Source: Ahn et al. 2019 (VID), arXiv:1904.05835.
    """
    predicted = student if mean is None else mean(student)
    named = {"student" if mean is None else "mean(student)": predicted, "teacher": teacher}
    check.same_shape(**named)
    check.positive(variance=variance)
    v = torch.as_tensor(variance, dtype=teacher.dtype, device=teacher.device)
    if v.ndim and v.shape != teacher.shape[1:2]:
        raise ValueError(
            f"variance must be a number or of shape (channels,) = {tuple(teacher.shape[1:2])}, got {tuple(v.shape)}"
        )
    v = v.reshape(-1, *(1 for _ in teacher.shape[2:]))
    return 0.5 * ((predicted - teacher.detach()).square() / v + v.log()).mean()
