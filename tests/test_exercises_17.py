"""Buying answers and learning from top classes: right answers pass in any style, each mistake has its own message."""

import numpy as np
import pytest
import torch

from kdlab.exercises import check, hint

SEEDS = range(6)


def in_torch(probabilities, asked, price, budget):
    top = probabilities.topk(2, dim=1).values
    margin = top[:, 0] - top[:, 1]
    margin[asked] = float("inf")
    return margin.argsort()[: min(int(budget // price), len(margin) - len(asked))]


def in_python(probabilities, asked, price, budget):
    known, left = set(asked.tolist()), []
    for row, p in enumerate(probabilities.tolist()):
        first, second = sorted(p)[:-3:-1]
        if row not in known:
            left.append((first - second, row))
    return [row for _, row in sorted(left)[: int(budget / price)]]


def by(score, *, skip=True, more=0):
    """Rows of the smallest score."""

    def choose(p, asked, price, budget):
        s = score(p).clone()
        if skip:
            s[asked] = torch.inf
        return s.argsort()[: min(int(budget // price) + more, len(p) - len(asked))]

    return choose


def margin(p):
    top = p.topk(2, dim=1).values
    return top[:, 0] - top[:, 1]


def places(p, asked, price, budget):
    left = [row for row in range(len(p)) if row not in asked.tolist()]
    return margin(p[left]).argsort()[: int(budget // price)]


WRONG_ROWS = [
    (by(lambda p: -margin(p)), "largest margin, where the student is surest"),
    (by(lambda p: -p.amax(1)), "largest probability, where the student is surest"),
    (by(lambda p: p.amax(1)), "whatever the second one is"),
    (by(lambda p: (p * p.log()).sum(1)), "largest entropy"),
    (by(lambda p: p.amax(1) - p.amin(1)), "where the second largest belongs"),
    (by(lambda p: (p[:, 0] - p[:, 1]).abs()), "first two columns were compared"),
    (by(lambda p: torch.arange(len(p)).float()), "probabilities are not used"),
    (by(margin, skip=False), "bought again"),
    (by(margin, more=1), "make 12.5 credits: the budget is 12"),
    (places, "places among the rows that are left"),
    (lambda p, a, price, budget: in_torch(p, a, price, budget)[:1].repeat(4), "comes twice"),
    (lambda p, a, price, budget: in_torch(p, a, price, budget)[:3], "3 rows come back"),
    (lambda p, a, price, budget: torch.tensor(in_python(p, a, price, budget))[:, None], "in one dimension"),
    (lambda p, a, price, budget: by(lambda p: -p[:, 3])(p, a, price, budget), "other rows have a smaller margin"),
    (lambda p, a, price, budget: in_torch(p, a, price, min(budget, 12.0)), "some of the rows that are left"),
    (lambda p, a, price, budget: in_torch(p, a, price, max(budget, 2.5)), "nothing can be bought"),
    (lambda p, a, price, budget: margin(p) < 0.1, "mask of true and false"),
    (lambda p, a, price, budget: margin(p)[:4], "are they the margins themselves"),
    (lambda p, a, price, budget: [0, 99], "99 comes back"),
    (lambda p, a, price, budget: [], "0 rows come back"),
    (lambda p, a, price, budget: "rows", "got a str"),
    (lambda p, a, price, budget: None, "nothing comes back yet"),
    (lambda p, a, price, budget: p.mul_(0), "writes into the probabilities"),
    (lambda p, a, price, budget: 1 / 0, "raised ZeroDivisionError"),
    (lambda p: p, "raised TypeError"),
]


@pytest.mark.parametrize("answer", [in_torch, in_python])
def test_right_rows_pass_in_every_style(answer):
    for seed in range(20):
        verdict = check("choose_queries", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG_ROWS, ids=[words for _, words in WRONG_ROWS])
def test_each_mistake_in_choosing_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("choose_queries", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def filled(listed, shares, classes):
    each = (1 - shares.sum(1, keepdim=True)) / max(1, classes - listed.shape[1])
    return each.expand(-1, classes).scatter(1, listed, shares)


def by_loops(listed, shares, classes):
    answer = np.zeros((len(listed), classes))
    for row in range(len(listed)):
        named = dict(zip(listed[row].tolist(), shares[row].tolist(), strict=True))
        for c in range(classes):
            answer[row, c] = named[c] if c in named else (1 - sum(named.values())) / (classes - len(named))
    return answer


def bare(listed, shares, classes):
    return torch.zeros(len(listed), classes).scatter(1, listed, shares)


def others(listed, classes):
    return torch.ones(len(listed), classes).scatter(1, listed, 0.0)


def left(shares):
    return 1 - shares.sum(1, keepdim=True)


def divided_by_nothing(listed, shares, classes):
    each = left(shares) / (classes - listed.shape[1])
    return bare(listed, shares, classes) + others(listed, classes) * each.nan_to_num(0.0) + 0 * each


WRONG_TARGETS = [
    (bare, "has got lost"),
    (lambda i, s, c: bare(i, s / s.sum(1, keepdim=True), c), "surer than it was"),
    (lambda i, s, c: filled(i, s, c).softmax(1), "a second one flattens them"),
    (lambda i, s, c: bare(i, s, c).softmax(1), "a second one flattens them"),
    (lambda i, s, c: bare(i, s.softmax(1), c), "they are probabilities already"),
    (lambda i, s, c: bare(i, s, c) + left(s) / c, "got a part of the rest too"),
    (lambda i, s, c: bare(i, s, c) + others(i, c) * left(s) / c, "number of all classes"),
    (lambda i, s, c: bare(i, s, c) + others(i, c) * left(s), "got the whole rest"),
    (lambda i, s, c: filled(torch.arange(i.shape[1]).expand_as(i), s, c), "stand in the first columns"),
    (lambda i, s, c: bare(i[:, :1], torch.ones(len(i), 1), c), "only the top class is left"),
    (lambda i, s, c: torch.full((len(i), c), 1 / c), "try one row by hand"),
    (lambda i, s, c: 2 * filled(i, s, c), "do not add up to 1"),
    (divided_by_nothing, "0 was divided by 0"),
    (lambda i, s, c: filled(i, s, c) if i.shape[1] < c else 0 * filled(i, s, c), "where all of them are listed"),
    (lambda i, s, c: s, "got one of shape (6, 2)"),
    (lambda i, s, c: None, "nothing comes back yet"),
    (lambda i, s, c: s.zero_(), "writes into the shares"),
    (lambda i, s, c: "p", "got a str"),
]


@pytest.mark.parametrize("answer", [filled, by_loops])
def test_right_targets_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("targets_from_top_k", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG_TARGETS, ids=[words for _, words in WRONG_TARGETS])
def test_each_mistake_in_targets_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("targets_from_top_k", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def endless(*_):
    while True:
        pass


@pytest.mark.parametrize("name", ["choose_queries", "targets_from_top_k"])
def test_an_unfinished_or_endless_answer_says_so_and_hints_are_three(name, monkeypatch):
    def unfinished(*_):
        raise NotImplementedError("not yet")

    assert "nothing is written yet" in str(check(name, unfinished))
    assert "pass the function itself" in str(check(name, 0.5))
    monkeypatch.setattr("kdlab.exercises.base.SECONDS", 0.3)
    assert "no answer after" in str(check(name, endless))
    assert [hint(name).partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
