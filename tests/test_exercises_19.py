"""Divergence over real tokens: right answers pass in any style, each mistake has its own message."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from kdlab.exercises import check, hint
from kdlab.losses import token_kl as package

SEEDS = range(6)


def kl(s, t, dim=-1):
    return (t.softmax(dim) * (t.log_softmax(dim) - s.log_softmax(dim))).sum(-1)


def loops(student_logits, teacher_logits, mask):
    total, count = 0.0, 0
    for word in range(len(mask)):
        for place in range(mask.shape[1]):
            if mask[word, place]:
                p, q = teacher_logits[word, place].softmax(0), student_logits[word, place].softmax(0)
                total += sum(a * math.log(a / b) for a, b in zip(p.tolist(), q.tolist(), strict=True))
                count += 1
    return total / count


def with_torch(student_logits, teacher_logits, mask):
    each = F.kl_div(student_logits.log_softmax(-1), teacher_logits.softmax(-1), reduction="none").sum(-1)
    return (each * mask).sum() / mask.sum()


def in_numpy(student_logits, teacher_logits, mask):
    s, t = np.exp(student_logits.numpy()), np.exp(teacher_logits.numpy())
    s, t = s / s.sum(-1, keepdims=True), t / t.sum(-1, keepdims=True)
    return np.sum((t * np.log(t / s))[mask.numpy()]) / mask.sum().item()


WRONG = [
    (lambda s, t, m: kl(s, t).mean(), "the mask is not used"),
    (lambda s, t, m: kl(s * m[..., None], t * m[..., None]).mean(), "still counted below the line"),
    (lambda s, t, m: torch.stack([kl(a, b)[c].mean() for a, b, c in zip(s, t, m, strict=True)]).mean(), "short word"),
    (lambda s, t, m: kl(s, t)[m].sum() / len(s), "a sum for each word"),
    (lambda s, t, m: kl(s, t)[m].sum(), "twice the batch"),
    (lambda s, t, m: F.kl_div(s.log_softmax(-1), t.softmax(-1), reduction="batchmean"), "'batchmean'"),
    (lambda s, t, m: kl(s, t).sum(), "padded ones too"),
    (lambda s, t, m: kl(s, t)[~m].mean(), "True where a token is real"),
    (lambda s, t, m: kl(t, s)[m].mean(), "changed places"),
    (lambda s, t, m: kl(s, t)[m].mean() / math.log(2), "in bits"),
    (lambda s, t, m: F.kl_div(s.log_softmax(-1), t.softmax(-1), reduction="none")[m].mean(), "vocabulary is averaged"),
    (lambda s, t, m: -kl(s, t)[m].mean(), "sign is turned round"),
    (lambda s, t, m: F.cross_entropy(s[m], t[m].softmax(-1)), "the teacher's own entropy"),
    (lambda s, t, m: (t.softmax(-1) * (t.softmax(-1) - s.softmax(-1))).sum(-1)[m].mean(), "logarithm is missing"),
    (lambda s, t, m: (t.softmax(-1) * (t - s)).sum(-1)[m].mean(), "one of logits"),
    (lambda s, t, m: kl(s, t, dim=1)[m].mean(), "runs over the places of a word"),
    (lambda s, t, m: F.mse_loss(s[m], t[m]), "squared difference"),
    (lambda s, t, m: F.cross_entropy(s[m], t[m].argmax(-1)), "its hard answer"),
    (lambda s, t, m: kl(s, t), "mean over the real ones is missing"),
    (lambda s, t, m: (kl(s, t) * m).sum(1), "a number for each word"),
    (lambda s, t, m: t.softmax(-1) * (t - s), "sum over it is missing"),
    (lambda s, t, m: kl(s, t)[m].mean() + 0.01, "loops over the real tokens give"),
    (lambda s, t, m: kl(s, t)[:, 0].mean(), "loops over the real tokens give"),
    (lambda s, t, m: kl(s, t).masked_fill(~m, math.inf).mean(), "comes out as inf"),
    (lambda s, t, m: 0.0, "loops over the real tokens give"),
    (lambda s, t, m: s.mul_(2).sum(), "writes into the student_logits"),
    (lambda s, t, m: "much", "got a str"),
    (lambda s, t, m: None, "nothing comes back yet"),
    (lambda s, t, m: 1 / 0, "raised ZeroDivisionError"),
    (lambda s: s, "raised TypeError"),
]


@pytest.mark.parametrize("answer", [loops, with_torch, in_numpy, package])
def test_right_answers_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("token_kl", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG, ids=[words for _, words in WRONG])
def test_each_mistake_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("token_kl", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def test_an_endless_loop_is_stopped(monkeypatch):
    def token_kl(student_logits, teacher_logits, mask):
        while True:
            pass

    monkeypatch.setattr("kdlab.exercises.base.SECONDS", 0.3)
    assert "stopped" in str(check("token_kl", token_kl))


def test_an_unfinished_answer_says_so_and_hints_are_three():
    def token_kl(student_logits, teacher_logits, mask):
        raise NotImplementedError("a number for each place, then a mean")

    assert "nothing is written yet" in str(check("token_kl", token_kl))
    assert "pass the function itself" in str(check("token_kl", 0.5))
    assert [hint("token_kl").partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
