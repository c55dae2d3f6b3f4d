"""Losses on logits: against their formula in plain loops, and what each must and must not see."""

import math
from functools import partial

import loss_references as ref
import pytest
import torch
from loss_checks import CHECKS, Case, check_invariance, check_zero, shuffled

from kdlab import losses

LOGITS = ((6,),)


def target(teacher):
    """Any class that depends on the sample alone, so that it moves with it."""
    return (teacher.argmax(1) + teacher.argmin(1)) % teacher.shape[1]


DKD = {"target_weight": 1.5, "other_weight": 4.0, "temperature": 3.0}
DIST = {"row_weight": 2.0, "column_weight": 1.0, "temperature": 3.0}
JSD = {"beta": 0.3, "temperature": 2.0}

CASES = [
    Case("logits_mse", losses.logits_mse, ref.logits_mse, LOGITS, LOGITS),
    Case(
        "logit_standardization",
        partial(losses.logit_standardization, temperature=2.0),
        partial(ref.logit_standardization, temperature=2.0),
        LOGITS,
        LOGITS,
    ),
    Case(
        "generalised_jsd", partial(losses.generalised_jsd, **JSD), partial(ref.generalised_jsd, **JSD), LOGITS, LOGITS
    ),
    Case(
        "dkd",
        lambda s, t: losses.dkd(s, t, labels=target(t), **DKD),
        lambda s, t: ref.dkd(s, t, target(t), **DKD),
        LOGITS,
        LOGITS,
    ),
    Case("dist", partial(losses.dist, **DIST), partial(ref.dist, **DIST), LOGITS, LOGITS, per_sample=False),
]
BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_owes(case, check):
    check(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equal_answers_cost_nothing(case):
    check_zero(case)


SHIFT = lambda z: z + torch.linspace(-3, 3, len(z), dtype=z.dtype)[:, None]  # noqa: E731
SCALE = lambda z: 1.7 * z  # noqa: E731


@pytest.mark.parametrize(
    ("name", "change", "unseen"),
    [
        ("logits_mse", SHIFT, False),
        ("logits_mse", SCALE, False),
        ("logit_standardization", SHIFT, True),
        ("logit_standardization", SCALE, True),
        ("generalised_jsd", SHIFT, True),
        ("generalised_jsd", SCALE, False),
        ("dkd", SHIFT, True),
        ("dkd", SCALE, False),
        ("dist", SHIFT, True),
        ("dist", SCALE, False),  # Pearson forgets the scale of probabilities, not that of logits
        *((name, shuffled(1), False) for name in BY_NAME),
    ],
)
def test_what_is_seen(name, change, unseen):
    check_invariance(BY_NAME[name], change, unseen=unseen)


def example(seed=0, batch=5, classes=6):
    return 1.5 * torch.randn(2, batch, classes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_dkd_sets_free_what_soft_targets_tie_to_the_teachers_doubt():
    """Zhao et al. 2022: KL = TCKD + (1 − p_y) NCKD; the two parts are those of dkd."""
    student, teacher = example()
    labels, total = target(teacher), 0.0
    for s, t, y in zip(student, teacher, labels, strict=True):
        alone = partial(losses.dkd, s[None], t[None], labels=y[None], temperature=2.0)
        doubt = 1 - torch.softmax(t / 2.0, 0)[y]
        total += alone(target_weight=1.0, other_weight=0.0) + doubt * alone(target_weight=0.0, other_weight=1.0)
    soft = losses.soft_targets(student, teacher, temperature=2.0)
    torch.testing.assert_close(total / len(student), soft)
    free = losses.dkd(student, teacher, labels=labels, target_weight=1.0, other_weight=1.0, temperature=2.0)
    assert free > 1.1 * soft


def test_dkd_with_two_classes_is_soft_targets():
    """Nothing is left besides the target and one other."""
    student, teacher = example(classes=2)
    value = losses.dkd(student, teacher, labels=torch.tensor([0, 1, 1, 0, 1]), temperature=2.0)
    torch.testing.assert_close(value, losses.soft_targets(student, teacher, temperature=2.0))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_dkd_of_certain_answers_is_finite_and_right(place):
    """log(1 − p) of a p that rounds to 1 would be −∞; here both sides are sure of a class, the target or another."""
    teacher = torch.tensor([[200.0, -200.0, 0.0]])
    student = torch.tensor([[150.0, 0.0, -150.0]], requires_grad=True)
    value = losses.dkd(student, teacher, labels=torch.tensor([place]), temperature=1.0)
    value.backward()
    assert student.grad.isfinite().all()
    # target 0: both are sure of it, but rank the others the other way round; target 1 or 2: both sure of another
    assert value.item() == pytest.approx([8 * 150.0, 0.0, 0.0][place], abs=1e-5)


def test_dist_falls_as_the_student_gets_like_the_teacher():
    """A similarity added where it should be subtracted would rise."""
    student, teacher = example()
    values = [
        losses.dist(torch.lerp(student, teacher, w), teacher, temperature=1.0).item() for w in (0.0, 0.3, 0.6, 0.9, 1.0)
    ]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0, abs=1e-12)


def test_dist_of_one_sample_has_rows_only():
    student, teacher = example(batch=1)
    one = losses.dist(student, teacher, row_weight=0.0, column_weight=2.0, temperature=1.0)
    assert one == 0


def test_logits_are_standardised_by_the_unbiased_deviation():
    student, teacher = example()
    value = losses.logit_standardization(student, teacher, temperature=2.0)
    unbiased, biased = (
        losses.soft_targets(
            *((z - z.mean(1, keepdim=True)) / z.std(1, keepdim=True, correction=n) for z in (student, teacher)),
            temperature=2.0,
        )
        for n in (1, 0)
    )
    torch.testing.assert_close(value, unbiased)
    assert not torch.isclose(value, biased, rtol=0.05)


def test_generalised_jsd_leads_from_forward_to_reverse_divergence():
    student, teacher = example()
    forward, reverse = (
        losses.soft_targets(*pair, temperature=2.0) for pair in ((student, teacher), (teacher, student))
    )
    for beta, limit in ((1e-5, forward), (1 - 1e-5, reverse)):
        value = losses.generalised_jsd(student, teacher, beta=beta, temperature=2.0) / (beta * (1 - beta))
        torch.testing.assert_close(value, limit, rtol=1e-3, atol=0)
    half = losses.generalised_jsd(student, teacher, beta=0.5, temperature=1.0)
    swapped = losses.generalised_jsd(teacher, student, beta=0.5, temperature=1.0)
    torch.testing.assert_close(half, swapped)  # the Jensen-Shannon divergence is symmetric,
    assert half < math.log(2)  # and bounded


def test_logits_mse_is_where_soft_targets_go_at_a_high_temperature():
    """T² KL tends to Σ (v_s − v_t)² / 2C for centred logits v."""
    centred = example() - example().mean(2, keepdim=True)
    soft = losses.soft_targets(*centred, temperature=1e4)
    torch.testing.assert_close(soft, losses.logits_mse(*centred) / 2, rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("loss", "knobs"),
    [
        (losses.logit_standardization, {"temperature": [1.0, 2.0, 4.0]}),
        (losses.generalised_jsd, {"temperature": [1.0, 2.0, 4.0], "beta": [0.2, 0.5, 0.8]}),
        (
            lambda s, t, **k: losses.dkd(s, t, labels=target(t), **k),
            {"temperature": [1.0, 2.0, 4.0], "target_weight": [0.0, 1.0, 2.0], "other_weight": [1.0, 2.0, 8.0]},
        ),
        (
            losses.dist,
            {"temperature": [1.0, 2.0, 4.0], "row_weight": [0.0, 1.0, 2.0], "column_weight": [1.0, 2.0, 0.0]},
        ),
    ],
)
def test_each_student_of_a_stack_has_its_own_knobs(loss, knobs):
    students, teacher = torch.stack([example(n)[0] for n in range(3)]), example()[1]
    stacked = {name: torch.tensor(values, dtype=torch.float64) for name, values in knobs.items()}
    values = torch.func.vmap(lambda s, k: loss(s, teacher, **k))(students, stacked)
    for n in range(3):
        torch.testing.assert_close(values[n], loss(students[n], teacher, **{k: v[n] for k, v in knobs.items()}))


Z = torch.zeros


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: losses.logits_mse(Z(4, 3), Z(4, 2)),
            r"student and teacher must have the same shape.*\(4, 3\).*\(4, 2\)",
        ),
        (lambda: losses.logits_mse(Z(4), Z(4)), r"student must have shape \(batch, classes\), got \(4,\)"),
        (
            lambda: losses.logit_standardization(Z(4, 1), Z(4, 1), temperature=1.0),
            "student must have at least 2 classes, got 1",
        ),
        (
            lambda: losses.logit_standardization(Z(4, 3), Z(4, 3), temperature=0.0),
            "temperature must be a finite number above 0, got 0.0",
        ),
        (
            lambda: losses.generalised_jsd(Z(4, 3), Z(4, 3), beta=1.0, temperature=1.0),
            "beta must be .*1e-06.*0.999999.*, got 1.0",
        ),
        (
            lambda: losses.generalised_jsd(Z(4, 3, 1), Z(4, 3, 1), beta=0.5, temperature=1.0),
            r"student must have shape \(batch, classes\), got \(4, 3, 1\)",
        ),
        (
            lambda: losses.dkd(Z(4, 3), Z(4, 3), labels=Z(4, 1).long(), temperature=1.0),
            r"labels must have shape \(batch,\), got \(4, 1\)",
        ),
        (
            lambda: losses.dkd(Z(4, 3), Z(4, 3), labels=Z(5).long(), temperature=1.0),
            "student and labels must hold the same batch, got 4 rows and 5 rows",
        ),
        (
            lambda: losses.dkd(Z(4, 1), Z(4, 1), labels=Z(4).long(), temperature=1.0),
            "student must have at least 2 classes, got 1",
        ),
        (
            lambda: losses.dkd(Z(4, 3), Z(4, 3), labels=Z(4).long(), other_weight=-1.0, temperature=1.0),
            "other_weight must be .*, got -1.0",
        ),
        (lambda: losses.dist(Z(4, 3), Z(5, 3), temperature=1.0), "student and teacher must have the same shape"),
        (
            lambda: losses.dist(Z(4, 3), Z(4, 3), row_weight=-2.0, temperature=1.0),
            "row_weight must be .*, got -2.0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_references_tell_the_roles_apart():
    """A loss with student and teacher swapped would be caught by its reference."""
    student, teacher = example().numpy()
    for case in (BY_NAME["logit_standardization"], BY_NAME["generalised_jsd"], BY_NAME["dkd"]):
        there, back = case.reference(student, teacher), case.reference(teacher, student)
        assert there != pytest.approx(back, rel=1e-3)
