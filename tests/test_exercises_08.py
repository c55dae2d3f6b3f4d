"""Exercises of notebook 08: right answers pass in any style, each mistake has its own message."""

import numpy as np
import pytest
import torch
from torch.nn.functional import mse_loss

from kdlab.exercises import check
from kdlab.exercises.features import CKA_MISTAKES, HINT_MISTAKES, linear_cka

SEEDS = range(6)


def hint_by_torch(student, teacher, regressor):
    return mse_loss(regressor(student), teacher.detach())


def hint_by_sum(student, teacher, regressor):
    with torch.no_grad():
        target = teacher.clone()
    gap = regressor(student) - target
    return (gap * gap).sum() / gap.numel()


def cka_by_gram(x, y):
    n = len(x)
    h = torch.eye(n, dtype=x.dtype) - 1 / n
    k, m = h @ x @ x.T @ h, h @ y @ y.T @ h
    return (k * m).sum() / (k.norm() * m.norm())


def cka_by_numpy(x, y):
    x, y = (a.numpy() - a.numpy().mean(0) for a in (x, y))
    return np.linalg.norm(y.T @ x) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)


RIGHT = [("hint_loss", hint_by_torch), ("hint_loss", hint_by_sum), ("linear_cka", cka_by_gram)]
RIGHT += [("linear_cka", cka_by_numpy)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_a_right_answer_passes_in_any_style(name, answer, seed):
    assert check(name, answer, seed=seed)


PLANTED = [("hint_loss", *one) for one in HINT_MISTAKES] + [("linear_cka", *one) for one in CKA_MISTAKES]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", range(len(PLANTED)))
def test_each_mistake_has_its_own_message(place, seed):
    name, answer, message = PLANTED[place]
    verdict = check(name, answer, seed=seed)
    assert not verdict
    assert str(verdict) == f"✗ {name}: {message}"


def test_no_two_mistakes_share_a_message():
    assert len({message for *_, message in PLANTED}) == len(PLANTED)


def unwritten(*_):
    raise NotImplementedError


def in_no_grad(student, teacher, regressor):
    weight = regressor.weight.detach()
    return (torch.einsum("oi,bi...->bo...", weight, student) - teacher.detach()).square().mean()


OTHERS = [
    ("hint_loss", unwritten, "nothing is written yet"),
    ("hint_loss", lambda s, t, r: None, "nothing comes back"),
    ("hint_loss", lambda s, t, r: 0.0, "is not the mean squared difference"),
    ("hint_loss", lambda s, t, r: r(s) - t, "it must return one number"),
    ("hint_loss", lambda s, t, r: t.flatten(1) @ s.flatten(1), "raised RuntimeError"),
    ("hint_loss", lambda s, t, r: (r(s) - t).square().mean(), "gradient flows into the teacher"),
    ("hint_loss", lambda s, t, r: (r(s) - t).square().mean().item(), "no gradient flows"),
    ("hint_loss", lambda s, t, r: (r(s.detach()) - t.detach()).square().mean(), "no gradient reaches the student"),
    ("hint_loss", in_no_grad, "no gradient reaches the regressor"),
    ("hint_loss", lambda s, t, r: (r(s) - t).square().mean((0, 1, 2, 3)), "raised IndexError"),
    ("hint_loss", "loss", "pass the function itself"),
    ("linear_cka", unwritten, "nothing is written yet"),
    ("linear_cka", lambda x, y: 1.0, "whatever the two layers are"),
    ("linear_cka", lambda x, y: x.T @ y, "it must return one number"),
    ("linear_cka", lambda x, y: x + y, "raised RuntimeError"),
    ("linear_cka", lambda x, y: {"cka": 1}, "it must return one number"),
    ("linear_cka", lambda x, y: x.std() / y.std() / 2, "a layer compared with itself must give 1"),
    ("linear_cka", lambda x, y: 1 / (1 + (x.mean() - y.mean()).abs()), "three times as large"),
    ("linear_cka", lambda x, y: cka_by_gram(x, y) ** 2, "another value than"),
]


@pytest.mark.parametrize(("name", "answer", "words"), OTHERS)
def test_blank_trivial_and_broken_answers_fail(name, answer, words):
    verdict = check(name, answer, seed=2)
    assert not verdict
    assert words in str(verdict)


def test_the_probe_asks_for_what_the_package_calls_biased():
    """The plain estimate is above the debiased one for few samples, so the two can be told apart."""
    assert linear_cka.__doc__
    random = torch.Generator().manual_seed(0)
    x, y = (torch.randn(12, 40, generator=random, dtype=torch.float64) for _ in range(2))
    assert cka_by_gram(x, y) > 0.5
    assert abs(CKA_MISTAKES[-1][0](x, y)) < 0.3
