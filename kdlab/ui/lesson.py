"""What a notebook of the series imports: one line, and nothing in it that the lesson is about."""

from kdlab.deploy import exit_costs
from kdlab.exercises import check, claim, claims, hint, source
from kdlab.ledger import ledger
from kdlab.players import ask
from kdlab.plots import teach as figures
from kdlab.plots.teach import still
from kdlab.plots.teach.here import sentence

from .guess import Guess
from .panels.budget import Budget
from .panels.certainty import Certainty
from .panels.council import Council
from .panels.duel import Duel
from .panels.exits import Exits
from .panels.forks import Forks
from .panels.handover import Handover
from .panels.ledger import LossLedger
from .panels.next_letter import NextLetter
from .panels.purchase import Purchase
from .panels.race import Race
from .panels.related import Related
from .panels.review import Review
from .panels.schedule import ScheduleEditor
from .panels.soft_targets import SoftTargets
from .panels.who_teaches import WhoTeaches
from .panels.word_graph import WordGraph
from .tour import Tour

__all__ = [
    "Budget",
    "Certainty",
    "Council",
    "Duel",
    "Exits",
    "Forks",
    "Guess",
    "Handover",
    "LossLedger",
    "NextLetter",
    "Purchase",
    "Race",
    "Related",
    "Review",
    "ScheduleEditor",
    "SoftTargets",
    "Tour",
    "WhoTeaches",
    "WordGraph",
    "ask",
    "check",
    "claim",
    "claims",
    "exit_costs",
    "figures",
    "here",
    "hint",
    "ledger",
    "source",
    "still",
]


def here(*steps: str, on: tuple[str, ...] = ()) -> figures.Caption:
    """Show where a lesson stands: steps of the life cycle, and the types, schemes and algorithms it is about."""
    return still(figures.here(steps, on=on), sentence(steps, on))
