"""Argument checks: each message names the argument, the value, and what is allowed."""

import math

import pytest
import torch

from kdlab import check


@pytest.mark.parametrize("value", [0, -1, 0.0, math.inf, -math.inf, math.nan])
def test_positive_refuses_what_is_no_finite_number_above_0(value):
    with pytest.raises(ValueError, match=r"^temperature must be a finite number above 0, got (0|-1|0.0|inf|-inf|nan)$"):
        check.positive(temperature=value)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_between_refuses_what_is_outside(value):
    with pytest.raises(ValueError, match=r"^alpha must be a number in \[0, 1\], got (-0.1|1.1|nan|inf)$"):
        check.between(0, 1, alpha=value)


def test_between_without_an_upper_end_refuses_infinity():
    check.between(0, math.inf, weight=1e300)
    with pytest.raises(ValueError, match=r"^weight must be a number at least 0, got inf$"):
        check.between(0, math.inf, weight=math.inf)


@pytest.mark.parametrize("value", ["2", None, True, [2.0]])
def test_numbers_of_another_kind_are_refused(value):
    for refuse in (
        lambda: check.positive(T=value),
        lambda: check.between(0, 9, T=value),
        lambda: check.whole(1, T=value),
    ):
        with pytest.raises(TypeError, match=r"^T must be a .*number.*, got "):
            refuse()


def test_tensors_pass_where_stacked_students_bring_one_number_each():
    check.positive(temperature=torch.tensor([1.0, 2.0]))
    check.between(0, 1, alpha=torch.tensor([0.0, 1.0]))


def test_whole_numbers():
    check.whole(1, epochs=1)
    with pytest.raises(ValueError, match=r"^epochs must be a whole number of at least 1, got 0$"):
        check.whole(1, epochs=0)
    with pytest.raises(TypeError, match=r"got 2\.5$"):
        check.whole(1, epochs=2.5)


def test_a_near_miss_is_suggested():
    with pytest.raises(ValueError, match=r"^method must be one of 'hint', 'rkd', got 'hnit'; did you mean 'hint'\?$"):
        check.choice(["hint", "rkd"], method="hnit")
    with pytest.raises(ValueError, match=r"got 'zzz'$"):
        check.choice(["hint", "rkd"], method="zzz")


def test_bad_numbers_in_a_tensor_are_counted_and_placed():
    x = torch.zeros(2, 3)
    x[1, 2] = math.nan
    with pytest.raises(
        ValueError, match=r"^x must hold finite numbers only, got 1 others, the first at index \[1, 2\]$"
    ):
        check.finite(x=x)
    check.finite(x=torch.arange(3))


def test_shapes():
    a, b = torch.zeros(2, 3), torch.zeros(4, 3)
    with pytest.raises(ValueError, match=r"^student and teacher must have the same shape, got \(2, 3\) and \(4, 3\)$"):
        check.same_shape(student=a, teacher=b)
    with pytest.raises(ValueError, match=r"^student and teacher must hold the same batch, got 2 rows and 4 rows$"):
        check.same_batch(student=a, teacher=b)
    with pytest.raises(ValueError, match=r"^logits must have shape \(batch,\), got \(2, 3\)$"):
        check.shape(1, "(batch,)", logits=a)
