"""Losses on features: against their formula in plain loops, and what each must and must not see."""

from functools import partial

import loss_references as ref
import pytest
import torch
from loss_checks import CHECKS, Case, check_invariance, check_zero, shuffled

from kdlab import losses

MAPS = ((3, 4, 4),)
VARIANCE = (0.5, 1.0, 2.0)

CASES = [
    Case("attention_transfer", losses.attention_transfer, ref.attention_transfer, MAPS, ((5, 4, 4),)),
    Case("nst", losses.nst, ref.nst, MAPS, ((5, 4, 4),)),
    Case("factor_transfer", losses.factor_transfer, ref.factor_transfer, MAPS, MAPS),
    Case(
        "activation_boundary",
        partial(losses.activation_boundary, margin=0.5),
        partial(ref.activation_boundary, margin=0.5),
        MAPS,
        MAPS,
        zero=False,
    ),
    Case(
        "channel_wise",
        partial(losses.channel_wise, temperature=2.0),
        partial(ref.channel_wise, temperature=2.0),
        MAPS,
        MAPS,
    ),
    Case(
        "vid",
        lambda s, t: losses.vid(s, t, variance=torch.tensor(VARIANCE, dtype=s.dtype)),
        partial(ref.vid, variance=VARIANCE),
        MAPS,
        MAPS,
        zero=False,
    ),
    Case("vid-vector", partial(losses.vid, variance=0.7), partial(ref.vid, variance=0.7), ((3,),), ((3,),), zero=False),
    Case("hierarchical_context", losses.hierarchical_context, ref.hierarchical_context, ((2, 7, 7),), ((2, 7, 7),)),
    Case("hierarchical_context-4", losses.hierarchical_context, ref.hierarchical_context, MAPS, MAPS),
    Case("hierarchical_context-1", losses.hierarchical_context, ref.hierarchical_context, ((2, 1, 1),), ((2, 1, 1),)),
    Case(
        "hierarchical_context-oblong", losses.hierarchical_context, ref.hierarchical_context, ((1, 3, 5),), ((1, 3, 5),)
    ),
]
BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_owes(case, check):
    check(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.zero], ids=str)
def test_equal_features_cost_nothing(case):
    check_zero(case)


def shift(f):
    """A constant added to each channel."""
    return f + torch.arange(1.0, f.shape[1] + 1, dtype=f.dtype)[:, None, None]


def scale_samples(f):
    return f * torch.linspace(0.5, 2, len(f), dtype=f.dtype)[:, None, None, None]


def scale_channels(f):
    return f * torch.linspace(0.5, 2, f.shape[1], dtype=f.dtype)[:, None, None]


def turn_channels(f):
    """Signs of some channels turned."""
    return f * torch.tensor([1.0, -1.0, 1.0], dtype=f.dtype)[:, None, None]


def shuffle_places(f):
    return f.roll((1, 2), (2, 3))


@pytest.mark.parametrize(
    ("name", "change", "unseen"),
    [
        ("attention_transfer", shuffled(1), True),
        ("attention_transfer", turn_channels, True),
        ("attention_transfer", scale_samples, True),
        ("attention_transfer", scale_channels, False),
        ("attention_transfer", shuffle_places, False),
        ("attention_transfer", shift, False),
        ("nst", shuffled(1), True),
        ("nst", turn_channels, True),
        ("nst", scale_channels, True),
        ("nst", lambda f: f.repeat(1, 2, 1, 1), True),
        ("nst", shuffle_places, False),
        ("nst", shift, False),
        ("factor_transfer", scale_samples, True),
        ("factor_transfer", scale_channels, False),
        ("factor_transfer", shuffled(1), False),
        ("activation_boundary", lambda f: f.clamp(-1, 1), False),
        ("activation_boundary", shuffled(1), False),
        ("channel_wise", shift, True),
        ("channel_wise", scale_samples, False),
        ("channel_wise", shuffled(1), False),
        ("channel_wise", shuffle_places, False),
        ("vid", shift, False),
        ("vid", shuffled(1), False),
        ("hierarchical_context", lambda f: f + 1, False),
        ("hierarchical_context", shuffle_places, False),
    ],
)
def test_what_is_seen(name, change, unseen):
    check_invariance(BY_NAME[name], change, unseen=unseen)


