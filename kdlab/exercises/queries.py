"""Exercises of notebook 17: which inputs to ask a service about, and what to learn from an answer of top classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

ROWS, CLASSES, KEPT = 40, 5, 8  # inputs, classes, and how many were asked about before
PRICE, BUDGET, AFFORDED = 2.5, 12.0, 4


def margins(p: Tensor) -> Tensor:
    """The largest probability less the second largest, (rows,)."""
    top = p.topk(2, dim=1).values
    return top[:, 0] - top[:, 1]


def _least(score: Tensor, asked: Tensor, k: int) -> list[int]:
    """The k rows of the smallest score that were not asked about."""
    left = torch.ones(len(score), dtype=torch.bool)
    left[asked] = False
    return score.masked_fill(~left, torch.inf).argsort()[: min(k, int(left.sum()))].tolist()


def _within(p: Tensor, asked: Tensor, k: int) -> list[int]:
    """The right rows by their places among those that are left."""
    left = [row for row in range(len(p)) if row not in asked.tolist()]
    return [left.index(row) for row in _least(margins(p), asked, k)]


# What goes wrong, as functions: whoever's rows are one of these has made that mistake.
CHOICES: list[tuple[Callable[[Tensor, Tensor, int], list[int]], str]] = [
    (
        lambda p, a, k: _least(-margins(p), a, k),
        "these are the rows with the largest margin, where the student is surest: it would learn what it knows",
    ),
    (
        lambda p, a, k: _least(-p.amax(1), a, k),
        "these are the rows with the largest probability, where the student is surest: it would learn what it knows",
    ),
    (
        lambda p, a, k: _least(p.amax(1), a, k),
        "these are the rows whose top probability is smallest, whatever the second one is: the margin is between the "
        "two",
    ),
    (
        lambda p, a, k: _least((p * p.log()).sum(1), a, k),
        "these are the rows of the largest entropy, which looks at all classes: the margin looks at two of them",
    ),
    (
        lambda p, a, k: _least(p.amax(1) - p.amin(1), a, k),
        "the smallest probability was taken from the largest, where the second largest belongs",
    ),
    (
        lambda p, a, k: _least((p[:, 0] - p[:, 1]).abs(), a, k),
        "the first two columns were compared: those are two classes, and not the two that the student finds likely",
    ),
    (
        lambda p, a, k: _least(torch.arange(len(p)).float(), a, k),
        "these are the first rows that are left: the student's probabilities are not used",
    ),
]


@exercise(
    "choose_queries",
    "choose_queries(probabilities, asked, price, budget)",
    right="the unanswered rows of the smallest margin, as many as the budget pays for, each once",
    hints=(
        "Three things in turn: how unsure the student is of each row, which rows may still be bought, how many of them "
        "can be paid.",
        "topk(2, dim=1) gives the two largest probabilities of each row. Give the rows that were asked about an "
        "infinite margin, so that they come last. How many whole prices fit into the budget?",
        "With top = probabilities.topk(2, dim=1).values and margin = top[:, 0] - top[:, 1], set margin[asked] = inf; "
        "the answer is margin.argsort()[:k], where k is int(budget // price), but no more than the rows that are left.",
    ),
)
def choose_queries(yours: Asked, random: torch.Generator) -> None:
    """Compare with the right rows, and with what usually goes wrong."""
    p, asked = _case(random)
    got = _rows(yours, p, asked, PRICE, BUDGET)
    if sorted(got) == sorted(_within(p, asked, AFFORDED)):
        raise WrongAnswer(
            "these are places among the rows that are left, and not row numbers of the probabilities that were given"
        )
    _affordable(got, asked, PRICE, BUDGET)
    if len(got) < AFFORDED:
        raise WrongAnswer(f"{len(got)} rows come back, and {BUDGET:g} credits at {PRICE:g} each pay for {AFFORDED}")
    for choice, message in CHOICES:
        if sorted(got) == sorted(choice(p, asked, AFFORDED)):
            raise WrongAnswer(message)
    if sorted(got) != sorted(_least(margins(p), asked, AFFORDED)):
        raise WrongAnswer("as many as the budget pays for, and none twice; but other rows have a smaller margin")
    got = _rows(yours, p, asked, PRICE, 1000.0)
    _affordable(got, asked, PRICE, 1000.0)
    if len(got) < ROWS - KEPT:
        raise WrongAnswer("with money for all of them, some of the rows that are left are not bought")
    if _rows(yours, p, asked, PRICE, 1.0):
        raise WrongAnswer("with 1 credit and a price of 2.5 nothing can be bought, and a row comes back")
    none = torch.zeros(0, dtype=torch.long)
    if sorted(_rows(yours, p, none, PRICE, BUDGET)) != sorted(_least(margins(p), none, AFFORDED)):
        raise WrongAnswer("right, but not where nothing was asked about before (asked is empty)")


def _case(random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Probabilities, and rows that were asked about, in which no mistake looks like the right answer."""
    while True:
        p = (1.5 * torch.randn(ROWS, CLASSES, generator=random)).softmax(1)
        order = margins(p).argsort()
        asked = torch.cat([order[:3], order[torch.randperm(ROWS - 3, generator=random)[: KEPT - 3] + 3]])
        found = [choice(p, asked, AFFORDED) for choice, _ in CHOICES]
        found += [_within(p, asked, AFFORDED), _least(margins(p), asked, AFFORDED)]
        if len({tuple(sorted(rows)) for rows in found}) == len(found):
            return p, asked[torch.randperm(KEPT, generator=random)]


