"""Figures of the lessons: arrays in, figure out; a file for each lesson that needs figures of its own."""

from .basics import Caption, differences, likeness, melting, pull, still
from .here import here

__all__ = ["Caption", "differences", "here", "likeness", "melting", "pull", "still"]
