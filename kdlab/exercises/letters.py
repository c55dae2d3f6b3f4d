"""Bugs to spot: each function of the lesson has one, and the learner names it by its letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kdlab.exercises.base import WrongAnswer

Bugs = Mapping[str, tuple[str, str]]  # letter -> (the bug, the experiment that rules it out or brings it to light)


def letters_are_right(answer: Any, bugs: Bugs, answers: Mapping[str, str]) -> None:
    """Raise WrongAnswer where a letter is wrong: what is said is the experiment that rules it out.

    Args:
        answer: the learner's, ``{"function": "letter"}``.
        bugs: what the letters stand for.
        answers: the key, function -> letter.
    """
    if not isinstance(answer, dict) or set(answer) != set(answers):
        form = ", ".join(f'"{name}": "…"' for name in answers)
        raise WrongAnswer(f"answer as {{{form}}} with a letter for each")
    for name, right in answers.items():
        letter = str(answer[name]).strip().lower()
        if letter in ("", "?", "…", "..."):
            raise WrongAnswer(f"{name} has no letter yet; each letter names a bug in the list above")
        if letter not in bugs:
            raise WrongAnswer(f"{name} must have one of the letters {', '.join(bugs)}, got {answer[name]!r}")
        if letter != right:
            bug, experiment = bugs[letter]
            raise WrongAnswer(f"in {name} it is not so that {bug}: {experiment}")
