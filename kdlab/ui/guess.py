"""Guess first: a question that is answered before the experiment, kept, and looked at again after it."""

from __future__ import annotations

import json
import os
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import traitlets

from kdlab import check

from .view import View

__all__ = ["FILE", "Guess"]

FILE = "guesses.json"  # beside the notebook, which is where its kernel runs


class Guess(View, source="guess.js"):
    """A question with choices, how sure one is, and one line of why.

    What the learner says is kept in ``guesses.json`` beside the notebook, and found there the next time. The output
    that is stored in the notebook holds the question only, whatever anybody guessed.

    Args:
        key: names the question in the file, such as ``"03-limit"``.
        question: one sentence or two.
        choices: at least two, all different.
        answer: given: a recall question, answered as soon as the guess is in; not given: see :meth:`reveal`.
        right: the right choice, counted from 0; None where there is none.
        folder: of the file; None: where the kernel runs.

    Raises:
        ValueError: fewer than two choices, equal ones, or ``right`` is none of them.
    """

    question = traitlets.Unicode("").tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    given = traitlets.Dict(help='{"choice", "sure", "why", "changed"}: texts; empty: no guess yet').tag(sync=True)
    stage = traitlets.Enum(("guess", "recall", "answer"), "guess").tag(sync=True)
    answer = traitlets.Unicode("").tag(sync=True)
    right = traitlets.Int(-1, help="-1: none").tag(sync=True)
    notice = traitlets.Unicode("", help="why something could not be kept").tag(sync=True)

    def __init__(
        self,
        key: str,
        question: str,
        choices: Sequence[str],
        *,
        answer: str = "",
        right: int | None = None,
        folder: str | os.PathLike | None = None,
    ):
        if len(choices) < 2 or len(set(choices)) < len(choices):
            raise ValueError(f"choices must be at least 2, all different, got {list(choices)!r}")
        super().__init__(
            name=f"Guess: {question}",
            question=question,
            choices=list(choices),
            stage="recall" if answer else "guess",
            answer=answer,
            right=self._place(right, choices),
        )
        self.key = key
        self.file = Path(folder or Path.cwd()) / FILE
        earlier = self._kept().get(key, {})
        if isinstance(earlier, dict) and earlier.get("choice") in choices:
            self.given = {name: str(text) for name, text in earlier.items()}
        self.observe(lambda _: self._keep(), "given")

    @staticmethod
    def _place(right: int | None, choices: Sequence[str]) -> int:
        if right is None:
            return -1
        check.whole(0, right=right)
        check.between(0, len(choices) - 1, right=right)
        return right

    def reveal(self, answer: str, *, right: int | None = None) -> Guess:
        """The answer beside the guess, as a view of its own; it waits for a guess, or for being asked to go ahead.

        Args:
            answer: what the experiment showed, and why.
            right: the right choice, counted from 0; None where there is none.

        Raises:
            ValueError: ``right`` is none of the choices.
        """
        shown = Guess(self.key, self.question, self.choices, answer=answer, right=right, folder=self.file.parent)
        shown.unobserve_all("given")  # this one keeps it
        shown.name, shown.stage = f"Answer: {self.question}", "answer"
        shown.link = traitlets.link((self, "given"), (shown, "given"))
        return shown

    def sentence(self) -> str:
        """Question, choices and, where it is there to be seen, the answer; never the learner's guess."""
        marks = [f"({'abcdefghij'[i]}) {choice}" for i, choice in enumerate(self.choices)]
        lines = [self.question, *marks]
        if self.answer:
            letter = f"({'abcdefghij'[self.right]}). " if self.right >= 0 else ""
            lines = [*([] if self.stage == "answer" else lines), f"Answer: {letter}{self.answer}"]
        return "\n".join(textwrap.fill(line, 92, subsequent_indent="    ") for line in lines)

    def _kept(self) -> dict[str, Any]:
        """All guesses of the file; none where it is missing or no JSON."""
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _keep(self) -> None:
        """Write the file anew with this guess, through a temporary file and a rename."""
        guesses = self._kept() | {self.key: dict(self.given)}
        try:
            if self.file.exists() and not self._kept():  # not ours, or damaged: put aside, never lost
                self.file.replace(self.file.with_suffix(".json.old"))
            handle, part = tempfile.mkstemp(prefix=f".{FILE}.", dir=self.file.parent)
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(guesses, out, indent=1, ensure_ascii=False)
                out.write("\n")
            os.replace(part, self.file)
            self.notice = ""
        except OSError as error:
            self.notice = f"Your guess could not be kept for next time: {error.strerror}."