def _rows(yours: Asked, p: Tensor, asked: Tensor, price: float, budget: float) -> list[int]:
    """The answer as a list of row numbers."""
    answer: Any = yours(p, asked, price, budget)
    try:
        found = torch.as_tensor(answer)
    except (TypeError, ValueError, RuntimeError):
        kind = type(answer).__name__
        raise WrongAnswer(f"it must return row numbers, as a list or a tensor, got a {kind}") from None
    if found.dtype == torch.bool:
        raise WrongAnswer("a mask of true and false comes back: the numbers of the rows are asked for")
    if found.ndim != 1:
        raise WrongAnswer(f"it must return row numbers in one dimension, got shape {tuple(found.shape)}")
    if found.is_floating_point() and len(found):
        raise WrongAnswer("row numbers are whole numbers, and these are fractions: are they the margins themselves?")
    rows = found.tolist()
    if outside := [row for row in rows if not 0 <= row < len(p)]:
        raise WrongAnswer(f"there are rows 0 to {len(p) - 1}, and {outside[0]} comes back")
    return rows


def _affordable(rows: list[int], asked: Tensor, price: float, budget: float) -> None:
    """Refuse rows that come twice, that were bought before, or that cost too much together."""
    if len(set(rows)) < len(rows):
        raise WrongAnswer("a row comes twice: it would be paid twice")
    if set(rows) & set(asked.tolist()):
        raise WrongAnswer("rows that were asked about before are bought again: their answers are there already")
    if len(rows) * price > budget:
        raise WrongAnswer(f"{len(rows)} rows at {price:g} make {len(rows) * price:g} credits: the budget is {budget:g}")


Filled = Callable[[Tensor, Tensor, int], Tensor]


def truth(listed: Tensor, shares: Tensor, classes: int) -> Tensor:
    """The shares at their classes, and the rest evenly over all others, (batch, classes)."""
    rest = (1 - shares.sum(1, keepdim=True)) / max(1, classes - listed.shape[1])
    return rest.expand(-1, classes).scatter(1, listed, shares)


def _bare(listed: Tensor, shares: Tensor, classes: int) -> Tensor:
    return torch.zeros(len(listed), classes).scatter(1, listed, shares)