def example(shape=(4, 3, 4, 4), seed=0):
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_attention_is_brought_to_length_one_and_not_to_sum_one():
    student, teacher = example()

    def with_norm(order):
        q = [torch.nn.functional.normalize(f.square().mean(1).flatten(1), p=order) for f in (student, teacher)]
        return (q[0] - q[1]).square().mean()

    value = losses.attention_transfer(student, teacher)
    torch.testing.assert_close(value, with_norm(2))
    assert not torch.isclose(value, with_norm(1), rtol=0.1)


def test_attention_takes_squares_and_not_magnitudes():
    student, teacher = example()
    q = [torch.nn.functional.normalize(f.abs().mean(1).flatten(1)) for f in (student, teacher)]
    assert not torch.isclose(losses.attention_transfer(student, teacher), (q[0] - q[1]).square().mean(), rtol=0.05)


def test_factors_are_compared_unit_by_unit_and_not_by_channel_means():
    student, teacher = example()
    q = [torch.nn.functional.normalize(f.square().mean(1).flatten(1)) for f in (student, teacher)]
    assert not torch.isclose(losses.factor_transfer(student, teacher), (q[0] - q[1]).abs().mean(), rtol=0.05)


def test_channel_wise_softmax_runs_over_places_and_not_over_channels():
    student, teacher = example()
    over_channels = losses.channel_wise(student.transpose(1, 2), teacher.transpose(1, 2), temperature=1.0)
    assert not torch.isclose(losses.channel_wise(student, teacher, temperature=1.0), over_channels, rtol=0.05)
    one_place = losses.channel_wise(student[..., :1, :1], teacher[..., :1, :1], temperature=1.0)
    assert one_place == 0  # with one place there is nowhere else to look


def test_channel_wise_is_soft_targets_with_channels_as_samples():
    student, teacher = example()
    rows = (f.reshape(12, 16) for f in (student, teacher))
    torch.testing.assert_close(
        losses.channel_wise(student, teacher, temperature=3.0), losses.soft_targets(*rows, temperature=3.0)
    )


def test_activation_boundary_asks_for_a_side_and_a_margin():
    """One unit, margin 1, worked by hand."""
    for s, t, cost in (
        (2.0, 0.1, 0),
        (0.5, 9.0, 0.25),
        (-1.0, 5.0, 4),
        (-2.0, -0.1, 0),
        (0.5, -9.0, 2.25),
        (0.0, 0.0, 1),
    ):
        value = losses.activation_boundary(torch.tensor([[s]]), torch.tensor([[t]]), margin=1.0)
        assert value.item() == pytest.approx(cost)


def test_activation_boundary_sums_over_units_and_averages_over_samples():
    student, teacher = -torch.ones(4, 3), torch.ones(4, 3)
    assert losses.activation_boundary(student, teacher, margin=1.0).item() == pytest.approx(4 * 3)


def test_vid_is_least_where_the_variance_is_the_squared_error():
    student, teacher = example((50, 2))
    best = (student - teacher).square().mean().item()
    values = [losses.vid(student, teacher, variance=best * f).item() for f in (0.5, 0.9, 1.0, 1.1, 2.0)]
    assert min(values) == values[2]
    assert losses.vid(teacher, teacher, variance=0.1) < 0  # a density may exceed 1


def test_vid_trains_its_mean_and_its_variance():
    student, teacher = example()
    regressor = torch.nn.Conv2d(3, 3, 1).double()
    variance = torch.full((3,), 0.5, dtype=torch.float64, requires_grad=True)
    value = losses.vid(student, teacher, mean=regressor, variance=variance)
    torch.testing.assert_close(value, losses.vid(regressor(student), teacher, variance=variance))
    value.backward()
    assert variance.grad.abs().min() > 0
    assert regressor.weight.grad.abs().max() > 0


def test_hierarchical_context_divides_by_the_weights_it_used():
    """A constant gap of 1 costs 1 at every size, hence 1 in all, whatever sizes are skipped."""
    for size in (1, 2, 3, 4, 7, 14):
        f = torch.zeros(2, 3, size, size)
        assert losses.hierarchical_context(f + 1, f).item() == pytest.approx(1)


def test_hierarchical_context_weighs_what_places_share():
    f = torch.zeros(1, 1, 4, 4)
    checks = torch.tensor([1.0, -1.0]).repeat(2, 2).repeat(2, 1).reshape(1, 1, 4, 4)
    assert losses.hierarchical_context(f + 1, f) > 1.5 * losses.hierarchical_context(checks, f)


