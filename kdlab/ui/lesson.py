"""What a notebook of the series imports: one line, and nothing in it that the lesson is about."""

from kdlab.exercises import check, claim, claims, hint, source
from kdlab.ledger import ledger
from kdlab.players import ask
from kdlab.plots import teach as figures
from kdlab.plots.teach import still

from .guess import Guess
from .panels.ledger import LossLedger
from .panels.soft_targets import SoftTargets
from .tour import Tour

__all__ = [
    "Guess",
    "LossLedger",
    "SoftTargets",
    "Tour",
    "ask",
    "check",
    "claim",
    "claims",
    "figures",
    "hint",
    "ledger",
    "source",
    "still",
]
