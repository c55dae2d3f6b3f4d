"""Exercises of notebook 18: find pictures that are in the training set too, and split without making such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, exercise

TOLERANCE = 0.02
TRAIN, TEST, SHAPE = 14, 12, (1, 4, 4)
ROWS, SHARE = 240, 0.25


def gaps(train: Tensor, test: Tensor) -> Tensor:
    """Differences of all pairs, pixel by pixel: (test, train, pixels)."""
    return test.flatten(1)[:, None] - train.flatten(1)[None]


def places(mask: Tensor) -> set[int]:
    """Where a mask is True."""
    return set(mask.nonzero().flatten().tolist())


def truth(train: Tensor, test: Tensor, tolerance: float) -> set[int]:
    """Test rows of which no pixel is further than the tolerance from one and the same training row."""
    return places((gaps(train, test).abs().amax(2) <= tolerance).any(1))


def planted(random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Training and test pictures: four leaks, and pictures that only look like leaks to a careless comparison."""
    train, test = (torch.rand(n, *SHAPE, generator=random) * 0.5 + 0.25 for n in (TRAIN, TEST))
    own, other = (torch.randperm(n, generator=random).tolist() for n in (TEST, TRAIN - 1))
    other.remove(own[0])
    other.insert(0, own[0])  # one leak stands where its original stands
    sign = torch.rand(SHAPE, generator=random).sub(0.5).sign()
    test[own[0]] = train[other[0]]  # a copy
    test[own[1]] = train[other[1]] + 0.8 * TOLERANCE * sign  # saved again with loss: every pixel is off a little
    test[own[2]] = train[other[2]]
    test[own[2]].view(-1)[3] += 0.5 * TOLERANCE  # one pixel is off a little
    test[own[3]] = train[TRAIN - 1] = train[other[3]]  # a copy of a picture that is twice in the training set
    test[own[4]] = train[other[4]]
    test[own[4]].view(-1)[5] += 0.15  # one pixel is another: no copy, though the mean difference is small
    test[own[5]] = train[other[5]].flatten().flip(0).view(SHAPE)  # the same pixels in another order
    test[own[6]] = train[other[6]] + 0.2  # brighter
    test[own[7]] = train[other[7]] - 0.2  # darker
    test[own[8]] = 0.0  # no pixel is like that of any other
    test[own[10]] = torch.cat([train[other[5]][:, :2], train[other[6]][:, 2:]], 1)  # half of one, half of another
    test[own[9]] = test[own[11]]  # twice in the test set, never in the training set
    return train, test


# What goes wrong, as functions: whoever finds the same rows has made that mistake.
MISTAKES: list[tuple[Callable[[Tensor, Tensor, float], set[int]], str]] = [
    (
        lambda a, b, t: places((a[: len(b)] - b).flatten(1).abs().amax(1) <= t),
        "row 0 is compared with row 0, row 1 with row 1: a copy may stand anywhere in the other set",
    ),
    (
        lambda a, b, t: places((gaps(a, b) == 0).all(2).any(1)),
        "only copies that are equal to the last bit are found, as a hash finds them; copies that were saved again are "
        "missed",
    ),
    (
        lambda a, b, t: places((gaps(a, b).norm(dim=2) <= t).any(1)),
        "the distance adds up all pixels, so that a picture with each pixel off a little is missed: the tolerance is "
        "for each pixel",
    ),
    (
        lambda a, b, t: places((gaps(a, b).abs().mean(2) <= t).any(1)),
        "the mean over the pixels hides a pixel that is quite another: each of them must be within the tolerance",
    ),
    (
        lambda a, b, t: places((gaps(a, b).mean(2).abs() <= t).any(1)),
        "pictures with equal mean brightness are taken for copies: positive and negative differences cancel",
    ),
    (
        lambda a, b, t: places((gaps(a, b).amax(2) <= t).any(1)),
        "a picture that is darker everywhere is taken for a copy: the sign of the difference is not taken off",
    ),
    (
        lambda a, b, t: places((-gaps(a, b)).amax(2).le(t).any(1)),
        "a picture that is brighter everywhere is taken for a copy: the sign of the difference is not taken off",
    ),
    (
        lambda a, b, t: places((gaps(a, b).abs() <= t).any(2).any(1)),
        "one pixel in common is enough here: all pixels must be within the tolerance",
    ),
    (
        lambda a, b, t: places((gaps(a, b).abs() <= t).any(1).all(1)),
        "the pixels are found in several training pictures: they must all be in one and the same",
    ),
    (
        lambda a, b, t: truth(b, a, t),
        "these are places in the training set; the test pictures are to be named",
    ),
    (
        lambda a, b, t: places((gaps(b, b).abs().amax(2) <= t).sum(1) > 1),
        "these are pictures that are twice in the test set; what is in the training set too was asked for",
    ),
    (lambda a, b, t: set(), "none is found, and there are some"),
    (lambda a, b, t: set(range(len(b))), "every test picture is named, and most of them are clean"),
]


