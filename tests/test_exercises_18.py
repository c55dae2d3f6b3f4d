"""Leaks and splits: right answers pass in any style, each mistake has its own message."""

import numpy as np
import pytest
import torch

from kdlab.exercises import check, hint
from kdlab.exercises.leaks import TOLERANCE, planted, truth

SEEDS = range(6)


def gaps(train, test):
    return test.flatten(1)[:, None] - train.flatten(1)[None]


def by_loop(train, test, tolerance):
    found = []
    for place, picture in enumerate(test):
        if any((picture - other).abs().max() <= tolerance for other in train):
            found.append(place)
    return found


def in_numpy(train, test, tolerance):
    a, b = train.numpy().reshape(len(train), -1), test.numpy().reshape(len(test), -1)
    return np.flatnonzero((np.abs(b[:, None] - a[None]) <= tolerance).all(2).any(1))


def at(mask):
    return mask.nonzero().flatten()


WRONG_LEAKS = [
    (lambda a, b, t: at((a[: len(b)] - b).flatten(1).abs().amax(1) <= t), "row 0 is compared with row 0"),
    (lambda a, b, t: [i for i, p in enumerate(b) if any(torch.equal(p, q) for q in a)], "equal to the last bit"),
    (lambda a, b, t: at(torch.cdist(b.flatten(1), a.flatten(1)).amin(1) <= t), "adds up all pixels"),
    (lambda a, b, t: at((gaps(a, b).abs().mean(2) <= t).any(1)), "the mean over the pixels hides"),
    (lambda a, b, t: at((gaps(a, b).mean(2).abs() <= t).any(1)), "equal mean brightness"),
    (lambda a, b, t: at((gaps(a, b) <= t).all(2).any(1)), "darker everywhere"),
    (lambda a, b, t: at((-gaps(a, b) <= t).all(2).any(1)), "brighter everywhere"),
    (lambda a, b, t: at((gaps(a, b).abs() <= t).any(2).any(1)), "one pixel in common"),
    (lambda a, b, t: at((gaps(a, b).abs() <= t).any(1).all(1)), "in several training pictures"),
    (lambda a, b, t: by_loop(b, a, t), "places in the training set"),
    (lambda a, b, t: at((gaps(b, b).abs().amax(2) <= t).sum(1) > 1), "twice in the test set"),
    (lambda a, b, t: [], "none is found"),
    (lambda a, b, t: torch.arange(len(b)), "every test picture is named"),
    (lambda a, b, t: (gaps(a, b).abs() <= t).all(2).any(1), "a mask comes back"),
    (lambda a, b, t: (gaps(a, b).abs() <= t).all(2).nonzero(), "pairs come back"),
    (lambda a, b, t: (gaps(a, b).abs() <= t).all(2).nonzero()[:, 0], "named twice"),
    (lambda a, b, t: by_loop(a, b, t)[:2], "2 of 4 leaked"),
    (lambda a, b, t: a.mul_(2), "writes into the train"),
    (lambda a, b, t: "all", "got a str"),
    (lambda a, b, t: None, "nothing comes back yet"),
    (lambda a, b, t: 1 / 0, "raised ZeroDivisionError"),
    (lambda a: a, "raised TypeError"),
]


@pytest.mark.parametrize("answer", [by_loop, in_numpy, lambda *given: set(by_loop(*given))])
def test_right_finders_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("planted_leak", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(("answer", "words"), WRONG_LEAKS, ids=[words for _, words in WRONG_LEAKS])
def test_each_mistake_in_finding_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("planted_leak", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


def test_four_leaks_are_planted_in_every_draw():
    for seed in range(50):
        assert len(truth(*planted(torch.Generator().manual_seed(seed)), TOLERANCE)) == 4


def with_torch(groups, share, seed):
    names = groups.unique()
    random = torch.Generator().manual_seed(seed)
    return torch.isin(groups, names[torch.randperm(len(names), generator=random)[: round(share * len(names))]])


def by_rows(groups, share, seed):
    chosen, rows = set(), 0
    for name in np.random.default_rng(seed).permutation(np.unique(groups.numpy())):
        if rows < share * len(groups):
            chosen.add(name)
            rows += int((groups == int(name)).sum())
    return [int(name) in chosen for name in groups]


def rows_not_groups(groups, share, seed):
    return torch.rand(len(groups), generator=torch.Generator().manual_seed(seed)) < share


def cut_at_the_count(groups, share, seed):
    order = torch.argsort(with_torch(groups, share, seed).int(), descending=True, stable=True)
    grouped = groups[order][: round(share * len(groups))]
    mask = torch.isin(groups, grouped.unique())
    mask[at(mask)[0]] = False if (groups == groups[at(mask)[0]]).sum() > 1 else mask[at(mask)[0]]
    mask[at(groups == groups.mode().values)[0]] ^= True
    return mask


WRONG_SPLITS = [
    (rows_not_groups, "rows are drawn"),
    (cut_at_the_count, "where the count was reached"),
    (lambda g, s, seed: ~with_torch(g, s, seed), "that is the training side"),
    (lambda g, s, seed: with_torch(g, 2 * s, seed), "was asked for"),
    (lambda g, s, seed: with_torch(g, s, torch.seed() % 2**31), "another split the second time"),
    (lambda g, s, seed: with_torch(g, s, 0), "the seed is not used"),
    (lambda g, s, seed: torch.isin(g, g.unique()[: round(s * len(g.unique()))]), "nothing is drawn at all"),
    (lambda g, s, seed: torch.zeros(len(g), dtype=torch.bool), "no row is for testing"),
    (lambda g, s, seed: torch.ones(len(g), dtype=torch.bool), "every row is for testing"),
    (lambda g, s, seed: at(with_torch(g, s, seed)), "no row may get lost"),
    (lambda g, s, seed: with_torch(g, s, seed).int(), "True or False for each row"),
    (lambda g, s, seed: "half", "got a str"),
    (lambda g, s, seed: None, "nothing comes back yet"),
    (lambda g, s, seed: 1 / 0, "raised ZeroDivisionError"),
]


def in_order_of_first_sight(groups, share, seed):
    names = torch.tensor(list(dict.fromkeys(groups.tolist())))
    random = torch.Generator().manual_seed(seed)
    return torch.isin(groups, names[torch.randperm(len(names), generator=random)[: round(share * len(names))]])


@pytest.mark.parametrize("answer", [with_torch, by_rows])
def test_right_splits_pass_in_every_style(answer):
    for seed in SEEDS:
        verdict = check("split_by_group", answer, seed=seed)
        assert verdict.holds, str(verdict)


@pytest.mark.parametrize(
    ("answer", "words"),
    [*WRONG_SPLITS, (in_order_of_first_sight, "in another order are split otherwise")],
    ids=[*(words for _, words in WRONG_SPLITS), "order"],
)
def test_each_mistake_in_splitting_has_its_own_message(answer, words):
    for seed in SEEDS:
        verdict = check("split_by_group", answer, seed=seed)
        assert not verdict.holds
        assert words in str(verdict), str(verdict)


@pytest.mark.parametrize("name", ["planted_leak", "split_by_group"])
def test_an_unfinished_answer_says_so_and_hints_are_three(name):
    def unfinished(*given):
        raise NotImplementedError("to be written")

    assert "nothing is written yet" in str(check(name, unfinished))
    assert "pass the function itself" in str(check(name, [2, 5]))
    assert [hint(name).partition(":")[0] for _ in range(3)] == [f"Hint {n} of 3" for n in (1, 2, 3)]
