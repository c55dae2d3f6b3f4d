"""Yardsticks against numbers worked by hand and loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdlab import metrics

LOGITS = np.array([[0.0, math.log(3)], [math.log(3), 0.0], [0.0, 0.0], [math.log(9), 0.0]])
LABELS = np.array([1, 1, 0, 0])


def random(seed, *shape):
    return np.random.RandomState(seed).randn(*shape)


def test_by_hand():
    assert metrics.accuracy(LOGITS, LABELS) == 0.75
    by_hand = (math.log(4 / 3) + math.log(4) + math.log(2) + math.log(10 / 9)) / 4
    assert metrics.cross_entropy(LOGITS, LABELS) == pytest.approx(by_hand)
    assert metrics.soften(LOGITS[:1]).tolist() == [pytest.approx([0.25, 0.75])]
    assert metrics.soften(2 * LOGITS[:1], 2.0).tolist() == [pytest.approx([0.25, 0.75])]
    assert metrics.entropy(LOGITS)[2] == pytest.approx(math.log(2))
    assert metrics.kl(LOGITS[:1], LOGITS[2:3]) == pytest.approx(0.130812, abs=1e-6)  # teacher first
    assert metrics.agreement(LOGITS, -LOGITS) == 0.25  # a tie goes to the first class
    assert metrics.soft_agreement(LOGITS[:1], LOGITS[2:3]) == pytest.approx(0.75)


def test_calibration_by_hand():
    """Confidences .75 (right), .75 (wrong), .5 (right), .9 (right): gaps |.75 − ½| twice, .5 and .1, over four."""
    found = metrics.reliability(LOGITS, LABELS, bins=10)
    assert found.count.tolist() == [0, 0, 0, 0, 0, 1, 0, 2, 0, 1]
    assert found.ece == pytest.approx((2 * 0.25 + 0.5 + 0.1) / 4)
    assert found.accuracy[7] == 0.5
    assert np.isnan(found.confidence[0])
    assert metrics.ece(LOGITS, LABELS) == found.ece


def test_one_bin_compares_mean_confidence_and_accuracy():
    z, y = random(0, 60, 5), np.arange(60) % 5
    sure = metrics.soften(z).max(1).mean()
    assert metrics.ece(z, y, bins=1) == pytest.approx(abs(sure - metrics.accuracy(z, y)))


def test_a_diverged_student_has_no_calibration_but_breaks_nothing():
    z = np.full((4, 2), np.nan)
    assert math.isnan(metrics.ece(z, LABELS))
    assert math.isnan(metrics.cross_entropy(z, LABELS))


def test_class_matrix_is_the_mean_answer_to_each_class():
    found = metrics.class_matrix(LOGITS, np.array([1, 1, 1, 1]))
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == pytest.approx([(0.25 + 0.75 + 0.5 + 0.9) / 4, (0.75 + 0.25 + 0.5 + 0.1) / 4])


@given(st.integers(0, 1000), st.floats(0.2, 50))
def test_bounds_and_limits(seed, temperature):
    s, t = random(seed, 7, 4), random(seed + 1, 7, 4)
    assert metrics.kl(t, t, temperature) == pytest.approx(0, abs=1e-12)
    assert metrics.kl(t, s, temperature) >= 0
    assert 0 <= metrics.soft_agreement(s, t, temperature) <= 1
    assert metrics.soft_agreement(s, s, temperature) == pytest.approx(1)
    assert metrics.soft_agreement(s, t, temperature) == pytest.approx(metrics.soft_agreement(t, s, temperature))
    assert (metrics.entropy(s, temperature) <= math.log(4) + 1e-12).all()
    assert metrics.agreement(s, t) == metrics.agreement(s / temperature, t / temperature)
    assert metrics.soft_agreement(s, t, 1e6) == pytest.approx(1, abs=1e-4)


def test_saturated_logits():
    z = np.array([[1e4, -1e4], [-1e4, 1e4]])
    assert metrics.kl(z, -z) == pytest.approx(2e4)
    assert metrics.entropy(z).tolist() == [0.0, 0.0]
    assert metrics.cross_entropy(z, [1, 1]) == pytest.approx(1e4)


def test_cka_of_equal_turned_and_unrelated_features():
    a = random(0, 40, 6)
    turn, _ = np.linalg.qr(random(1, 6, 6))
    assert metrics.cka(a, a) == pytest.approx(1)
    assert metrics.cka(a, 3 * a @ turn + 5) == pytest.approx(1)
    assert metrics.cka(a, a.reshape(40, 2, 3)) == pytest.approx(1)
    wide = [metrics.cka(random(2 * i, 128, 784), random(2 * i + 1, 128, 784)) for i in range(5)]
    assert abs(np.mean(wide)) < 0.05  # the biased estimate is .86 here


def test_cka_is_the_estimate_by_its_definition():
    """Nguyen et al. 2021, equation 3, with K̃ and L̃ the centred-away tables; factors cancel in the ratio."""
    a, b = random(3, 9, 4), random(4, 9, 5)

    def hsic(k, m):
        n = len(k)
        k, m, one = k - np.diag(np.diag(k)), m - np.diag(np.diag(m)), np.ones(len(k))
        inner = np.trace(k @ m) + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
        return (inner - 2 / (n - 2) * one @ k @ m @ one) / (n * (n - 3))

    k, m = a @ a.T, b @ b.T
    assert metrics.cka(a, b) == pytest.approx(hsic(k, m) / math.sqrt(hsic(k, k) * hsic(m, m)))
    assert metrics.alignment(k, m) == pytest.approx(metrics.cka(a, b))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"^student and teacher must have the same shape, got \(2, 3\) and \(2, 4\)$"):
        metrics.agreement(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(
        ValueError, match=r"^logits must have shape \(samples, classes\) and at least one sample, got \(0, 3\)"
    ):
        metrics.accuracy(np.zeros((0, 3)), [])
    with pytest.raises(ValueError, match=r"^temperature must be a finite number above 0, got 0"):
        metrics.soften(LOGITS, 0)
    with pytest.raises(ValueError, match=r"^a must hold at least 4 samples, got 3$"):
        metrics.cka(np.zeros((3, 2)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"^a and b must hold the same samples, got 5 and 6$"):
        metrics.cka(np.zeros((5, 2)), np.zeros((6, 2)))
