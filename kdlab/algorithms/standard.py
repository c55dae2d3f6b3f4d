"""The plain way."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.algorithms.base import Algorithm, register


@register("standard")
@dataclass(frozen=True)
class Standard(Algorithm):
    """One teacher, one student, the data as they are."""
