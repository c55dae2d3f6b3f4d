"""The exercise of notebook 02: right answers pass, each mistake gets its own message."""

import pytest
import torch

from kdlab import metrics
from kdlab.exercises import check
from kdlab.exercises.calibration_error import MISTAKES, case, truth

SEEDS = range(4)


def loop(probabilities, labels, bins):
    sure, answer = probabilities.max(dim=1)
    place = (sure * bins).long().clamp(max=bins - 1)
    total = 0.0
    for k in range(bins):
        inside = place == k
        if inside.any():
            gap = (answer[inside] == labels[inside]).double().mean() - sure[inside].mean()
            total += inside.double().mean() * gap.abs()
    return total


def vectorised(probabilities, labels, bins):
    sure, answer = probabilities.max(dim=1)
    place = (sure * bins).long().clamp(max=bins - 1)
    difference = (answer == labels).double() - sure
    return torch.zeros(bins, dtype=torch.float64).index_add(0, place, difference).abs().sum().item() / len(labels)


def ten_always(probabilities, labels, bins):
    return loop(probabilities, labels, 10)


def nan_of_empty_bins(probabilities, labels, bins):
    sure, answer = probabilities.max(dim=1)
    place = (sure * bins).long().clamp(max=bins - 1)
    parts = []
    for k in range(bins):
        inside = place == k
        gap = (answer[inside] == labels[inside]).double().mean() - sure[inside].mean()
        parts.append(inside.double().mean() * gap.abs())
    return sum(parts)


def loses_certainty(probabilities, labels, bins):
    sure, answer = probabilities.max(dim=1)
    total = 0.0
    for k in range(bins):
        inside = (sure >= k / bins) & (sure < (k + 1) / bins)
        if inside.any():
            gap = (answer[inside] == labels[inside]).double().mean() - sure[inside].mean()
            total += inside.double().mean() * gap.abs()
    return total


def blank(probabilities, labels, bins):
    raise NotImplementedError


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("right", [loop, vectorised])
def test_right_answers_pass(right, seed):
    verdict = check("expected_calibration_error", right, seed=seed)
    assert verdict, verdict


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", range(len(MISTAKES)))
def test_each_mistake_gets_its_own_message(place, seed):
    mistake, message = MISTAKES[place]
    assert check("expected_calibration_error", mistake, seed=seed).text == f"expected_calibration_error: {message}"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (ten_always, "the number of bins is not used"),
        (nan_of_empty_bins, "the mean of an empty bin is not a number"),
        (loses_certainty, "it belongs into the last one"),
        (lambda p, y, bins: torch.tensor(0.123), "try four samples by hand"),
        (lambda p, y, bins: p, "it must return one number"),
        (lambda p, y, bins: None, "nothing comes back yet"),
        (blank, "nothing is written yet"),
        (lambda p, y, bins: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_edges_and_what_is_no_answer(wrong, said, seed):
    verdict = check("expected_calibration_error", wrong, seed=seed)
    assert not verdict
    assert said in verdict.text


def test_the_truth_is_the_packages_own_measure_and_the_example_by_hand():
    p, y = case(torch.Generator().manual_seed(3))
    assert truth(p, y, 10).item() == pytest.approx(metrics.ece(p.log().numpy(), y.numpy(), 10))
    four = torch.tensor([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45], [0.55, 0.45]], dtype=torch.float64)
    assert truth(four, torch.tensor([0, 0, 0, 1]), 10).item() == pytest.approx(0.05)


def test_reports_that_flatter_are_told_from_the_honest_one():
    right = {"report_1": "c", "report_2": "d", "report_3": "A "}
    assert check("who_flatters", right)
    for name, letter, said in (
        ("report_1", "?", "has no letter yet"),
        ("report_1", "a", "the epoch is chosen on the test set"),
        ("report_2", "b", "look at what fit_temperature is given"),
        ("report_3", "d", "it does flatter"),
        ("report_3", "e", "must have one of the letters a, b, c, d"),
    ):
        verdict = check("who_flatters", right | {name: letter})
        assert not verdict
        assert said in verdict.text
    assert "answer as {" in check("who_flatters", "cda").text
