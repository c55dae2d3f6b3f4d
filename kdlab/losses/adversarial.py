"""A game instead of a distance: a discriminator tells student from teacher, and the student learns not to be told."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from kdlab import check


def gradient_reversal(x: Tensor, strength: float | Tensor = 1.0) -> Tensor:
    """``x`` itself; on the way back its gradient is multiplied by ``-strength``.

    What stands behind it minimises a loss, and what stands before it maximises the same loss, in one backward pass.
    Written as a sum of which one part is detached, ``x − s (x − x)``, since it must also work for students that are
    trained as a stack (``torch.func.vmap``), which an ``autograd.Function`` of its own does not.

    Args:
        x: any finite tensor.
        strength: s, at least 0, no unit; 0 stops the gradient.

    Returns:
        A tensor equal to ``x`` to the last bit.

    Raises:
        ValueError: ``strength`` is negative.

    Source: Ganin & Lempitsky 2015, arXiv:1409.7495, section 3.1 (gradient reversal layer).
    """
    check.between(0, float("inf"), strength=strength)
    return x.detach() - strength * (x - x.detach())


def discrimination(student: Tensor, teacher: Tensor) -> Tensor:
    """How badly a discriminator tells the two apart: ½ mean −log(1 − σ(d_s)) + ½ mean −log σ(d_t).

    The cross-entropy of its answers with 1 for the teacher and 0 for the student. Whoever cannot tell them apart
    answers 0 and pays log 2 = 0.69; it is nearly 0 where both are recognised. It compares two crowds, not pairs: which
    sample an answer belongs to, it cannot see.

    Unlike all other losses it has its gradient in both arguments, as both are the discriminator's own words.

    Args:
        student: the discriminator's scores d_s for what the student says, (batch,); σ(d) is its probability that it
            sees the teacher.
        teacher: its scores d_t for what the teacher says, (batch,).

    Returns:
        A scalar, at least 0, in nats.

    Raises:
        ValueError: a score is not one number a sample.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, equation 1, negated and halved.
    """
    check.shape(1, "(batch,)", student=student, teacher=teacher)
    return 0.5 * (F.softplus(student).mean() + F.softplus(-teacher).mean())
