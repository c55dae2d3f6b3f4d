"""Exercises of notebook 05: bugs that libraries have shipped, to be spotted and mended."""

from __future__ import annotations

from typing import Any

import torch

from kdlab.exercises import distillation
from kdlab.exercises.base import Asked, WrongAnswer, exercise

# Letter -> (the bug, the experiment that rules it out or brings it to light).
BUGS = {
    "a": ("the factor T² is missing", "at T = 1 such a loss would be right: compute it there"),
    "b": (
        "the mean runs over the classes too",
        "compare it with the definition, for 10 classes and for 5",
    ),
    "c": (
        "student and teacher are swapped",
        "change places of student and teacher in the call: does it become the definition?",
    ),
    "d": (
        "probabilities stand where log-probabilities belong",
        "for two equal answers such a loss is not 0: try",
    ),
    "e": ("a gradient flows into the teacher", "give it a teacher that requires a gradient, and look at teacher.grad"),
}
ANSWERS = {"library_1": "b", "library_2": "c"}


@exercise(
    "spot_the_bug",
    right="both found: an average over the classes in library_1, swapped roles in library_2",
    hints=(
        "Do not read, measure: call both with two or three logits of which you know the right value.",
        "Make a table of value divided by right value: at T = 1 and T = 4, with 10 classes and with 5. "
        "A constant ratio tells as much as a changing one.",
        "One is too small by a factor that follows the number of classes. The other has no fixed factor at all, "
        "and is right as soon as you call it the other way round.",
    ),
)
def spot_the_bug(answer: Any, random: torch.Generator) -> None:
    """Letters for both libraries; a wrong one is answered by the experiment that rules it out."""
    if not isinstance(answer, dict) or set(answer) != set(ANSWERS):
        raise WrongAnswer('answer as {"library_1": "…", "library_2": "…"} with a letter for each')
    for name, right in ANSWERS.items():
        letter = str(answer[name]).strip().lower()
        if letter in ("", "?", "…", "..."):
            raise WrongAnswer(f"{name} has no letter yet; each letter names a bug in the list above")
        if letter not in BUGS:
            raise WrongAnswer(f"{name} must have one of the letters {', '.join(BUGS)}, got {answer[name]!r}")
        if letter != right:
            bug, experiment = BUGS[letter]
            raise WrongAnswer(f"in {name} it is not so that {bug}: {experiment}")


@exercise(
    "mend",
    "mended(student, teacher, temperature)",
    right="mended: the values are those of T² · KL(teacher ‖ student), the gradients too",
    hints=(
        "Which sum does the definition take over the classes, and which mean over the images?",
        "F.kl_div takes the student's log-probabilities first and the teacher's probabilities second; "
        "it computes KL(second ‖ first).",
        'reduction="batchmean" adds up over the classes and divides by the number of images.',
    ),
)
def mend(yours: Asked, random: torch.Generator) -> None:
    """The distillation term alone."""

    def term(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
        return yours.tensor(student, teacher, temperature, shape=())

    distillation.values_are_right(term, random)
    distillation.gradients_are_right(term, random)
