"""Feature-based losses: the student learns from what the teacher computes on the way."""

from __future__ import annotations

from torch import Tensor

from kdlab import check


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
