"""Where to look instead of what is seen."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.algorithms.base import Algorithm, register


@register("attention-based")
@dataclass(frozen=True)
class AttentionBased(Algorithm):
    """The student learns where its teacher looks: maps of attention, blind to channels.

    Zagoruyko & Komodakis 2017 (arXiv:1612.03928); see the method ``attention-transfer``.
    """

    methods = ("attention-transfer",)
