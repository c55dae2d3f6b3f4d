"""Exercise of notebook 02: how far a network's confidence is from its accuracy."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

SAMPLES, CLASSES, BINS = 400, 5, 10
Error = Callable[[Tensor, Tensor, int], Tensor]


def gaps(sure: Tensor, right: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """Accuracy less confidence in each bin that is not empty, and its share of the samples."""
    place = (sure * bins).long().clamp(max=bins - 1)
    filled = place.unique()
    members = [place == k for k in filled]
    gap = torch.stack([right[m].double().mean() - sure[m].mean() for m in members])
    return gap, torch.stack([m.double().mean() for m in members])


def top(p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Probability of the top class, and whether it is the label."""
    return p.max(1).values, p.argmax(1) == y


def truth(p: Tensor, y: Tensor, bins: int) -> Tensor:
    """The mean of the absolute gaps, weighted by the bins' shares."""
    gap, share = gaps(*top(p, y), bins)
    return (gap.abs() * share).sum()


def _unweighted(p: Tensor, y: Tensor, bins: int) -> Tensor:
    return gaps(*top(p, y), bins)[0].abs().mean()


def _over_all_bins(p: Tensor, y: Tensor, bins: int) -> Tensor:
    return gaps(*top(p, y), bins)[0].abs().sum() / bins


def _signed(p: Tensor, y: Tensor, bins: int) -> Tensor:
    gap, share = gaps(*top(p, y), bins)
    return (gap * share).sum()


def _squared(p: Tensor, y: Tensor, bins: int) -> Tensor:
    gap, share = gaps(*top(p, y), bins)
    return (gap**2 * share).sum().sqrt()


def _of_the_label(p: Tensor, y: Tensor, bins: int) -> Tensor:
    gap, share = gaps(p.gather(1, y[:, None])[:, 0], p.argmax(1) == y, bins)
    return (gap.abs() * share).sum()


def _of_all_classes(p: Tensor, y: Tensor, bins: int) -> Tensor:
    gap, share = gaps(p.flatten(), torch.eye(p.shape[1])[y].flatten() > 0, bins)
    return (gap.abs() * share).sum()


def _equal_counts(p: Tensor, y: Tensor, bins: int) -> Tensor:
    sure, right = top(p, y)
    order = sure.argsort()
    parts = zip(sure[order].tensor_split(bins), right[order].double().tensor_split(bins), strict=True)
    return sum(len(a) * (b.mean() - a.mean()).abs() for a, b in parts) / len(p)


def _middles(p: Tensor, y: Tensor, bins: int) -> Tensor:
    sure, right = top(p, y)
    middle = ((sure * bins).long().clamp(max=bins - 1) + 0.5) / bins
    gap, share = gaps(middle, right, bins)
    return (gap.abs() * share).sum()


# What goes wrong, as functions: whoever's answers equal one of them has made that mistake.
CANCEL = (
    "it is only the gap between mean confidence and accuracy over all samples: without bins, or with gaps that have a "
    "sign, too sure here and too modest there cancel; each bin's absolute gap counts"
)
MISTAKES: list[tuple[Error, str]] = [
    (lambda p, y, bins: _signed(p, y, bins).abs(), CANCEL),
    (lambda p, y, bins: -_signed(p, y, bins), CANCEL),
    (_signed, CANCEL),
    (
        _unweighted,
        "each bin counts the same, whether it holds one sample or a hundred: weigh by the share of the samples",
    ),
    (
        _over_all_bins,
        "the gaps are added up and divided by the number of bins: weigh each by its share of the samples",
    ),
    (_squared, "the gaps are squared: that is another measure, here their absolute values are averaged"),
    (
        lambda p, y, bins: gaps(*top(p, y), bins)[0].abs().max(),
        "the largest gap of all bins: that is the maximum calibration error, the expected one is a mean",
    ),
    (
        _of_the_label,
        "the probability of the label is binned: confidence is what the network gives to its own top answer",
    ),
    (
        _of_all_classes,
        "the probabilities of all classes are binned: only the top one of each sample belongs there",
    ),
    (_equal_counts, "the bins hold equally many samples: here they are equally wide, from 0 to 1"),
    (_middles, "the middle of a bin stands for its confidence: take the mean of the confidences in it"),
    (
        lambda p, y, bins: (top(p, y)[1].double() - top(p, y)[0]).abs().mean(),
        "each sample's own gap is averaged: a sample is right or wrong, only a bin has an accuracy",
    ),
    (
        lambda p, y, bins: 1 - top(p, y)[1].double().mean(),
        "that is the share of wrong answers: a network may often be wrong and know it",
    ),
    (lambda p, y, bins: torch.zeros(()).double(), "0, whatever the probabilities: nobody is calibrated so well"),
    (lambda p, y, bins: 100 * truth(p, y, bins), "in percent: a share from 0 to 1 is wanted"),
]


def case(random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Probabilities and labels: of ten bins each other one is too modest, and some are empty."""
    p = (2.0 * torch.randn(SAMPLES, CLASSES, generator=random, dtype=torch.float64)).softmax(1)
    sure = p.max(1).values
    modest = (sure * BINS).long() % 2 == 0
    hit = torch.rand(SAMPLES, generator=random) < torch.where(modest, 0.95, 0.35)
    return p, torch.where(hit, p.argmax(1), p.argmin(1))


@exercise(
    "expected_calibration_error",
    "expected_calibration_error(probabilities, labels, bins)",
    right="right for 10 bins and for 5, for empty bins, and for probabilities of exactly 1",
    hints=(
        "For each sample you need two things: how sure the network is, and whether it is right. Then sort the samples "
        "into bins by the first.",
        "A bin's gap is |share of right answers − mean confidence|. Multiply it by the bin's share of all samples, and "
        "add up. Skip empty bins.",
        "sure, answer = probabilities.max(dim=1); place = (sure * bins).long().clamp(max=bins - 1); then for each k, "
        "inside = place == k, and inside.float().mean() is its weight.",
    ),
)
def expected_calibration_error(yours: Asked, random: torch.Generator) -> None:
    """Two numbers of bins on random samples, then the edge of the last bin."""
    p, y = case(random)
    got = {bins: yours.tensor(p, y, bins, shape=()) for bins in (BINS, 5)}
    if not all(value.isfinite() for value in got.values()):
        raise WrongAnswer(f"it is {got[BINS].item()}: the mean of an empty bin is not a number, skip such bins")
    for mistake, message in MISTAKES:
        if all(close(value, mistake(p, y, bins)) for bins, value in got.items()):
            raise WrongAnswer(message)
    if close(got[5], truth(p, y, BINS)) and close(got[BINS], truth(p, y, BINS)):
        raise WrongAnswer("the same with 10 bins and with 5: the number of bins is not used")
    for bins, value in got.items():
        if not close(value, truth(p, y, bins)):
            raise WrongAnswer(
                f"with {bins} bins it is not the mean of the bins' gaps: try four samples by hand, with confidences "
                "0.95, 0.95, 0.55, 0.55 of which the first three are right; with 10 bins it is 0.05"
            )
    certain = torch.eye(CLASSES, dtype=torch.float64)[torch.zeros(20, dtype=torch.long)]
    half = torch.arange(20) % 2
    if not close(yours.tensor(certain, half, BINS, shape=()), torch.tensor(0.5)):
        raise WrongAnswer("a probability of exactly 1 falls out of all bins: it belongs into the last one")
