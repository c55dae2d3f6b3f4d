"""What is handed over of a teacher's probabilities, against values worked out by hand."""

import math

import pytest
import torch

from kdlab.handover import bits, handed_over, room


def rows(*values):
    return torch.tensor(values, dtype=torch.float64)


P = rows([0.5, 0.25, 0.125, 0.125], [0.02, 0.9, 0.05, 0.03])


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, P),
        ({"keep": 4}, P),
        ({"keep": 4, "rest": "even"}, P),
        ({"keep": 1}, rows([1, 0, 0, 0], [0, 1, 0, 0])),
        ({"keep": 2}, rows([2 / 3, 1 / 3, 0, 0], [0, 90 / 95, 5 / 95, 0])),
        ({"keep": 1, "rest": "even"}, rows([0.5, *3 * [0.5 / 3]], [0.1 / 3, 0.9, 0.1 / 3, 0.1 / 3])),
        ({"digits": 1}, rows([5 / 9, 2 / 9, 1 / 9, 1 / 9], [0, 1, 0, 0])),
        ({"keep": 2, "digits": 1}, rows([0.7, 0.3, 0, 0], [0, 0.9, 0.1, 0])),
    ],
)
def test_handed_over_is_as_worked_out_by_hand(settings, wanted):
    torch.testing.assert_close(handed_over(P, **settings), wanted)


def test_where_all_is_rounded_away_the_most_probable_class_is_left():
    p = torch.full((1, 40), 1 / 41)
    p[0, 7] = 2 / 41
    got = handed_over(p, digits=1)
    assert got[0, 7] == got.sum() == 1


def test_bits_by_hand_and_of_zeros():
    torch.testing.assert_close(bits(P)[:1], rows(1.75))
    assert bits(torch.tensor([[1.0, 0.0], [0.5, 0.5]])).tolist() == [0, 1]
    assert bits(torch.full((8,), 1 / 8)).item() == pytest.approx(3)


def test_names_and_numbers_take_room():
    assert room(10, keep=1) == pytest.approx(math.log2(10))
    assert room(10, keep=1, digits=2, rest="even") == pytest.approx(math.log2(10) + math.log2(101))
    assert room(10, keep=2, digits=2) == pytest.approx(2 * math.log2(10) + math.log2(101))
    assert room(10) == room(10, keep=10) == 9 * 32
    assert room(4, digits=1) == pytest.approx(3 * math.log2(11))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: handed_over(P, keep=5), "keep must be at most the number of classes, 4, got 5"),
        (lambda: handed_over(P, keep=0), "keep must be .*got 0"),
        (lambda: handed_over(P, digits=0), "digits must be .*got 0"),
        (lambda: handed_over(P, rest="lost"), "rest must be .*'lost'"),
        (lambda: handed_over(P[0]), r"p must .*samples, classes"),
        (lambda: room(1), "classes must be .*got 1"),
        (lambda: room(4, keep=5), "keep must be at most"),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()
