"""Exercises with instant checks, hints, and claims: what the notebooks ask and confirm. No widgets in here.

A check names the misconception and not the answer, on fresh random inputs, and survives whatever a learner writes.
"""

from kdlab.exercises import (  # noqa: F401  (each enters its exercises)
    across,
    agreement,
    bugs,
    calibration_error,
    exits,
    features,
    flatters,
    half,
    information,
    init_from_teacher,
    kd_loss,
    leaks,
    mutual,
    pick_model,
    queries,
    relational,
    reversal,
    run_card,
    schedule,
    soften,
    teachers,
    token_kl,
)
from kdlab.exercises.base import Verdict, check, hint, names
from kdlab.exercises.claims import Claim, claim, claims
from kdlab.exercises.showing import source

__all__ = [
    "Claim",
    "Verdict",
    "check",
    "claim",
    "claims",
    "hint",
    "names",
    "source",
]
