"""The graph of a batch and a step across views: right answers pass in any style, each mistake has its own message."""

import pytest
import torch
import torch.nn.functional as F

from kdlab import losses
from kdlab.exercises import check, hint
from kdlab.exercises.across import squared
from kdlab.losses import soft_targets

SEEDS = range(6)


def by_broadcast(s, t):
    a, b = squared(s), squared(t.detach())
    return ((a / a.max() - b / b.max()) ** 2).mean()


def by_package(s, t):
    zeros = torch.zeros(len(s), 2, dtype=s.dtype)
    return losses.instance_graph((zeros, s), (zeros, t), logit_weight=0.0, edge_weight=1.0, change_weight=0.0)


def by_loop(s, t):
    t, n = t.detach(), len(s)
    d = [[((x[i] - x[j]) ** 2).sum() for i in range(n) for j in range(n)] for x in (s, t)]
    return sum((a / max(d[0]) - b / max(d[1])) ** 2 for a, b in zip(*d, strict=True)) / n**2


def graph(edges):
    return lambda s, t: (edges(s) - edges(t.detach())).square().mean()


def off(d):
    return d[~torch.eye(len(d), dtype=torch.bool)]


def e(f):
    return squared(f) / squared(f).max()


GRAPH = [
    (graph(squared), "not divided by the largest"),
    (graph(lambda f: torch.cdist(f, f) / torch.cdist(f, f).max()), "are not squared; the largest"),
    (graph(lambda f: squared(f) / off(squared(f)).mean()), "divided by their mean"),
    (graph(lambda f: squared(f) / squared(f).amax(1, keepdim=True)), "each row is divided"),
    (graph(lambda f: F.normalize(f) @ F.normalize(f).T), "cosines"),
    (graph(lambda f: f @ f.T), "dot products"),
    (lambda s, t: (e(s) - e(t)).square().sum(), "are added up where"),
    (lambda s, t: (e(s) - e(t)).abs().mean(), "not squared before the mean"),
    (lambda s, t: (e(s) - e(t)).square().sum() / len(s), "over the rows only"),
    (lambda s, t: (e(s) - e(t)).square().mean(), "flows into the teacher"),
    (lambda s, t: by_broadcast(s, t).item(), "no gradient reaches the student"),
    (lambda s, t: (e(s) - e(t.detach())).square().mean() * 2, "three points on a line"),
    (lambda s, t: 0.0, "the same value whatever"),
    (lambda s, t: s.square().sum() + t.square().sum(), "only twice as long"),
    (lambda s, t: (e(s.detach()) - e(t)).square().mean() + 0 * s.sum(), "flows into the teacher"),
    (lambda s, t: (e(s.detach()) - e(t.detach())).square().mean() + 0 * s.sum(), "is a part detached"),
    (lambda s, t: (s - t).square().mean(), "raised RuntimeError"),
    (lambda s, t: e(s), "one number"),
    (lambda s, t: None, "nothing comes back yet"),
]


def with_no_grad(student, teacher, spelling, gloss, temperature):
    with torch.no_grad():
        target = teacher(gloss)
    return soft_targets(student(spelling), target, temperature=temperature)


def with_kl_div(student, teacher, spelling, gloss, temperature):
    log_s = F.log_softmax(student(spelling) / temperature, dim=1)
    target = F.softmax(teacher(gloss).detach() / temperature, dim=1)
    return temperature**2 * F.kl_div(log_s, target, reduction="batchmean")


def leaking(s, t, T):
    return T * T * F.kl_div((s / T).log_softmax(1), (t / T).softmax(1), reduction="batchmean")


def soft(s, t, T):
    return soft_targets(s, t, temperature=T)


CROSS = [
    (lambda s, t, sp, gl, T: soft(s(sp), t(sp), T), "the teacher sees the spelling, the student's"),
    (lambda s, t, sp, gl, T: soft(s(gl), t(gl), T), "the student sees the gloss: later"),
    (lambda s, t, sp, gl, T: soft(s(gl), t(sp), T), "the views are swapped"),
    (lambda s, t, sp, gl, T: leaking(t(gl), s(sp), T), "the roles are swapped"),
    (lambda s, t, sp, gl, T: soft(s(sp), t(gl), T) / T**2, "factor T² is missing"),
    (lambda s, t, sp, gl, T: soft(s(sp), t(gl), 1.0), "temperature is not used"),
    (lambda s, t, sp, gl, T: F.cross_entropy(s(sp), t(gl).argmax(1)), "as if it were a label"),
    (
        lambda s, t, sp, gl, T: T * T * F.cross_entropy(s(sp) / T, (t(gl) / T).softmax(1)),
        "lacks the teacher's own entropy",
    ),
    (lambda s, t, sp, gl, T: F.mse_loss(s(sp), t(gl)), "squared distance"),
    (lambda s, t, sp, gl, T: soft(s(sp), t(gl), T) / 5, "over the classes too"),
    (lambda s, t, sp, gl, T: soft(s(sp), t(gl), T) * 7, "the words are added up"),
    (lambda s, t, sp, gl, T: leaking(s(sp), t(gl), T), "flows into the teacher"),
    (lambda s, t, sp, gl, T: soft(s(sp), t(gl), T).item(), "no gradient reaches the student"),
    (lambda s, t, sp, gl, T: soft(s(sp).detach(), t(gl), T) + 0 * s(sp).sum(), "is a part of it detached"),
    (lambda s, t, sp, gl, T: 0.0, "another value than"),
    (lambda s, t, sp, gl, T: s(sp), "one number"),
    (lambda s, t: 0.0, "raised TypeError"),
]


@pytest.mark.parametrize("answer", [by_broadcast, by_package, by_loop])
def test_right_graph_losses_pass(answer):
    for seed in SEEDS:
        verdict = check("graph_loss", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize("answer", [with_no_grad, with_kl_div])
def test_right_cross_view_steps_pass(answer):
    for seed in SEEDS:
        verdict = check("cross_view_step", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [("graph_loss", *one) for one in GRAPH] + [("cross_view_step", *one) for one in CROSS],
    ids=[words for _, words in GRAPH + CROSS],
)
def test_each_mistake_has_its_own_message(name, answer, words):
    for seed in SEEDS:
        verdict = check(name, answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


@pytest.mark.parametrize("name", ["graph_loss", "cross_view_step"])
def test_an_unfinished_answer_says_so_and_hints_are_three(name):
    def unfinished(*_):
        raise NotImplementedError("write it")

    assert "nothing is written yet" in str(check(name, unfinished))
    assert "pass the function itself" in str(check(name, 1.0))
    assert [hint(name).partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
