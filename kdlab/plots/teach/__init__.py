"""Figures of the lessons: arrays in, figure out; a file for each lesson that needs figures of its own."""

from .basics import Caption, differences, likeness, melting, pull, still
from .budget import budget
from .going_on import going_on
from .here import here
from .race import race
from .response import class_gains, left_out
from .schedules import leaving, schedule
from .teachers import council
from .word_graph import word_graph

__all__ = [
    "Caption",
    "budget",
    "class_gains",
    "council",
    "differences",
    "going_on",
    "here",
    "leaving",
    "left_out",
    "likeness",
    "melting",
    "pull",
    "race",
    "schedule",
    "still",
    "word_graph",
]
