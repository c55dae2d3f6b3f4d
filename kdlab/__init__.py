"""kdlab: a teaching workbench for knowledge distillation.

A distillation is knowledge (type, method) × who teaches whom (scheme) × how it is carried over (algorithm), under
temperature and alpha.
"""

from typing import Any

from kdlab import algorithms, deploy, losses, methods, metrics, schemes
from kdlab.api import distill, explain, train
from kdlab.comparison import compare
from kdlab.data import Dataset, load
from kdlab.methods import Method, Term, knob, register
from kdlab.models import build, pretrained
from kdlab.recipe import Recipe
from kdlab.recorder import Recording
from kdlab.runs import DivergedError, Run
from kdlab.sweeps import Sweep, sweep

__version__ = "0.1.0"

__all__ = [
    "Dataset",
    "DivergedError",
    "Method",
    "Recipe",
    "Recording",
    "Run",
    "Sweep",
    "SweepMap",
    "Term",
    "Workbench",
    "algorithms",
    "build",
    "compare",
    "deploy",
    "distill",
    "explain",
    "knob",
    "load",
    "losses",
    "methods",
    "metrics",
    "pretrained",
    "register",
    "schemes",
    "sweep",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "Workbench":  # widgets are heavy: loaded when asked for
        from kdlab.ui.workbench import Workbench

        return Workbench
    if name == "SweepMap":
        from kdlab.ui.panels.sweep_map import SweepMap

        return SweepMap
    raise AttributeError(f"module 'kdlab' has no attribute {name!r}")