@exercise(
    "planted_leak",
    "leaks(train, test, tolerance)",
    right="the planted leak is found: copies, and copies that were saved again, wherever they stand",
    hints=(
        "Compare every test picture with every training picture. When are two pictures the same, up to the tolerance?",
        "test.flatten(1)[:, None] - train.flatten(1)[None] has the shape (test, train, pixels). Over which dimension "
        "must *all* hold, over which is *any* enough?",
        "close = (difference.abs() <= tolerance).all(2).any(1); return close.nonzero().flatten()",
    ),
)
def planted_leak(yours: Asked, random: torch.Generator) -> None:
    """Two fresh pairs of sets, against what usually goes wrong."""
    cases = [planted(random) for _ in range(2)]
    got = [_places(yours(train, test, TOLERANCE)) for train, test in cases]
    if got == [truth(*case, TOLERANCE) for case in cases]:
        return
    for mistake, message in MISTAKES:
        if got == [mistake(*case, TOLERANCE) for case in cases]:
            raise WrongAnswer(message)
    wanted = truth(*cases[0], TOLERANCE)
    if got[0] - wanted:
        raise WrongAnswer("a clean picture is named too: look at one of them beside its nearest training picture")
    raise WrongAnswer(f"{len(wanted & got[0])} of {len(wanted)} leaked test pictures are found, and nothing else")


def _places(raw: Any) -> set[int]:
    """Places in the test set, whatever holds them."""
    try:
        if isinstance(raw, (str, bytes, dict)):
            raise TypeError
        found = torch.as_tensor(sorted(raw) if isinstance(raw, set) else raw)
    except (TypeError, ValueError, RuntimeError):
        raise WrongAnswer(
            f"it must return places in the test set, such as [2, 5], got a {type(raw).__name__}"
        ) from None
    if found.dtype == torch.bool:
        raise WrongAnswer("a mask comes back: return the places where it is True, such as [2, 5]")
    if found.ndim == 2 and found.shape[1] == 2:
        raise WrongAnswer("pairs come back: return the places in the test set alone, each once")
    if found.ndim > 1 or (found.numel() and found.is_floating_point()):
        raise WrongAnswer(f"it must return whole numbers in one row, got shape {tuple(found.shape)} of {found.dtype}")
    listed = found.flatten().tolist()
    if len(set(listed)) < len(listed):
        raise WrongAnswer("a test picture is named twice, since it is twice in the training set: name each once")
    return {int(place) for place in listed}


@exercise(
    "split_by_group",
    "split_by_group(groups, share, seed)",
    right="groups stay together, the share is kept, and a seed gives the same split again",
    hints=(
        "Draw groups, not rows. groups.unique() lists them.",
        "Make a generator of your own with the seed, shuffle the list of groups, and take the first ones.",
        "g = torch.Generator().manual_seed(seed); names = groups.unique(); "
        "chosen = names[torch.randperm(len(names), generator=g)[: round(share * len(names))]]; "
        "return torch.isin(groups, chosen)",
    ),
)
def split_by_group(yours: Asked, random: torch.Generator) -> None:
    """Groups of one to five rows, in a random order; sizes, seeds and whole groups are looked at."""
    names = torch.randperm(900, generator=random)[: ROWS // 3] + 100  # not counted from 0
    groups = torch.cat([name.repeat(1 + k % 5) for k, name in enumerate(names)])
    groups = groups[torch.randperm(len(groups), generator=random)]
    first = _mask(yours, groups, 1)
    share = first.float().mean().item()
    if not first.any() or first.all():
        raise WrongAnswer(f"{'no' if not first.any() else 'every'} row is for testing")
    cut = sum(len(set(first[groups == name].tolist())) > 1 for name in groups.unique())
    if cut > len(names) // 4:
        raise WrongAnswer(f"{cut} of {len(names)} groups are on both sides: rows are drawn, where groups are to be")
    if cut:
        raise WrongAnswer(
            f"{cut} of {len(names)} groups are on both sides, such as the one where the count was reached"
        )
    if abs(share - (1 - SHARE)) < 0.1:
        raise WrongAnswer(f"{share:.0%} of the rows are True: that is the training side; True is for testing")
    if abs(share - SHARE) > 0.1:
        raise WrongAnswer(f"{share:.0%} of the rows are for testing where share = {SHARE:g} was asked for")
    if not torch.equal(first, _mask(yours, groups, 1)):
        raise WrongAnswer("the same seed gives another split the second time: nobody could make this split again")
    others = [_mask(yours, groups, seed) for seed in range(2, 6)]
    if all(torch.equal(first, other) for other in others):
        raise WrongAnswer("every seed gives the same split: the seed is not used, or nothing is drawn at all")
    chosen = groups[first].unique()
    swap = torch.randperm(len(groups), generator=random)
    if not torch.equal(groups[swap][_mask(yours, groups[swap], 1)].unique(), chosen):
        raise WrongAnswer("the same rows in another order are split otherwise: draw from the sorted list of groups")


def _mask(yours: Asked, groups: Tensor, seed: int) -> Tensor:
    """Its answer as a mask over the rows."""
    raw = yours(groups, SHARE, seed)
    found = raw if isinstance(raw, Tensor) else None
    if found is None:
        try:
            found = torch.as_tensor(raw)
        except (TypeError, ValueError, RuntimeError):
            raise WrongAnswer(f"it must return one True or False for each row, got a {type(raw).__name__}") from None
    if found.shape != groups.shape:
        raise WrongAnswer(
            f"it must return one True or False for each of the {len(groups)} rows, got shape {tuple(found.shape)}: "
            "no row may get lost"
        )
    if found.dtype != torch.bool:
        raise WrongAnswer(f"it must return True or False for each row, got {found.dtype}")
    return found
