"""Yardsticks: arrays in, numbers out. Logits have shape (samples, classes), labels (samples,)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax as _log_softmax

from kdlab import check


def _logits(**arrays: ArrayLike) -> list[NDArray]:
    found = [np.asarray(a, dtype=np.float64) for a in arrays.values()]
    for name, a in zip(arrays, found, strict=True):
        if a.ndim != 2 or not len(a):
            raise ValueError(f"{name} must have shape (samples, classes) and at least one sample, got {a.shape}")
    if len({a.shape for a in found}) > 1:
        got = " and ".join(str(a.shape) for a in found)
        raise ValueError(f"{' and '.join(arrays)} must have the same shape, got {got}")
    return found


def log_soften(logits: ArrayLike, temperature: float = 1.0) -> NDArray:
    """Logarithm of softmax(logits / T), (samples, classes), in nats; finite for saturated logits too."""
    check.positive(temperature=temperature)
    (z,) = _logits(logits=logits)
    with np.errstate(invalid="ignore"):  # a student that has diverged: NaN tells it
        return _log_softmax(z / temperature, axis=1)


def soften(logits: ArrayLike, temperature: float = 1.0) -> NDArray:
    """softmax(logits / T), (samples, classes): the soft targets at T."""
    return np.exp(log_soften(logits, temperature))


def accuracy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples whose top answer is the label, in [0, 1]."""
    (z,) = _logits(logits=logits)
    return float((z.argmax(1) == np.asarray(labels)).mean())


def agreement(student: ArrayLike, teacher: ArrayLike) -> float:
    """Share of equal top-1 answers, in [0, 1]; the same at every temperature."""
    s, t = _logits(student=student, teacher=teacher)
    return float((s.argmax(1) == t.argmax(1)).mean())


def soft_agreement(student: ArrayLike, teacher: ArrayLike, temperature: float = 1.0) -> float:
    """Overlap of both softened distributions: the mean over samples of Σ_c min(p_t, p_s), in [0, 1].

    It tends to 1 for any two networks as T grows: look at an untrained student's beside it.
    """
    _logits(student=student, teacher=teacher)
    return float(np.minimum(soften(student, temperature), soften(teacher, temperature)).sum(1).mean())


def kl(teacher: ArrayLike, student: ArrayLike, temperature: float = 1.0) -> float:
    """Mean over samples of KL(teacher ‖ student) at T, in nats, without the factor T²."""
    _logits(teacher=teacher, student=student)
    log_t, log_s = log_soften(teacher, temperature), log_soften(student, temperature)
    return float((np.exp(log_t) * (log_t - log_s)).sum(1).mean())


def entropy(logits: ArrayLike, temperature: float = 1.0) -> NDArray:
    """Entropy of softmax(logits / T) of each sample, (samples,), in nats, from 0 to log(classes)."""
    log_p = log_soften(logits, temperature)
    return -(np.exp(log_p) * log_p).sum(1)


def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Mean over samples of −log p(label) at T = 1, in nats."""
    log_p = log_soften(logits)
    return float(-log_p[np.arange(len(log_p)), np.asarray(labels)].mean())


class Reliability(NamedTuple):
    """How sure a network is, against how often it is right.

    Attributes:
        confidence: mean top probability in each bin, (bins,), NaN where a bin is empty.
        accuracy: share of right answers in each bin, (bins,), NaN where a bin is empty.
        count: samples in each bin, (bins,).
        ece: expected calibration error: the mean gap of the two, weighted by count, in [0, 1].
    """

    confidence: NDArray
    accuracy: NDArray
    count: NDArray
    ece: float


def reliability(logits: ArrayLike, labels: ArrayLike, bins: int = 10) -> Reliability:
    """Reliability in equally wide bins of the top probability, at T = 1 (Guo et al. 2017, arXiv:1706.04599)."""
    check.whole(1, bins=bins)
    p = soften(logits)
    sure, right = p.max(1), p.argmax(1) == np.asarray(labels)
    if np.isnan(sure).any():  # a student that has diverged is sure of nothing
        nothing = np.full(bins, np.nan)
        return Reliability(nothing, nothing, np.zeros(bins, dtype=int), float("nan"))
    place = np.minimum((sure * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(place, sure, bins) / count
        hit = np.bincount(place, right, bins) / count
    gap = np.nan_to_num(np.abs(confidence - hit))
    return Reliability(confidence, hit, count, float((gap * count).sum() / len(p)))


def ece(logits: ArrayLike, labels: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error at T = 1, in [0, 1]."""
    return reliability(logits, labels, bins).ece


def class_matrix(logits: ArrayLike, labels: ArrayLike, temperature: float = 1.0) -> NDArray:
    """Mean soft target of each class, (classes, classes): row = label, column = answer; NaN rows for absent classes."""
    p = soften(logits, temperature)
    member = np.eye(p.shape[1])[np.asarray(labels)]
    with np.errstate(invalid="ignore"):
        return (member.T @ p) / member.sum(0)[:, None]


def cka(a: ArrayLike, b: ArrayLike) -> float:
    """Debiased linear centred kernel alignment of two layers' features on the same samples.

    1: equal up to rotation and scale; about 0: unrelated. The usual, biased estimate is far above 0 for unrelated
    features that are wider than the samples are many; this one is not, and may fall slightly below 0.

    Args:
        a: features, (samples, …), at least 4 samples.
        b: features of the same samples, (samples, …).

    Source: Kornblith et al. 2019, arXiv:1905.00414; debiased as in Nguyen et al. 2021, arXiv:2010.15327, equation 3.
    """
    grams = []
    for name, f in (("a", a), ("b", b)):
        f = np.asarray(f, dtype=np.float64)
        if len(f) < 4:
            raise ValueError(f"{name} must hold at least 4 samples, got {len(f)}")
        f = f.reshape(len(f), -1)
        grams.append(f @ f.T)
    return alignment(*grams)


def alignment(a: ArrayLike, b: ArrayLike) -> float:
    """:func:`cka` from two tables of inner products, (samples, samples), where one of them serves several times."""
    k, m = (np.array(gram, dtype=np.float64) for gram in (a, b))  # copies: the diagonals are set to 0
    if k.shape != m.shape:
        raise ValueError(f"a and b must hold the same samples, got {len(k)} and {len(m)}")
    np.fill_diagonal(k, 0)
    np.fill_diagonal(m, 0)
    scale = np.sqrt(max(_hsic(k, k), 0) * max(_hsic(m, m), 0))
    return float(_hsic(k, m) / scale) if scale > 0 else 0.0


def _hsic(k: NDArray, m: NDArray) -> float:
    """Unbiased estimate from two Gram matrices with zero diagonals, up to a factor that cancels in CKA."""
    n = len(k)
    return float((k * m).sum() + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * k.sum(0) @ m.sum(0) / (n - 2))
