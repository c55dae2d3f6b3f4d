"""Exercise of notebook 01: the best model under a budget."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch

from kdlab.exercises.base import Asked, WrongAnswer, exercise

Models = list[dict[str, Any]]


def truth(models: Models, budget: int) -> str | None:
    """The name of the most accurate model within the budget, of equals the smaller."""
    within = [m for m in models if m["bytes"] <= budget]
    return max(within, key=lambda m: (m["accuracy"], -m["bytes"]))["name"] if within else None


def _top(key: Callable[[dict[str, Any]], float], fits: Callable[[int, int], bool]) -> Callable[[Models, int], str]:
    return lambda models, budget: max((m for m in models if fits(m["bytes"], budget)), key=key)["name"]


# What goes wrong, as functions: whoever's answers equal one of them has made that mistake.
MISTAKES: list[tuple[Callable[[Models, int], str], str]] = [
    (
        _top(lambda m: m["accuracy"], lambda size, budget: True),
        "the most accurate of all comes back, whatever the budget: models that are too large must drop out first",
    ),
    (
        _top(lambda m: -m["bytes"], lambda size, budget: True),
        "the smallest comes back: a budget is what may be spent, and within it accuracy decides",
    ),
    (
        _top(lambda m: m["bytes"], lambda size, budget: size <= budget),
        "the largest that fits comes back: larger need not be more accurate, and accuracy is what you want",
    ),
    (
        _top(lambda m: m["accuracy"] / m["bytes"], lambda size, budget: size <= budget),
        "the most accuracy for each byte comes back: what is left of a budget is worth nothing here",
    ),
    (
        _top(lambda m: m["accuracy"], lambda size, budget: size > budget),
        "a model above the budget comes back: the comparison is the wrong way round",
    ),
    (
        _top(lambda m: -m["accuracy"], lambda size, budget: size <= budget),
        "the least accurate that fits comes back: is it sorted the wrong way round?",
    ),
]


# Within a budget of 800: the smallest, the most accurate for its size, the best, the worst, the largest. Then two more.
SIZES = (400, 420, 600, 640, 680, 900, 1100)
ACCURACIES = (0.50, 0.62, 0.80, 0.45, 0.70, 0.90, 0.85)
BUDGETS = (800, 1000)


def case(random: torch.Generator) -> tuple[Models, list[int]]:
    """Seven models in a random order, and two budgets: five fit into the first, six into the second."""
    scale = 0.5 + 9 * torch.rand((), generator=random).item()
    less = 0.1 * torch.rand((), generator=random).item()
    order = torch.randperm(len(SIZES), generator=random).tolist()
    models = [
        {"name": f"model-{place}", "accuracy": ACCURACIES[k] - less, "bytes": round(scale * SIZES[k])}
        for place, k in enumerate(order)
    ]
    return models, [round(scale * budget) for budget in BUDGETS]


@exercise(
    "pick_model",
    "pick_model(models, budget)",
    right="the most accurate within the budget, the smaller of equals, and None where nothing fits",
    hints=(
        "Two steps: which models may be chosen at all, and which of these do you want?",
        "Keep the models whose bytes are at most the budget. If none is left, return None. Of the others, "
        "max(…, key=…) finds the most accurate.",
        "A key may be a pair: max(within, key=lambda m: (m['accuracy'], -m['bytes'])) takes the smaller of two equals. "
        "Return its name.",
    ),
)
def pick_model(yours: Asked, random: torch.Generator) -> None:
    """Middle budgets first, then the edges: equal to the budget, ties, nothing that fits, no models at all."""
    models, budgets = case(random)
    smallest = min(m["bytes"] for m in models)
    first = _name(yours, models, budgets[0])
    for mistake, message in MISTAKES:
        if first == mistake(models, budgets[0]) and _name(yours, models, budgets[1]) == mistake(models, budgets[1]):
            raise WrongAnswer(message)
    for budget in budgets:
        answer = _name(yours, models, budget)
        if answer != truth(models, budget):
            many = sum(m["bytes"] <= budget for m in models)
            raise WrongAnswer(f"with {many} of seven models within the budget, it is not the most accurate of them")
    on_the_line = next(m["bytes"] for m in models if m["name"] == answer)
    if _name(yours, models, on_the_line) != answer:
        raise WrongAnswer("a model of exactly the budget is left out: it may cost as much as the budget, so at most, ≤")
    twins = [{"name": n, "accuracy": 0.75, "bytes": b} for n, b in (("wide", 400), ("slim", 200), ("middle", 300))]
    for row in (twins, twins[::-1]):
        if _name(yours, row, 500) != "slim":
            raise WrongAnswer("of models that are equally accurate, the smaller is to come back, in whatever order")
    yours.may_be_none = True
    for row, limit, words in ((models, smallest - 1, "where no model fits"), ([], 500, "where there are no models")):
        try:
            answer = _name(yours, row, limit)
        except WrongAnswer as wrong:
            raise WrongAnswer(f"{words}, None must come back; {wrong}") from None
        if answer is not None:
            raise WrongAnswer(f"{words}, None must come back, got {answer!r}")


def _name(yours: Asked, models: Models, budget: int) -> str | None:
    """Their answer, which must be a name, and must leave the list as it was."""
    given = copy.deepcopy(models)
    answer = yours(given, budget)
    if given != models:
        raise WrongAnswer("it changes the list of models it was given: sort or filter a copy")
    if isinstance(answer, dict):
        raise WrongAnswer("a whole model comes back: its name alone is wanted, model['name']")
    if answer is not None and not isinstance(answer, str):
        raise WrongAnswer(f"it must return a name, got {answer!r}")
    return answer
