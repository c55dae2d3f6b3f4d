"""Combining teachers: right answers pass in any style, each mistake has its own message."""

import numpy as np
import pytest
import torch

from kdlab.algorithms.multi_teacher import combine as package
from kdlab.exercises import check, hint

SEEDS = range(6)


def by_hand(teacher_logits, weights, temperature):
    answer = 0.0
    for logits, weight in zip(teacher_logits, weights, strict=True):
        e = (logits / temperature - (logits / temperature).amax(1, keepdim=True)).exp()
        answer = answer + weight * e / e.sum(1, keepdim=True)
    return answer / sum(weights)


def in_numpy(teacher_logits, weights, temperature):
    e = np.exp(teacher_logits.numpy() / temperature)
    return np.einsum("t,tbc->bc", weights / weights.sum(), e / e.sum(-1, keepdims=True))


def p(z, t):
    return (z / t).softmax(-1)


def w3(w):
    return (w / w.sum())[:, None, None]


WRONG = [
    (lambda z, w, t: ((w3(w) * z).sum(0) / t).softmax(1), "comes after the mean: this averages logits"),
    (lambda z, w, t: (z.mean(0) / t).softmax(1), "and the weights are not used at all"),
    (lambda z, w, t: (w3(w) * z / t).sum(0), "with no softmax"),
    (lambda z, w, t: p(z, t).mean(0), "all teachers count alike"),
    (lambda z, w, t: torch.einsum("t,tbc->bc", w, p(z, t)), "adds up to 3.5"),
    (lambda z, w, t: (w[:, None, None] * p(z, t)).mean(0), "divided by the number of teachers"),
    (lambda z, w, t: torch.einsum("t,tbc->bc", w.softmax(0), p(z, t)), "went through a softmax"),
    (lambda z, w, t: (w3(w) * p(z, 1)).sum(0), "temperature is not used"),
    (lambda z, w, t: (w3(w) * p(z, 1 / t)).sum(0), "become surer"),
    (lambda z, w, t: ((w3(w) * p(z, 1)).sum(0).log() / t).softmax(1), "the mean is softened"),
    (lambda z, w, t: (w3(w) * p(z, 1) / t).sum(0), "T divides the probabilities"),
    (lambda z, w, t: (w3(w) * (z / t).softmax(0)).sum(0), "runs over the teachers"),
    (lambda z, w, t: (w3(w) * (z / t).softmax(1)).sum(0), "softmax runs over the pictures"),
    (lambda z, w, t: by_hand(z, w, t).log(), "all values are negative"),
    (lambda z, w, t: p(z[0], t), "first teacher says alone"),
    (lambda z, w, t: (w3(w) * p(z, t)).sum(1), "one row for each teacher"),
    (lambda z, w, t: w3(w) * p(z, t), "sum over the teachers is missing"),
    (lambda z, w, t: by_hand(z, w + 0.1, t), "try two teachers and two classes by hand"),
    (lambda z, w, t: 2 * by_hand(z, w, t), "do not add up to 1"),
    (lambda z, w, t: (w[:, None, None] / 3.5 * p(z, t)).sum(0), "with all of them doubled"),
    (lambda z, w, t: torch.full(z.shape[1:], 1 / z.shape[2]), "try two teachers"),
    (lambda z, w, t: torch.zeros(z.shape[1:]), "do not add up to 1"),
    (lambda z, w, t: z.mul_(2), "writes into the teacher_logits"),
    (lambda z, w, t: "all", "got a str"),
    (lambda z, w, t: None, "nothing comes back yet"),
    (lambda z, w, t: 1 / 0, "raised ZeroDivisionError"),
    (lambda z: z, "raised TypeError"),
]


@pytest.mark.parametrize("answer", [by_hand, in_numpy, lambda z, w, t: package(z / t, w).exp()])
def test_right_answers_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("combine", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG, ids=[words for _, words in WRONG])
def test_each_mistake_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("combine", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def test_an_unfinished_answer_says_so_and_hints_are_three():
    def combine(teacher_logits, weights, temperature):
        raise NotImplementedError("soften, weigh, add up")

    assert "nothing is written yet" in str(check("combine", combine))
    assert "pass the function itself" in str(check("combine", 0.5))
    assert [hint("combine").partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
