"""Response-based losses: the student learns from the teacher's answers."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from kdlab import check


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
    return temperature**2 * (log_t.exp() * (log_t - log_s)).sum(dim=1).mean()


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
