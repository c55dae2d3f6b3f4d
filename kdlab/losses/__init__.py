"""Distillation losses: pure functions ``loss(student, teacher, **settings) -> scalar tensor``.

No gradient ever flows into ``teacher``. Temperatures and weights are arguments, never globals.
"""

from kdlab.losses.feature import hint
from kdlab.losses.relation import rkd, rkd_angle, rkd_distance
from kdlab.losses.response import hard_targets, soft_targets

__all__ = ["hard_targets", "hint", "rkd", "rkd_angle", "rkd_distance", "soft_targets"]
