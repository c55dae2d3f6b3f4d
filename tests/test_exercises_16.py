"""Bits of a target and conflicts of gradients: right answers pass in any style, each mistake has its own message."""

import math

import numpy as np
import pytest
import torch

from kdlab.exercises import check, hint

SEEDS = range(6)


def told(p, k):
    q = p.topk(k).values
    return q / q.sum(1, keepdim=True)


def h(q, log=torch.log2):
    return -(q * log(q)).sum(1)


def in_torch(p, k):
    q = told(p, k)
    return -(torch.xlogy(q, q).sum(1) / math.log(2)).mean()


def by_loop(p, k):
    total = 0.0
    for row in p.tolist():
        kept = sorted(row)[-k:]
        total += sum(v / sum(kept) * math.log2(sum(kept) / v) for v in kept if v > 0)
    return total / len(p)


def in_numpy(p, k):
    q = -np.sort(-p.numpy(), axis=1)[:, :k]
    q = q / q.sum(1, keepdims=True)
    return float(-(q * np.log2(np.where(q > 0, q, 1))).sum(1).mean())


WRONG_BITS = [
    (lambda p, k: h(told(p, k), torch.log).mean(), "in nats"),
    (lambda p, k: h(told(p, k), torch.log10).mean(), "base 10"),
    (lambda p, k: h(p.topk(k).values).mean(), "does not add up to 1"),
    (lambda p, k: h(p).mean(), "the same answer whatever k is"),
    (
        lambda p, k: h(torch.zeros_like(p).scatter(1, p.topk(k).indices, told(p, k)).mean(0, keepdim=True)),
        "mean target",
    ),
    (lambda p, k: h(told(p, k)).sum(), "are added up; a mean"),
    (lambda p, k: -h(told(p, k)).mean(), "minus sign"),
    (lambda p, k: h(told(p, k)).mean() / p.shape[1], "over the classes too"),
    (lambda p, k: -(told(p, k) * told(p, k).log2()).mean(), "over the k classes too"),
    (lambda p, k: h(p.topk(k).values.softmax(1)).mean(), "changes their proportions"),
    (lambda p, k: h(p[:, :k] / p[:, :k].sum(1, keepdim=True)).mean(), "the first k classes"),
    (lambda p, k: math.log2(k), "probabilities are not used"),
    (lambda p, k: h(told(p, k)).mean(), "0 log 0"),
    (lambda p, k: h(told(p, k) + 0.01).mean(), "try one row by hand"),
    (lambda p, k: in_torch(p, 3), "it is a hard label"),
    (lambda p, k: h(told(p, k)), "one number"),
    (lambda p, k: 0.0, "try one row by hand"),
    (lambda p, k: float("nan"), "even where no probability is 0"),
    (lambda p, k: p.mul_(2).sum(), "writes into the probabilities"),
    (lambda p, k: "many", "got a str"),
    (lambda p, k: None, "nothing comes back yet"),
    (lambda p, k: 1 / 0, "raised ZeroDivisionError"),
    (lambda p: p, "raised TypeError"),
]


@pytest.mark.parametrize("answer", [in_torch, by_loop, in_numpy])
def test_right_bits_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("bits_per_target", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG_BITS, ids=[words for _, words in WRONG_BITS])
def test_each_mistake_with_bits_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("bits_per_target", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def flat(gradients):
    return torch.cat([g.flatten() for g in gradients])


def cosine(first, second):
    a, b = flat(first), flat(second)
    length = a.norm() * b.norm()
    return a @ b / length if length > 0 else 0.0


def cosine_by_sums(first, second):
    dot = sum((x * y).sum().item() for x, y in zip(first, second, strict=True))
    squares = [sum((x**2).sum().item() for x in g) for g in (first, second)]
    return dot / math.sqrt(squares[0] * squares[1]) if all(squares) else 0


def by_package(first, second):
    return torch.nn.functional.cosine_similarity(flat(first), flat(second), dim=0)


def unguarded(first, second):
    return flat(first) @ flat(second) / (flat(first).norm() * flat(second).norm())


def in_place(first, second):
    answer = cosine(first, second)
    first[0].zero_()
    return answer


WRONG_COSINES = [
    (
        lambda f, s: sum(by_package([a], [b]) for a, b in zip(f, s, strict=True)) / len(f),
        "a small bias counts as much",
    ),
    (lambda f, s: flat(f) @ flat(s), "this is the dot product"),
    (lambda f, s: flat(f) @ flat(s) / (flat(f) @ flat(f) * (flat(s) @ flat(s))), "a root is missing"),
    (lambda f, s: flat(f) @ flat(s) / (flat(f).norm(1) * flat(s).norm(1)), "sums of absolute values"),
    (lambda f, s: by_package(f[:1], s[:1]), "only the first parameter"),
    (lambda f, s: cosine(f, s).arccos(), "the angle itself"),
    (lambda f, s: 1 - by_package(f, s), "a distance"),
    (lambda f, s: -by_package(f, s), "the sign is turned"),
    (lambda f, s: by_package([x.abs() for x in f], [x.abs() for x in s]), "who pulls where"),
    (unguarded, "all zeros it gives nan"),
    (in_place, "writes into the gradients"),
    (lambda f, s: 0.0, "(3, 4) against (4, 3)"),
    (lambda f, s: 1.0, "(3, 4) against (4, 3)"),
    (lambda f, s: f, "it must return one number"),
    (lambda f, s: None, "nothing comes back yet"),
    (lambda f, s: f[7], "raised IndexError"),
]


@pytest.mark.parametrize("answer", [cosine, cosine_by_sums, by_package])
def test_right_cosines_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("gradient_conflict", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG_COSINES, ids=[words for _, words in WRONG_COSINES])
def test_each_mistake_with_cosines_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("gradient_conflict", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


@pytest.mark.parametrize("name", ["bits_per_target", "gradient_conflict"])
def test_an_unfinished_answer_says_so_and_hints_are_three(name, monkeypatch):
    def blank(first, second):
        raise NotImplementedError("to be written")

    def endless(first, second):
        while True:
            pass

    assert "nothing is written yet" in str(check(name, blank))
    assert "pass the function itself" in str(check(name, 0.5))
    monkeypatch.setattr("kdlab.exercises.base.SECONDS", 0.3)
    assert "no answer after" in str(check(name, endless))
    assert [hint(name).partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
