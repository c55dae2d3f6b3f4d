"""Figures of the lessons: arrays in, figure out; a file for each lesson that needs figures of its own."""

from .basics import Caption, differences, likeness, melting, pull, still
from .budget import budget
from .certainty import certainty, confusions, reliability
from .exits import exits
from .game import duel
from .going_on import going_on
from .handover import handover
from .here import here
from .language import bits_of_arms, next_letter, variety
from .layers import alikeness
from .purchase import purchase, worth
from .race import ahead, race
from .response import class_gains, left_out
from .reviews import review
from .schedules import leaving, schedule
from .shelf import shelf
from .teachers import council
from .word_graph import word_graph

__all__ = [
    "Caption",
    "ahead",
    "alikeness",
    "bits_of_arms",
    "budget",
    "certainty",
    "class_gains",
    "confusions",
    "council",
    "differences",
    "duel",
    "exits",
    "going_on",
    "handover",
    "here",
    "leaving",
    "left_out",
    "likeness",
    "melting",
    "next_letter",
    "pull",
    "purchase",
    "race",
    "reliability",
    "review",
    "schedule",
    "shelf",
    "still",
    "variety",
    "word_graph",
    "worth",
]
