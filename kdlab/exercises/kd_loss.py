"""Exercise of notebook 05: the whole distillation loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab.exercises import distillation
from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

# The labels' part as it usually goes wrong: (student, teacher, labels, T) -> scalar.
LABEL_MISTAKES: list[tuple[Callable[[Tensor, Tensor, Tensor, float], Tensor], str]] = [
    (
        lambda s, t, y, T: F.cross_entropy(s / T, y),
        "the labels' cross-entropy is taken at T; it belongs at T = 1",
    ),
    (
        lambda s, t, y, T: F.cross_entropy(s.softmax(1), y),
        "softmax is applied twice: F.cross_entropy wants logits, not probabilities",
    ),
    (
        lambda s, t, y, T: T**2 * F.cross_entropy(s, y),
        "the labels' cross-entropy is multiplied by T² too: that factor belongs to the distillation term alone",
    ),
    (
        lambda s, t, y, T: F.cross_entropy(s, y, reduction="sum"),
        "the labels' cross-entropy is added up over the images where it is to be averaged",
    ),
    (
        lambda s, t, y, T: F.cross_entropy(s, t.argmax(1)),
        "at alpha = 0 the teacher's top answers are learned; the labels belong there",
    ),
    (
        lambda s, t, y, T: F.cross_entropy(t, y),
        "the cross-entropy is the teacher's own; the student's belongs there",
    ),
]


@exercise(
    "kd_loss",
    "kd_loss(student, teacher, labels, temperature, alpha)",
    right="values, weights and gradients are right, and the teacher learns nothing from its student",
    hints=(
        "Two terms: (1 − alpha) times the labels' cross-entropy, alpha times the distillation term. "
        "Write each alone and check it by hand first.",
        "The distillation term is T² · KL(teacher ‖ student), both softened by T, summed over the classes, averaged "
        "over the images. The cross-entropy sees no T.",
        "With log_s = F.log_softmax(student / temperature, dim=1) and log_t the same of teacher.detach(), the term is "
        "temperature**2 * (log_t.exp() * (log_t - log_s)).sum(dim=1).mean().",
    ),
)
def kd_loss(yours: Asked, random: torch.Generator) -> None:
    """Take the loss apart by alpha = 0 and alpha = 1, then look at the mix and at the gradients."""

    def ask(s: Tensor, t: Tensor, y: Tensor, temperature: float, alpha: float) -> Tensor:
        return yours.tensor(s, t, y, temperature, alpha, shape=())

    def mixed(alpha: float) -> distillation.Term:
        return lambda s, t, temperature: ask(s, t, torch.zeros(len(s), dtype=torch.long), temperature, alpha)

    student, teacher, temperature = distillation.cases(random)[0]
    labels = teacher.argmin(1)  # never the teacher's answer, so that the two can be told apart
    seen = {}
    for alpha in (0.0, 1.0):
        value = ask(student, teacher, labels, temperature, alpha)
        labels_matter = not close(ask(student, teacher, teacher.argmax(1), temperature, alpha), value, 1e-9)
        teacher_matters = not close(ask(student, teacher.flip(0), labels, temperature, alpha), value, 1e-9)
        seen[alpha] = (value, labels_matter, teacher_matters)
    _weights(seen)
    _labels(seen[0.0], student, teacher, labels, temperature)
    distillation.values_are_right(mixed(1.0), random)
    for alpha in (0.3, 0.8):
        wanted = (1 - alpha) * seen[0.0][0] + alpha * seen[1.0][0]
        if not close(ask(student, teacher, labels, temperature, alpha), wanted):
            raise WrongAnswer("right at alpha = 0 and at alpha = 1, but between them not the weighted sum of the two")

    def truth(s: Tensor, t: Tensor, temperature: float) -> Tensor:
        zeros = torch.zeros(len(s), dtype=torch.long)
        return 0.5 * F.cross_entropy(s, zeros) + 0.5 * distillation.truth(s, t, temperature)

    distillation.gradients_are_right(mixed(0.5), random, truth)


def _weights(seen: dict[float, tuple[Tensor, bool, bool]]) -> None:
    """Who counts at alpha = 0 and at alpha = 1."""
    (nothing, labels_at_0, teacher_at_0), (everything, labels_at_1, teacher_at_1) = seen[0.0], seen[1.0]
    if not (labels_at_0 or labels_at_1 or teacher_at_0 or teacher_at_1):
        raise WrongAnswer("the same value whatever labels and teacher say")
    if labels_at_1 and teacher_at_0 and not (labels_at_0 or teacher_at_1):
        raise WrongAnswer(
            "alpha is the wrong way round: at alpha = 1 the labels alone count; here alpha weighs the distillation "
            "term, and 1 − alpha the labels"
        )
    if close(nothing, everything, 1e-9):
        raise WrongAnswer("the same value at alpha = 0 and at alpha = 1: alpha is not used")
    if labels_at_1:
        raise WrongAnswer("at alpha = 1 the labels still count: their cross-entropy lacks its weight 1 − alpha")
    if not teacher_at_1:
        raise WrongAnswer("at alpha = 1 the teacher does not count: the distillation term is missing")


def _labels(
    seen: tuple[Tensor, bool, bool], student: Tensor, teacher: Tensor, labels: Tensor, temperature: float
) -> None:
    """What is left at alpha = 0 is the labels' cross-entropy."""
    value, _, teacher_matters = seen
    if close(value, F.cross_entropy(student, labels)):
        return
    for mistake, message in LABEL_MISTAKES:
        if close(value, mistake(student, teacher, labels, temperature)):
            raise WrongAnswer(message)
    if value.abs() < 1e-9:
        raise WrongAnswer("at alpha = 0 nothing is left: the labels' cross-entropy is missing")
    if teacher_matters:
        raise WrongAnswer("at alpha = 0 the teacher still counts: the distillation term lacks its weight alpha")
    raise WrongAnswer("at alpha = 0 the value is not the labels' cross-entropy")
