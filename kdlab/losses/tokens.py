"""Losses of language models: a sequence has an answer at each place, and some places are only padding."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kdlab import check


def mean_of_real(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the values at real places: their sum divided by how many there are, over the whole batch.

    Args:
        values: a number for each place, shape (batch, length).
        mask: True where a token is real, False where it is padding, same shape.

    Returns:
        A scalar. Whatever stands at padded places, NaN and infinity too, does not count.

    Raises:
        ValueError: the shapes differ, or no place is real.
        TypeError: ``mask`` is not of bools.
    """
    check.same_shape(values=values, mask=mask)
    if mask.dtype != torch.bool:
        raise TypeError(f"mask must be a tensor of bools, True where a token is real, got {mask.dtype}")
    if not mask.any():
        raise ValueError("mask must be True at one place at least, got only padding")
    return values.where(mask, 0.0).sum() / mask.sum()


def token_kl(student: Tensor, teacher: Tensor, mask: Tensor, *, temperature: float = 1.0, beta: float = 0.0) -> Tensor:
    """Divergence of the student's next-token distribution from the teacher's, mean over real tokens, times T².

    With t and s the softmax at T of teacher and student, m = β t + (1 − β) s, and sums over the vocabulary:

    - β = 0, forward: KL(t ‖ s) = Σ t (log t − log s). Dear where the teacher finds possible what the student does not;
    - β = 1, reverse: KL(s ‖ t) = Σ s (log s − log t). Dear where the student finds possible what the teacher does not;
    - between: (β KL(t ‖ m) + (1 − β) KL(s ‖ m)) / β (1 − β), which leads from the one to the other.

    Every real token counts the same, so that a long word counts more than a short one.

    Args:
        student: logits, shape (batch, length, vocabulary).
        teacher: logits, same shape; no gradient flows into it.
        mask: True where a token is real, False where it is padding, shape (batch, length).
        temperature: T, above 0, no unit.
        beta: β, in [0, 1], no unit.

    Returns:
        A scalar, at least 0, in nats for each token.

    Raises:
        ValueError: the shapes do not fit, no place is real, or a number is out of its range.
        TypeError: ``mask`` is not of bools.

    Sources: Kim & Rush 2016, arXiv:1606.07947, section 3.1 (word-level); Gu et al. 2024, arXiv:2306.08543 (reverse);
    Agarwal et al. 2024, arXiv:2306.13649, equation 1 (between, there without the division and without T²).
    """
    check.shape(3, "(batch, length, vocabulary)", student=student)
    check.same_shape(student=student, teacher=teacher)
    check.positive(temperature=temperature)
    check.between(0, 1, beta=beta)
    log_s = (student / temperature).log_softmax(-1)
    log_t = (teacher.detach() / temperature).log_softmax(-1)
    if beta == 0:
        each = _kl(log_t, log_s)
    elif beta == 1:
        each = _kl(log_s, log_t)
    else:
        log_m = torch.logaddexp(log_t + math.log(beta), log_s + math.log1p(-beta))
        each = (beta * _kl(log_t, log_m) + (1 - beta) * _kl(log_s, log_m)) / (beta * (1 - beta))
    return temperature**2 * mean_of_real(each, mask)


def _kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p ‖ q) = Σ p (log p − log q) along the last dimension."""
    return (log_p.exp() * (log_p - log_q)).sum(-1)