def _others(listed: Tensor, classes: int) -> Tensor:
    """1 for classes that are not listed, else 0."""
    return torch.ones(len(listed), classes).scatter(1, listed, 0.0)


def _rest(shares: Tensor) -> Tensor:
    return 1 - shares.sum(1, keepdim=True)


MISTAKES: list[tuple[Filled, str]] = [
    (_bare, "the rows add up to less than 1: what the service did not list has got lost"),
    (
        lambda i, s, c: _bare(i, s / s.sum(1, keepdim=True), c),
        "the rest went to the listed classes: the teacher then sounds surer than it was",
    ),
    (
        lambda i, s, c: truth(i, s, c).softmax(1),
        "a softmax was taken of probabilities: they are what a softmax has made, a second one flattens them",
    ),
    (
        lambda i, s, c: _bare(i, s, c).softmax(1),
        "a softmax was taken of probabilities: they are what a softmax has made, a second one flattens them",
    ),
    (
        lambda i, s, c: _bare(i, s.softmax(1), c),
        "a softmax was taken of the listed probabilities: they are probabilities already",
    ),
    (
        lambda i, s, c: _bare(i, s, c) + _rest(s) / c,
        "the listed classes got a part of the rest too: the service has said what they have",
    ),
    (
        lambda i, s, c: _bare(i, s, c) + _others(i, c) * _rest(s) / c,
        "the rest was divided by the number of all classes: it is shared by those that are not listed",
    ),
    (
        lambda i, s, c: _bare(i, s, c) + _others(i, c) * _rest(s),
        "each class that is not listed got the whole rest: they are to share it",
    ),
    (
        lambda i, s, c: truth(torch.arange(i.shape[1]).expand_as(i), s, c),
        "the shares stand in the first columns: a share belongs to the column of its class, which listed names",
    ),
    (
        lambda i, s, c: _bare(i[:, :1], torch.ones(len(i), 1), c),
        "only the top class is left, as in a label: the second share and the rest are not used",
    ),
]


@exercise(
    "targets_from_top_k",
    "targets_from_top_k(listed, shares, classes)",
    right="the shares stay as they were said, the rest is spread over the others, and every row adds up to 1",
    hints=(
        "Each row of the answer has a number for every class. The service has said k of them. What must all of them "
        "add up to, so what is left for the others?",
        "rest = 1 - shares.sum(1, keepdim=True) is shared by classes - k others. scatter(1, listed, shares) writes the "
        "shares into the columns of their classes. What if k is the number of classes?",
        "With each = rest / max(1, classes - listed.shape[1]), the answer is each.expand(-1, classes).scatter(1, "
        "listed, shares).",
    ),
)
def targets_from_top_k(yours: Asked, random: torch.Generator) -> None:
    """Compare with shares that are kept and a rest that is spread, and with what usually goes wrong."""
    for k in (2, 3, CLASSES):
        p = (1.2 * torch.randn(6, CLASSES, generator=random)).softmax(1)
        shares, listed = p.sort(dim=1, descending=True)
        shares, listed = shares[:, :k], listed[:, :k]
        wanted = truth(listed, shares, CLASSES)
        got = yours.tensor(listed, shares, CLASSES, shape=wanted.shape)
        if k == CLASSES:
            if got.isnan().any():
                raise WrongAnswer("where all classes are listed NaN comes back: 0 was divided by 0")
            if not close(got, wanted):
                raise WrongAnswer("right for a few listed classes, but not where all of them are listed")
            return
        for mistake, message in MISTAKES:
            if close(got, mistake(listed, shares, CLASSES)):
                raise WrongAnswer(message)
        if not close(got.sum(1), torch.ones(6)):
            raise WrongAnswer("the rows do not add up to 1, as probabilities must")
        if not close(got, wanted):
            raise WrongAnswer(
                f"the rows add up to 1, but with {k} of {CLASSES} classes listed some classes have other shares: try "
                "one row by hand"
            )