def test_nst_squares_the_inner_product():
    """A linear kernel would compare mean channels only."""
    one, two = torch.eye(2)[None, :, None, :], torch.tensor([[0.6, 0.8], [0.8, 0.6]])[None, :, None, :]
    # by hand: k(t,t) = (1 + 0 + 0 + 1)/4, k(s,s) = (1 + .96² + .96² + 1)/4, k(s,t) = (.36 + .64 + .64 + .36)/4
    assert losses.nst(two, one).item() == pytest.approx(0.5 + (2 + 2 * 0.96**2) / 4 - 2 * 0.5)


def test_variants_of_a_formula_are_told_apart():
    student, teacher = example().numpy()
    right = losses.hierarchical_context(*example()).item()
    assert right != pytest.approx(ref.hierarchical_context(student, teacher) * 1.75, rel=0.05)  # weights not divided by
    squared = losses.activation_boundary(*example(), margin=0.5).item()
    assert squared != pytest.approx(ref.activation_boundary(student, teacher, 0.0), rel=0.05)  # no margin


@pytest.mark.parametrize("margin", [torch.tensor([0.1, 0.5, 1.0], dtype=torch.float64)])
def test_each_student_of_a_stack_has_its_own_margin(margin):
    students, teacher = torch.stack([example(seed=n)[0] for n in range(3)]), example()[1]
    values = torch.func.vmap(lambda s, m: losses.activation_boundary(s, teacher, margin=m))(students, margin)
    for n in range(3):
        one = losses.activation_boundary(students[n], teacher, margin=margin[n].item())
        torch.testing.assert_close(values[n], one)


Z = torch.zeros


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: losses.attention_transfer(Z(4, 8), Z(4, 8)),
            r"student must have shape \(batch, channels, height, width\), got \(4, 8\)",
        ),
        (
            lambda: losses.attention_transfer(Z(4, 8, 7, 7), Z(4, 8, 14, 14)),
            r"student and teacher must have the same height and width, got \(7, 7\) and \(14, 14\)",
        ),
        (
            lambda: losses.nst(Z(4, 8, 7, 7), Z(3, 8, 7, 7)),
            "student and teacher must hold the same batch, got 4 rows and 3 rows",
        ),
        (lambda: losses.nst(Z(4, 8, 7, 7), Z(4, 8, 7, 6)), "must have the same height and width"),
        (lambda: losses.factor_transfer(Z(4, 8), Z(4, 9)), r"must have the same shape, got \(4, 8\) and \(4, 9\)"),
        (lambda: losses.activation_boundary(Z(4, 8), Z(4, 9)), "student and teacher must have the same shape"),
        (
            lambda: losses.activation_boundary(Z(4, 8), Z(4, 8), margin=-1.0),
            "margin must be .*, got -1.0",
        ),
        (lambda: losses.channel_wise(Z(4, 3, 2, 2), Z(4, 5, 2, 2), temperature=1.0), "must have the same shape"),
        (
            lambda: losses.channel_wise(Z(4, 3, 2, 2), Z(4, 3, 2, 2), temperature=-1.0),
            "temperature must be a finite number above 0, got -1.0",
        ),
        (lambda: losses.vid(Z(4, 3), Z(4, 5), variance=1.0), "student and teacher must have the same shape"),
        (
            lambda: losses.vid(Z(4, 3), Z(4, 5), mean=torch.nn.Linear(3, 4), variance=1.0),
            r"mean\(student\) and teacher must have the same shape, got \(4, 4\) and \(4, 5\)",
        ),
        (
            lambda: losses.vid(Z(4, 3), Z(4, 3), variance=Z(4)),
            r"variance must be a number or of shape \(channels,\) = \(3,\), got \(4,\)",
        ),
        (lambda: losses.vid(Z(4, 3), Z(4, 3), variance=0.0), "variance must be a finite number above 0, got 0.0"),
        (lambda: losses.hierarchical_context(Z(4, 3), Z(4, 3)), r"student must have shape \(batch, channels"),
        (
            lambda: losses.hierarchical_context(Z(4, 3, 7, 7), Z(4, 3, 4, 4)),
            "student and teacher must have the same shape",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
