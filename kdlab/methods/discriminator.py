"""The discriminator, and the step of the game that is played with it."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.func import functional_call

from kdlab.losses import discrimination, gradient_reversal

HIDDEN = 32
BOTH, STUDENT, DISCRIMINATOR = 0, 1, 2  # who learns at a step
STEP = "who learns from the game: 0 both, 1 the student alone, 2 the discriminator alone"


def discriminator(shape: tuple[int, ...]) -> nn.Module:
    """Tells teacher from student: one hidden layer of 32 units, one score a sample, above 0 for the teacher.

    A feature map is averaged to 4 × 4 first, as for exits and regressors, so that it stays small.

    Args:
        shape: of what one sample is at the layer, or ``(classes,)``.
    """
    pool = [nn.AdaptiveAvgPool2d(4)] if len(shape) == 3 and shape[1] * shape[2] > 16 else []
    width = shape[0] * 16 if pool else math.prod(shape)
    return nn.Sequential(*pool, nn.Flatten(), nn.Linear(width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1), nn.Flatten(0))


def game(judge: nn.Module, student: Tensor, teacher: Tensor, *, strength: float, step: int) -> Tensor:
    """The discriminator's loss, which it minimises, while the student, behind a gradient reversal, maximises it.

    Args:
        judge: a discriminator.
        student: what it sees of the student, (batch, …).
        teacher: what it sees of the teacher, same shape; no gradient flows into it.
        strength: of the reversal, at least 0.
        step: 0: both learn; 1: the student alone, no gradient reaches the discriminator; 2: the discriminator alone.

    Returns:
        A scalar, in nats: see :func:`kdlab.losses.discrimination`.
    """
    student = student.detach() if step == DISCRIMINATOR else gradient_reversal(student, strength)
    weights = {name: p.detach() if step == STUDENT else p for name, p in judge.named_parameters()}
    return discrimination(*(functional_call(judge, weights, (x,)) for x in (student, teacher.detach())))
