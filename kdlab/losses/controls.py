"""Soft targets from which something has been taken away: what is left shows what it was worth."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab import check


def virtual_teacher(student: Tensor, answers: Tensor, *, sure: float, temperature: float) -> Tensor:
    """Soft targets of a teacher made by hand: ``sure`` on the answer, the rest spread evenly, all softened at T.

    It is as soft as a teacher's answer, but says nothing of which wrong class is likelier than another: no dark
    knowledge at all. With C classes the target is softmax(log q / T), where q is ``sure`` at the answer and
    (1 − sure) / (C − 1) elsewhere. It cannot see a shift of all logits of a sample.

    Args:
        student: logits, shape (batch, classes), at least 2 classes.
        answers: (batch,) int64, in [0, classes): labels, or somebody's top answers.
        sure: in [1/C, 1), no unit; at 1/C the target is even, whatever the answer.
        temperature: T, above 0, no unit.

    Returns:
        Mean over the batch of T² · KL(target ‖ student): a scalar, at least 0, in nats.

    Raises:
        ValueError: the shapes do not fit, there is one class only, or a number is out of its range.

    Source: Yuan et al. 2020 (Tf-KD), arXiv:1909.11723, the virtual teacher; there on labels alone.
    """
    check.shape(2, "(batch, classes)", student=student)
    check.shape(1, "(batch,)", answers=answers)
    check.same_batch(student=student, answers=answers)
    classes = student.shape[1]
    if classes < 2:
        raise ValueError(f"student must have at least 2 classes, got {classes}")
    check.between(1 / classes, 1 - 1e-6, sure=sure)
    check.positive(temperature=temperature)
    sure = torch.as_tensor(sure, dtype=student.dtype, device=student.device)
    there = answers[:, None] == torch.arange(classes, device=student.device)
    log_q = torch.where(there, sure.log(), ((1 - sure) / (classes - 1)).log())
    log_t = F.log_softmax(log_q / temperature, dim=1)
    log_s = F.log_softmax(student / temperature, dim=1)
    return temperature**2 * (log_t.exp() * (log_t - log_s)).sum(dim=1).mean()


def class_wise(student: Tensor, teacher: Tensor, classes: Tensor, *, temperature: float) -> Tensor:
    """Soft targets from *another* sample of the same class: mean of T² KL(t_j ‖ s_i) over pairs i ≠ j of one class.

    What a teacher says of a class is kept, what it says of this very sample is taken away. Each sample i counts once,
    by the mean over its partners j in the batch, which is what drawing one of them at random costs on average; a sample
    that is alone in its class counts nothing. It cannot see a shift of all logits of a sample.

    Args:
        student: logits, shape (batch, classes).
        teacher: logits, same shape; no gradient flows into it. (In the paper the student's own, of the same step.)
        classes: (batch,) int64, the class of each sample.
        temperature: T, above 0, no unit.

    Returns:
        Mean over the samples that have a partner: a scalar, at least 0, in nats; 0 where none has.

    Raises:
        ValueError: the shapes do not fit, or ``temperature`` is not a finite number above 0.

    Source: Yun et al. 2020 (CS-KD), arXiv:2003.13964, equation 2.
    """
    check.shape(2, "(batch, classes)", student=student)
    check.same_shape(student=student, teacher=teacher)
    check.shape(1, "(batch,)", classes=classes)
    check.same_batch(student=student, classes=classes)
    check.positive(temperature=temperature)
    log_s = F.log_softmax(student / temperature, dim=1)
    log_t = F.log_softmax(teacher.detach() / temperature, dim=1)
    t = log_t.exp()
    cost = (t * log_t).sum(1) - log_s @ t.T  # KL(t_j ‖ s_i) at row i, column j
    itself = torch.eye(len(classes), dtype=torch.bool, device=student.device)
    partners = ((classes[:, None] == classes) & ~itself).to(student.dtype)
    count = partners.sum(1)
    each = (partners * cost).sum(1) / count.clamp(min=1)
    return temperature**2 * each.sum() / (count > 0).sum().clamp(min=1)
