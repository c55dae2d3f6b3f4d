"""Relation-based losses on how alike the samples of a batch are, as inner products or cosines."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab import check
from kdlab.losses.common import flat, unit


def similarity_preserving(student: Tensor, teacher: Tensor) -> Tensor:
    """Similar to the teacher, similar to the student: ‖G_s − G_t‖²_F / B².

    G = n(f fᵀ): inner products of all pairs of the B samples, each row brought to length 1 (‖·‖₂, not the sum), ‖·‖²_F
    the sum of squares. It cannot see a rotation of the features, nor one scale common to all of them; it does see a
    shift. As rows get longer their entries get smaller, so that its value falls with the batch.

    Args:
        student: features or logits f, shape (batch, …); flattened to (batch, D).
        teacher: the same samples, (batch, …), any width; no gradient flows into it.

    Returns:
        A scalar in [0, 4 / B], no unit.

    Raises:
        ValueError: the batches differ in length.

    Source: Tung & Mori 2019 (SP), arXiv:1907.09682.
    """
    g_s, g_t = (unit(f @ f.T) for f in flat(student, teacher))
    return (g_s - g_t).square().mean()


def correlation_congruence(student: Tensor, teacher: Tensor, *, gamma: float = 0.4, order: int = 2) -> Tensor:
    """Congruent correlations: (1/B²) Σ_ij (K(s_i, s_j) − K(t_i, t_j))², K a Gaussian kernel of features of length 1.

    K(a, b) = exp(−γ ‖a − b‖²) = e^{−2γ} Σ_p (2γ)^p / p! · (a · b)^p, the series cut off after p = P. It cannot see the
    length of a sample's features, nor a rotation; it does see a shift.

    Args:
        student: features or logits, shape (batch, …); flattened to (batch, D), then brought to length 1.
        teacher: the same samples, (batch, …), any width; no gradient flows into it.
        gamma: γ, above 0, no unit; a large one looks at near neighbours only.
        order: P, at least 1.

    Returns:
        Mean over all pairs: a scalar, at least 0, no unit; 0 for a batch of one.

    Raises:
        ValueError: the batches differ in length, or a number is out of its range.

    Source: Peng et al. 2019 (CC), arXiv:1904.01802, with the Gaussian kernel.
    """
    check.positive(gamma=gamma)
    check.whole(1, order=order)
    gamma = torch.as_tensor(gamma, dtype=student.dtype, device=student.device)

    def kernel(f: Tensor) -> Tensor:
        f = unit(f)
        cosine = f @ f.T
        return (-2 * gamma).exp() * sum((2 * gamma) ** p / math.factorial(p) * cosine**p for p in range(order + 1))

    k_s, k_t = (kernel(f) for f in flat(student, teacher))
    return (k_s - k_t).square().mean()


def pkt(student: Tensor, teacher: Tensor) -> Tensor:
    """Probabilistic knowledge transfer: (1/B²) Σ_ij t_ij log(t_ij / s_ij).

    s_ij and t_ij are the probabilities to pick sample j when standing at i: (cos(f_i, f_j) + 1) / 2, each row over its
    sum; i itself counts. It cannot see the length of a sample's features, nor a rotation; it does see a shift.

    Args:
        student: features or logits f, shape (batch, …); flattened to (batch, D).
        teacher: the same samples, (batch, …), any width; no gradient flows into it.

    Returns:
        Mean over all pairs: a scalar, at least 0, in nats; 0 for a batch of one.

    Raises:
        ValueError: the batches differ in length.

    Source: Passalis & Tefas 2018 (PKT), arXiv:1803.10837, with the cosine kernel.
    """

    def neighbours(f: Tensor) -> Tensor:
        f = unit(f)
        likely = ((f @ f.T + 1) / 2).clamp(min=1e-7)  # opposite directions would give log 0
        return (likely / likely.sum(dim=1, keepdim=True)).log()

    log_s, log_t = (neighbours(f) for f in flat(student, teacher))
    return (log_t.exp() * (log_t - log_s)).mean()


def contrastive(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Tell the sample by its teacher: −(1/B) Σ_i log( exp(c_ii / τ) / Σ_j exp(c_ij / τ) ).

    c_ij is the cosine between the student's features of sample i and the teacher's of sample j, τ a temperature of its
    own, which has nothing to do with that of soft targets. The other samples of the batch are what sample i must be
    told from. It cannot see the length of a sample's features; a rotation it does see, unless applied to both sides.

    Contrastive representation distillation (CRD) is this idea with more effort: thousands of other samples from a
    memory of the whole data set, of other classes only; projections of both sides; and for each pair a yes-or-no
    question (noise-contrastive estimation) where this loss asks which of B.

    Args:
        student: features after a projection, shape (batch, …); flattened to (batch, D).
        teacher: the same samples, same width; no gradient flows into it.
        temperature: τ, above 0, no unit; .1 is usual.

    Returns:
        Mean over the batch: a scalar, at least 0, in nats; 0 for a batch of one, and not 0 for equal features.

    Raises:
        ValueError: batch or width differ, or ``temperature`` is not a finite number above 0.

    Source: van den Oord et al. 2018 (InfoNCE), arXiv:1807.03748, equation 4; the idea for distillation from Tian et al.
    2020 (CRD), arXiv:1910.10699.
    """
    student, teacher = flat(student, teacher)
    check.same_shape(student=student, teacher=teacher)
    check.positive(temperature=temperature)
    cosine = unit(student) @ unit(teacher).T
    return -F.log_softmax(cosine / temperature, dim=1).diagonal().mean()
