"""Exercise of notebook 07: a right agreement passes in any style, each mistake has its own message."""

import numpy as np
import pytest
import torch

from kdlab.exercises import check
from kdlab.exercises.agreement import MISTAKES

SEEDS = range(6)


def by_loop(student, teacher):
    same = [int(s.argmax()) == int(t.argmax()) for s, t in zip(student, teacher, strict=True)]
    return sum(same) / len(same)


def by_numpy(student, teacher):
    return np.mean(np.argmax(student.numpy(), 1) == np.argmax(teacher.numpy(), 1))


def by_top(student, teacher):
    return (student.topk(1).indices == teacher.softmax(1).topk(1).indices).float().mean()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("answer", [by_loop, by_numpy, by_top])
def test_a_right_answer_passes_in_any_style(answer, seed):
    assert check("agreement_of_two", answer, seed=seed)


WORDS = (
    "wrong dimension", "one single answer", "counts the equal", "100 times", "share of answers in which the two differ",
    "logits themselves are equal", "nearly equal", "soft agreement", "how close the probabilities",
    "logits point", "argmin",
)  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", range(len(MISTAKES)))
def test_each_mistake_has_its_own_message(place, seed):
    verdict = check("agreement_of_two", MISTAKES[place][0], seed=seed)
    assert not verdict
    assert WORDS[place] in str(verdict)


def unwritten(student, teacher):
    raise NotImplementedError


TRIVIAL = [
    (unwritten, "nothing is written yet"),
    (lambda s, t: None, "nothing comes back"),
    (lambda s, t: 1.0, "whatever the two networks say"),
    (lambda s, t: torch.tensor(0.0), "whatever the two networks say"),
    (lambda s, t: s.argmax(1) == t.argmax(1), "it must return one number"),
    (lambda s, t: "0.5", "it must return one number"),
    (lambda s, t: 1 / 0, "ZeroDivisionError"),
    (lambda s, t: s.mean() - 5, "outside 0 to 1"),
    (lambda s, t: s.argmax(1).float().mean() / 20, "agrees with itself"),
    (lambda s, t: 1 / (1 + (s - t).square().sum()), "three samples by hand"),
    (0.5, "pass the function itself"),
]


@pytest.mark.parametrize(("answer", "words"), TRIVIAL)
def test_blank_trivial_and_broken_answers_fail(answer, words):
    verdict = check("agreement_of_two", answer, seed=3)
    assert not verdict
    assert words in str(verdict)


def test_what_is_right_by_luck_on_unscaled_logits_is_found_out():
    """Rounded logits give the same top answers until they are shifted by much: here by a threshold."""

    def fragile(student, teacher):
        top = student.argmax(1)
        top[student.max(1).values > 9] = 0  # only large logits are hurt
        return (top == teacher.argmax(1)).float().mean()

    verdicts = [check("agreement_of_two", fragile, seed=seed) for seed in SEEDS]
    assert not any(verdicts)
