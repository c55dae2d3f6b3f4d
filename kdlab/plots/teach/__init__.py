"""Figures of the lessons: arrays in, figure out; a file for each lesson that needs figures of its own."""

from .basics import Caption, differences, likeness, melting, pull, still
from .budget import budget
from .certainty import certainty, confusions, reliability
from .exits import exits
from .game import duel
from .going_on import going_on
from .here import here
from .layers import alikeness
from .race import ahead, race
from .response import class_gains, left_out
from .reviews import review
from .schedules import leaving, schedule
from .teachers import council
from .word_graph import word_graph

__all__ = [
    "Caption",
    "ahead",
    "alikeness",
    "budget",
    "certainty",
    "class_gains",
    "confusions",
    "council",
    "differences",
    "duel",
    "exits",
    "going_on",
    "here",
    "leaving",
    "left_out",
    "likeness",
    "melting",
    "pull",
    "race",
    "reliability",
    "review",
    "schedule",
    "still",
    "word_graph",
]
