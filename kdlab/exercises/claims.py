"""Claims: what a text says of a run, as a line that the run itself confirms or denies."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class Claim:
    """A statement and whether it holds; shown as ``✓ statement`` or ``✗ statement``.

    The line holds no measured digits, so that it stays the same on every machine on which the statement is true.
    """

    holds: bool
    text: str
    words: ClassVar[tuple[str, str]] = ("holds", "does not hold")  # what a screen reader says for ✓ and ✗

    def __bool__(self) -> bool:
        return self.holds

    def __repr__(self) -> str:
        return f"{'✓' if self.holds else '✗'} {self.text}"

    def _repr_html_(self) -> str:
        colour, word = ("#009E73", self.words[0]) if self.holds else ("#D55E00", self.words[1])
        mark = f'<b role="img" aria-label="{word}:">{"✓" if self.holds else "✗"}</b>'
        return f'<p style="border-left:4px solid {colour};margin:4px 0;padding:2px 8px">{mark} {escape(self.text)}</p>'


def claim(truth: Any, text: str) -> Claim:
    """State something about a run, beside the output that shows it.

    Args:
        truth: a bool, Python's, NumPy's or a tensor of one element; choose the condition with a margin that holds for
            other seeds and processors too.
        text: what is claimed, one line, without digits that training makes.

    Raises:
        TypeError: ``truth`` is no truth value: a number or an array would be claimed by accident.

    Example:
        >>> claim(0.036 > 0.02, "soft targets gain more than two points")
        ✓ soft targets gain more than two points
    """
    if isinstance(truth, (np.bool_, np.ndarray, Tensor)) and np.prod(truth.shape) == 1:
        truth = truth.item()
    if not isinstance(truth, bool):
        raise TypeError(f"truth must be True or False, got {truth!r}")
    return Claim(truth, text)


class Claims(tuple):
    """Several claims, shown one a line."""

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return "".join(made._repr_html_() for made in self)


def claims(*made: Claim) -> Claims:
    """Show several claims below each other."""
    for one in made:
        if not isinstance(one, Claim):
            raise TypeError(f"claims must be made by claim(…), got {one!r}")
    return Claims(made)
