"""What a teacher hands over of its probabilities: all, the top few, or rounded ones; and how many bits that is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kdlab import check

__all__ = ["REST", "bits", "handed_over", "room"]

REST = ("dropped", "even")
FLOAT = 32  # bits of a number that is not rounded


def handed_over(p: Tensor, keep: int | None = None, digits: int | None = None, rest: str = "dropped") -> Tensor:
    """The probabilities that are left when only the top few are told, or only some digits of each.

    Args:
        p: (samples, classes), each row adds up to 1.
        keep: how many of the most probable classes are told; None: all.
        digits: decimals that each probability is rounded to, after that; None: not at all. Where all would be rounded
            away, the most probable class is left.
        rest: the others get nothing, and what is kept is made to add up to 1 ("dropped"); or what they had is
            spread evenly among them ("even").

    Returns:
        (samples, classes), each row adds up to 1. ``keep=1`` with the rest dropped is a hard label.

    Raises:
        ValueError: an argument is out of its range.
    """
    check.shape(2, "(samples, classes)", p=p)
    check.choice(REST, rest=rest)
    classes = p.shape[1]
    if keep is not None:
        _count(classes, keep)
        top = torch.zeros_like(p).scatter_(1, p.topk(keep).indices, 1.0)
        told, left = p * top, (p * (1 - top)).sum(1, keepdim=True)
        if rest == "dropped":
            p = told / told.sum(1, keepdim=True)
        elif keep < classes:
            p = told + (1 - top) * left / (classes - keep)
    if digits is not None:
        check.whole(1, digits=digits)
        rounded = (p * 10**digits).round()
        empty = rounded.sum(1, keepdim=True) == 0
        first = torch.zeros_like(p).scatter_(1, p.argmax(1, keepdim=True), 1.0)
        rounded = torch.where(empty, first, rounded)
        p = rounded / rounded.sum(1, keepdim=True)
    return p


def bits(p: Tensor) -> Tensor:
    """Entropy of each row in bits: −Σ p log₂ p, where 0 log₂ 0 is 0.

    Args:
        p: probabilities, (…, classes).

    Returns:
        (…), from 0 (one class has all) to log₂ classes (all alike).
    """
    return 0 - torch.xlogy(p, p).sum(-1) / math.log(2)


def room(classes: int, keep: int | None = None, digits: int | None = None, rest: str = "dropped") -> float:
    """Bits that it takes at most to write one target down: names of classes, and numbers.

    A name takes log₂ classes bits, a number rounded to d decimals log₂(10ᵈ + 1), any other one 32. Numbers that add up
    to 1 need one less; where all classes are told, their order stands for their names.

    Args:
        classes: how many there are, at least 2.
        keep: see :func:`handed_over`, like the others.
        digits: see there.
        rest: see there.

    Raises:
        ValueError: an argument is out of its range.
    """
    check.whole(2, classes=classes)
    check.choice(REST, rest=rest)
    if digits is not None:
        check.whole(1, digits=digits)
    number = FLOAT if digits is None else math.log2(10**digits + 1)
    if keep is not None:
        _count(classes, keep)
    if keep is None or keep == classes:
        return (classes - 1) * number
    return keep * math.log2(classes) + (keep - (rest == "dropped")) * number


def _count(classes: int, keep: int) -> None:
    check.whole(1, keep=keep)
    if keep > classes:
        raise ValueError(f"keep must be at most the number of classes, {classes}, got {keep}")
