"""Distillation methods: what is transferred, by name.

Each lives in one short file.
"""

from kdlab.methods.base import DEFAULTS, TYPES, Method, Term, get, kind, knob, names, register
from kdlab.methods.hard_targets import HardTargets
from kdlab.methods.hint import Hint
from kdlab.methods.mix import Mix
from kdlab.methods.rkd import RKD
from kdlab.methods.soft_targets import SoftTargets

__all__ = [
    "DEFAULTS",
    "RKD",
    "TYPES",
    "HardTargets",
    "Hint",
    "Method",
    "Mix",
    "SoftTargets",
    "Term",
    "get",
    "kind",
    "knob",
    "names",
    "register",
]
