"""Response-based losses: the student learns from the teacher's answers."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab import check
from kdlab.losses.common import centred_unit, kl


def soft_targets(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Divergence of the student's softened answer from the teacher's, times T².

    Dividing logits by T shrinks the gradient by about 1/T²; the factor T² undoes that, so that turning the
    temperature hardly turns the weight of this term against the labels' cross-entropy.

    Args:
        student: logits, shape (batch, classes).
        teacher: logits, same shape; no gradient flows into it.
        temperature: above 0, no unit; 1 leaves both distributions as they are.

    Returns:
        Mean over the batch of T² · KL(teacher ‖ student): a scalar, in nats.

    Raises:
        ValueError: the shapes differ, or ``temperature`` is not a finite number above 0.

    Source: Hinton, Vinyals, Dean 2015, arXiv:1503.02531, section 2.
    """
    check.shape(2, "(batch, classes)", student=student)
    check.same_shape(student=student, teacher=teacher)
    check.positive(temperature=temperature)
    log_s = F.log_softmax(student / temperature, dim=1)
    log_t = F.log_softmax(teacher.detach() / temperature, dim=1)
    return temperature**2 / len(student) * (log_t.exp() * (log_t - log_s)).sum()


def hard_targets(student: Tensor, teacher: Tensor) -> Tensor:
    """Cross-entropy with the teacher's top answer as if it were a label.

    What is left of the teacher when its probabilities are thrown away: the control that shows how much of an effect
    is dark knowledge and how much is only somebody labelling the images.

    Args:
        student: logits, shape (batch, classes).
        teacher: logits, same shape.

    Returns:
        Mean over the batch: a scalar, in nats.

    Raises:
        ValueError: the shapes differ.

    Source: Hinton, Vinyals, Dean 2015, arXiv:1503.02531, section 1 (hard targets).
    """
    check.shape(2, "(batch, classes)", student=student)
    check.same_shape(student=student, teacher=teacher)
    return F.cross_entropy(student, teacher.argmax(dim=1))


def logits_mse(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of the logits: (1/BC) Σ (z_s − z_t)² over B samples and C classes.

    What soft targets tend to as T grows, but for the offset: the softmax forgets a shift of all logits of a sample,
    this loss does not. It cannot see which class is right, nor which logits matter: a far-off negative logit counts
    as much as the top one.

    Args:
        student: logits z_s, shape (batch, classes).
        teacher: logits z_t, same shape; no gradient flows into it.

    Returns:
        Mean over batch and classes: a scalar, at least 0, in squared logits.

    Raises:
        ValueError: the shapes differ.

    Source: Ba & Caruana 2014, arXiv:1312.6184, equation 1.
    """
    check.shape(2, "(batch, classes)", student=student)
    check.same_shape(student=student, teacher=teacher)
    return (student - teacher.detach()).square().mean()


def logit_standardization(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Soft targets on standardised logits: T² KL of softmax(ẑ/T), where ẑ = (z − mean z) / sd z for each sample.

    The student need not be as sure as the teacher, only as sure of one class *in proportion* to another. sd is the
    unbiased one (C − 1 below the sum, C the number of classes). It cannot see shift and scale of a sample's logits:
    not how certain the teacher is.

    Args:
        student: logits, shape (batch, classes), at least 2 classes; a sample whose logits are all equal is 0.
        teacher: logits, same shape; no gradient flows into it.
        temperature: T, above 0, no unit.

    Returns:
        Mean over the batch: a scalar, at least 0, in nats.

    Raises:
        ValueError: the shapes differ, there is one class only, or ``temperature`` is not a finite number above 0.

    Source: Sun et al. 2024, arXiv:2403.01427.
    """
    check.shape(2, "(batch, classes)", student=student)
    check.same_shape(student=student, teacher=teacher)
    classes = student.shape[1]
    if classes < 2:
        raise ValueError(f"student must have at least 2 classes, got {classes}")
    # a unit vector has Σ ẑ² = 1, one of unbiased standard deviation 1 has C − 1
    student, teacher = (math.sqrt(classes - 1) * centred_unit(z) for z in (student, teacher))
    return soft_targets(student, teacher, temperature=temperature)


def generalised_jsd(student: Tensor, teacher: Tensor, *, beta: float, temperature: float) -> Tensor:
    """Between forward and reverse divergence: T² (β KL(t ‖ m) + (1 − β) KL(s ‖ m)), with m = β t + (1 − β) s.

    s and t are the student's and the teacher's softmax at T. β = ½ is the Jensen-Shannon divergence. Divided by
    β (1 − β) it tends to KL(t ‖ s) as β → 0 (cover all that the teacher finds possible) and to KL(s ‖ t) as β → 1
    (keep to what it finds likely). The paper has no T². It cannot see a shift of all logits of a sample.

    Args:
        student: logits, shape (batch, classes).
        teacher: logits, same shape; no gradient flows into it.
        beta: β, in [1e-6, 1 − 1e-6], no unit; at 0 and 1 it would be 0 for any student.
        temperature: T, above 0, no unit.

    Returns:
        Mean over the batch: a scalar in nats, from 0 to T² (−β log β − (1 − β) log(1 − β)).

    Raises:
        ValueError: the shapes differ, or a number is out of its range.

    Source: Agarwal et al. 2024 (GKD), arXiv:2306.13649, equation 1.
    """
    check.shape(2, "(batch, classes)", student=student)
    check.same_shape(student=student, teacher=teacher)
    check.between(1e-6, 1 - 1e-6, beta=beta)
    check.positive(temperature=temperature)
    log_s = F.log_softmax(student / temperature, dim=1)
    log_t = F.log_softmax(teacher.detach() / temperature, dim=1)
    beta = torch.as_tensor(beta, dtype=student.dtype, device=student.device)
    log_m = torch.logaddexp(log_t + beta.log(), log_s + (-beta).log1p())
    return temperature**2 * (beta * kl(log_t, log_m) + (1 - beta) * kl(log_s, log_m))
