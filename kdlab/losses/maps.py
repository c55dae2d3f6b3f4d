"""Feature-based losses on feature maps: where, and how strongly, a layer looks."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from kdlab import check
from kdlab.losses.common import check_maps, kl, unit


def attention(maps: Tensor) -> Tensor:
    """Where a layer looks: Q = q / ‖q‖₂ with q the mean over channels of F², (batch, height, width), of length 1."""
    q = maps.square().mean(1)
    return unit(q.flatten(1)).view_as(q)


def attention_transfer(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of attention maps: mean (Q_s − Q_t)², Q = q / ‖q‖₂, q = mean over channels of F².

    q, one number for each place, is flattened; ‖·‖₂ is its length. It cannot see channels (which of them answers at a
    place, and with which sign), nor the scale of a sample's map.

    Args:
        student: feature maps F, shape (batch, channels, height, width).
        teacher: of the same height and width, any number of channels; no gradient flows into it.

    Returns:
        Mean over batch and places: a scalar in [0, 2 / (height · width)], no unit.

    Raises:
        ValueError: not feature maps, or batch, height or width differ.

    Source: Zagoruyko & Komodakis 2017, arXiv:1612.03928, equation 2 with p = 2; the mean of squares, as in its code,
    where the equation has the unsquared length.
    """
    check_maps(student, teacher)
    return (attention(student) - attention(teacher.detach())).square().mean()


def nst(student: Tensor, teacher: Tensor) -> Tensor:
    """Neuron selectivity: mean k(t, t) + mean k(s, s) − 2 mean k(s, t), with k(a, b) = (a · b)².

    s and t are the channels of a sample's map, flattened to (height · width) and brought to length 1; the means run
    over all pairs of channels: a squared maximum mean discrepancy between two sets of patterns. It cannot see the order
    of the channels, their number if all come equally often, their scale or sign.

    Args:
        student: feature maps, shape (batch, channels, height, width).
        teacher: of the same height and width, any number of channels; no gradient flows into it.

    Returns:
        Mean over the batch: a scalar in [0, 2], no unit.

    Raises:
        ValueError: not feature maps, or batch, height or width differ.

    Source: Huang & Wang 2017 (NST), arXiv:1707.01219, with the polynomial kernel d = 2, c = 0.
    """
    check_maps(student, teacher)
    s, t = (unit(f.flatten(2)) for f in (student, teacher.detach()))

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.transpose(1, 2)).square().mean()

    return kernel(t, t) + kernel(s, s) - 2 * kernel(s, t)


def channel_wise(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Where each channel looks: T² / (B · C) Σ_b Σ_c KL(t_bc ‖ s_bc), s and t the softmax over places at T.

    B is the batch, C the number of channels. It cannot see a constant added to a channel: not how strongly a channel
    answers as a whole, only where.

    Args:
        student: feature maps, shape (batch, channels, height, width).
        teacher: same shape, channel by channel; no gradient flows into it.
        temperature: T, above 0, in units of the features; a large one looks at the whole map, a small one at its peak.

    Returns:
        Mean over batch and channels: a scalar, at least 0, in nats.

    Raises:
        ValueError: not feature maps, the shapes differ, or ``temperature`` is not a finite number above 0.

    Source: Shu et al. 2021 (CWD), arXiv:2011.13256.
    """
    check.shape(4, "(batch, channels, height, width)", student=student)
    check.same_shape(student=student, teacher=teacher)
    check.positive(temperature=temperature)
    log_s, log_t = (F.log_softmax(f.flatten(2) / temperature, dim=2) for f in (student, teacher.detach()))
    return temperature**2 * kl(log_t, log_s)


def hierarchical_context(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference at several sizes: Σ_l w_l mean (P_l(F_s) − P_l(F_t))² / Σ_l w_l.

    P_0 leaves the maps F as they are; then they are averaged to 4 × 4, 2 × 2 and 1 × 1, as far as that makes them
    smaller. w is 1, ½, ¼ … over the sizes used. It is blind to nothing, but weighs what all places share more than
    a plain mean does.

    Args:
        student: feature maps after a regressor, shape (batch, channels, height, width).
        teacher: same shape; no gradient flows into it.

    Returns:
        A scalar, at least 0, in squared units of the features.

    Raises:
        ValueError: not feature maps, or the shapes differ.

    Source: Chen et al. 2021 (ReviewKD), arXiv:2104.09044 (its HCL); the weights are its code's.
    """
    check.shape(4, "(batch, channels, height, width)", student=student)
    check.same_shape(student=student, teacher=teacher)
    gap = student - teacher.detach()  # averaging is linear: the difference may be averaged instead of both
    sizes = [size for size in (4, 2, 1) if size < min(gap.shape[2:])]
    levels = [gap, *(F.adaptive_avg_pool2d(gap, size) for size in sizes)]
    weights = [0.5**place for place in range(len(levels))]
    return sum(w * level.square().mean() for w, level in zip(weights, levels, strict=True)) / sum(weights)
