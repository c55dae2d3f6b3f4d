"""The exercise of notebook 01: right answers pass, each mistake gets its own message."""

import pytest

from kdlab.exercises import check
from kdlab.exercises.pick_model import MISTAKES, case

SEEDS = range(5)


def by_max(models, budget):
    within = [m for m in models if m["bytes"] <= budget]
    return max(within, key=lambda m: (m["accuracy"], -m["bytes"]))["name"] if within else None


def by_loop(models, budget):
    best = None
    for model in sorted(models, key=lambda m: m["bytes"]):
        if model["bytes"] <= budget and (best is None or model["accuracy"] > best["accuracy"]):
            best = model
    return best and best["name"]


def strict(models, budget):
    return by_max(models, budget - 1)


def first_of_equals(models, budget):
    within = [m for m in models if m["bytes"] <= budget]
    return max(within, key=lambda m: m["accuracy"])["name"] if within else None


def fails_on_nothing(models, budget):
    within = [m for m in models if m["bytes"] <= budget]
    return max(within, key=lambda m: (m["accuracy"], -m["bytes"]))["name"]


def falls_back(models, budget):
    return by_max(models, budget) or "model-0"


def whole_model(models, budget):
    return max((m for m in models if m["bytes"] <= budget), key=lambda m: m["accuracy"])


def sorts_in_place(models, budget):
    models.sort(key=lambda m: m["bytes"])
    return by_max(models, budget)


def blank(models, budget):
    raise NotImplementedError


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("right", [by_max, by_loop])
def test_right_answers_pass(right, seed):
    verdict = check("pick_model", right, seed=seed)
    assert verdict, verdict


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", range(len(MISTAKES)))
def test_each_mistake_in_choosing_gets_its_own_message(place, seed):
    mistake, message = MISTAKES[place]
    assert check("pick_model", mistake, seed=seed).text == f"pick_model: {message}"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (strict, "exactly the budget is left out"),
        (first_of_equals, "the smaller is to come back"),
        (fails_on_nothing, "where no model fits, None must come back; pick_model(models, budget) raised ValueError"),
        (falls_back, "where no model fits, None must come back, got 'model-0'"),
        (whole_model, "its name alone is wanted"),
        (sorts_in_place, "it changes the list of models"),
        (lambda models, budget: models[0]["accuracy"], "it must return a name"),
        (lambda models, budget: "model-9", "it is not the most accurate of them"),
        (lambda models, budget: None, "nothing comes back yet"),
        (blank, "nothing is written yet"),
        (lambda models, budget: models["bytes"], "raised TypeError"),
        ("m0", "pass the function itself"),
    ],
)
def test_the_edges_and_what_is_no_answer(wrong, said, seed):
    verdict = check("pick_model", wrong, seed=seed)
    assert not verdict
    assert said in verdict.text


def test_no_single_place_in_the_list_is_always_right():
    import torch

    names = {by_max(models, 10**9) for models, _ in (case(torch.Generator().manual_seed(s)) for s in range(20))}
    assert len(names) > 2
