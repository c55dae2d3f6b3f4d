"""Exercise of notebook 02: three reports of a test accuracy, and which of them flatters."""

from __future__ import annotations

from typing import Any

import torch

from kdlab.exercises.base import exercise
from kdlab.exercises.letters import letters_are_right

BUGS = {
    "a": ("the epoch is chosen on the test set", "follow `best`: from which accuracies does it come?"),
    "b": ("the temperature is fitted on the test set", "look at what fit_temperature is given, or whether it is there"),
    "c": (
        "a validation accuracy is reported that was itself the reason for the choice",
        "look at the last line: which set's accuracy comes back?",
    ),
    "d": ("all is well", "it does flatter: look which set is used for a choice, and which one is reported"),
}
ANSWERS = {"report_1": "c", "report_2": "d", "report_3": "a"}


@exercise(
    "who_flatters",
    right="report_1 reports what it has chosen by, report_3 chooses on the test set, report_2 is honest",
    hints=(
        "Two questions to each line: is a choice made here, and on which pictures? Is a result reported here, and on "
        "which?",
        "A choice of any kind, of an epoch or a temperature, uses a set up: only another one can be reported.",
        "One chooses and reports on one and the same validation set, one chooses and reports on the test set, one uses "
        "each for what it is there for.",
    ),
)
def who_flatters(answer: Any, random: torch.Generator) -> None:
    """A letter for each report."""
    letters_are_right(answer, BUGS, ANSWERS)
