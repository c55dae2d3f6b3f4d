"""The exercise of relation-based distillation: right answers pass in any style, each mistake has its own message."""

import pytest
import torch
import torch.nn.functional as F

from kdlab import losses
from kdlab.exercises import check

SEEDS = range(6)


def distances(f):
    return torch.cdist(f, f, compute_mode="donot_use_mm_for_euclid_dist")


def by_hand(f):
    squared = (f[:, None] - f[None]).square().sum(2)
    away = squared > 0
    return torch.where(away, squared.where(away, torch.ones_like(squared)).sqrt(), torch.zeros_like(squared))


def mean(d):
    return d.sum() / (len(d) * (len(d) - 1))


def rkd(table=distances, unit=lambda s, t: (s / mean(s), t / mean(t)), gap=F.smooth_l1_loss, detach=True):
    """The loss with one part replaced."""
    return lambda student, teacher: gap(*unit(table(student), table(teacher.detach() if detach else teacher)))


def loops(student, teacher):
    tables = []
    for f in (student, teacher.detach()):
        d = by_hand(f)
        pairs = [d[i, j] for i in range(len(f)) for j in range(len(f)) if i != j]
        tables.append(d / (sum(pairs) / len(pairs)))
    gap = (tables[0] - tables[1]).abs()
    return torch.where(gap < 1, gap**2 / 2, gap - 0.5).mean()


def one_mean(s, t):
    both = (mean(s) + mean(t)) / 2
    return s / both, t / both


def by_rows(d):
    return d * (len(d) - 1) / d.sum(1, keepdim=True)


def diagonal_only(f):
    """Safe on the diagonal, but not where two samples coincide."""
    eye = torch.eye(len(f), dtype=f.dtype)
    return ((f[:, None] - f[None]).square().sum(2) + eye).sqrt() - eye


WRONG = [
    (rkd(unit=lambda s, t: (s, t)), "nothing is divided by the mean"),
    (rkd(unit=lambda s, t: (s / s.mean(), t / t.mean())), "over the diagonal too"),
    (rkd(unit=one_mean), "one common mean"),
    (rkd(unit=lambda s, t: (s / mean(t), t / mean(t))), "by the teacher's mean"),
    (rkd(unit=lambda s, t: (s / s.max(), t / t.max())), "by the largest"),
    (rkd(unit=lambda s, t: (s / mean(s), t)), "only the student's"),
    (rkd(unit=lambda s, t: (by_rows(s), by_rows(t))), "each row"),
    (rkd(table=lambda f: by_hand(f).square()), "the distances are squared"),
    (rkd(table=lambda f: torch.cdist(f, f, p=1)), "not Euclidean"),
    (rkd(table=lambda f: f @ f.T), "inner products"),
    (rkd(table=lambda f: distances(F.normalize(f, dim=1))), "brought to length 1"),
    (rkd(gap=F.mse_loss), "MSE"),
    (rkd(gap=F.l1_loss), "(L1)"),
    (rkd(gap=lambda s, t: F.smooth_l1_loss(s, t, reduction="sum")), "added up"),
    (rkd(gap=lambda s, t: F.smooth_l1_loss(s, t) * len(s) / (len(s) - 1)), "all batch² entries"),
    (rkd(table=lambda f: by_hand(f).square(), gap=F.mse_loss), "root is missing; and the difference is squared"),
    (rkd(table=lambda f: (f[:, None] - f[None]).square().sum(2).sqrt()), "gradient is NaN: the root"),
    (rkd(table=diagonal_only), "same place"),
    (rkd(detach=False), "flows into the teacher"),
    (rkd(unit=lambda s, t: (s / mean(s).detach(), t / mean(t))), "mean distance detached"),
    (lambda s, t: rkd()(s, t).detach(), "no gradient reaches"),
    (lambda s, t: torch.tensor(0.0), "whatever student and teacher are"),
    (lambda s, t: rkd()(s, t) + 1, "not 0 where"),
    (lambda s, t: 2 * rkd()(s, t), "try three points by hand"),
    (lambda s, t: distances(s), "one number"),
    (lambda s, t: 1 / 0, "raised ZeroDivisionError"),
    (lambda s, t: None, "nothing comes back yet"),
    (lambda s, t: "far", "must return"),
]  # fmt: skip


@pytest.mark.parametrize("answer", [rkd(), rkd(table=by_hand), loops, losses.rkd_distance])
@pytest.mark.parametrize("seed", SEEDS)
def test_right_answers_pass(answer, seed):
    verdict = check("rkd_distance", answer, seed=seed)
    assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG, ids=[words for _, words in WRONG])
def test_each_mistake_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("rkd_distance", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def test_an_unfinished_answer_says_so():
    def rkd_distance(student, teacher):
        raise NotImplementedError("two tables")

    assert "nothing is written yet" in str(check("rkd_distance", rkd_distance))
    assert "pass the function itself" in str(check("rkd_distance", 0.5))
