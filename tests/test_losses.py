"""The first losses against hand-worked numbers, loops in NumPy, finite differences, and what must not matter."""

import math

import numpy as np
import pytest
import torch
from helpers import rand
from hypothesis import given
from hypothesis import strategies as st

from kdlab.losses import hard_targets, hint, rkd, rkd_angle, rkd_distance, soft_targets

seeds = st.integers(0, 10_000)
LOSSES = {
    "soft targets": lambda s, t: soft_targets(s, t, temperature=3.0),
    "hint": hint,
    "distances": rkd_distance,
    "angles": rkd_angle,
    "rkd": rkd,
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def loop_soft_targets(s, t, temperature):
    total = 0.0
    for row_s, row_t in zip(s, t, strict=True):
        p, q = softmax(row_t / temperature), softmax(row_s / temperature)
        total += sum(p[c] * math.log(p[c] / q[c]) for c in range(len(p)))
    return temperature**2 * total / len(s)


def loop_hard_targets(s, t):
    return sum(-math.log(softmax(a)[int(np.argmax(b))]) for a, b in zip(s, t, strict=True)) / len(s)


def loop_hint(s, t):
    return sum((a - b) ** 2 for a, b in zip(s.ravel(), t.ravel(), strict=True)) / s.size


def huber(a, b):
    gap = abs(a - b)
    return gap**2 / 2 if gap < 1 else gap - 0.5


def loop_distance(s, t):
    """Equations 6 and 7 by difference vectors."""
    n, tables = len(s), []
    for f in (s, t):
        d = [
            [math.sqrt(sum((a - b) ** 2 for a, b in zip(f[i], f[j], strict=True))) for j in range(n)] for i in range(n)
        ]
        apart = [d[i][j] for i in range(n) for j in range(n) if d[i][j] > 0]
        mean = sum(apart) / len(apart)
        tables.append([[v / mean for v in row] for row in d])
    return sum(huber(tables[0][i][j], tables[1][i][j]) for i in range(n) for j in range(n)) / n**2


def loop_angle(s, t):
    """Equations 8 and 9 by difference vectors."""
    n, total = len(s), 0.0

    def cosine(f, i, j, k):
        u, v = f[i] - f[j], f[k] - f[j]
        scale = np.linalg.norm(u) * np.linalg.norm(v)
        return float(u @ v / scale) if scale > 0 else 0.0

    for i in range(n):
        for j in range(n):
            for k in range(n):
                total += huber(cosine(s, i, j, k), cosine(t, i, j, k))
    return total / n**3


def test_soft_targets_worked_by_hand():
    """Two classes: teacher (3/4, 1/4), student (1/2, 1/2): 3/4 log 3/2 + 1/4 log 1/2, and at T = 2 times 4."""
    by_hand = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    for T in (1.0, 2.0):
        student, teacher = torch.tensor([[[0.0, 0.0]], [[T * math.log(3), 0.0]]], dtype=torch.float64)
        assert soft_targets(student, teacher, temperature=T).item() == pytest.approx(T**2 * by_hand, rel=1e-12)


def test_the_roles_are_not_swapped():
    """KL(teacher ‖ student) and KL(student ‖ teacher) differ: .1308 and .1438 nats for the numbers above."""
    even, biased = torch.zeros(1, 2).double(), torch.tensor([[math.log(3), 0.0]]).double()
    assert soft_targets(even, biased, temperature=1.0).item() == pytest.approx(0.130812, abs=1e-6)
    assert soft_targets(biased, even, temperature=1.0).item() == pytest.approx(0.143841, abs=1e-6)


def test_hard_targets_and_hint_worked_by_hand():
    student = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]])
    teacher = torch.tensor([[9.0, 1.0], [1.0, 9.0]])  # answers 0 and 1
    assert hard_targets(student, teacher).item() == pytest.approx((math.log(2) + math.log(4)) / 2)
    assert hint(torch.tensor([[1.0, 2.0]]), torch.tensor([[4.0, 0.0]])).item() == (9 + 4) / 2


def test_rkd_worked_by_hand():
    """A 3-4-5 triangle against an equilateral one: distances over their mean 4 are .75, 1, 1.25 against 1, 1, 1."""
    student = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]).double()
    teacher = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(0.75)]]).double()
    assert rkd_distance(student, teacher).item() == pytest.approx(2 * (0.25**2 / 2 * 2) / 9)
    cosines = [0.0, 3 / 5, 4 / 5]  # at the three corners, against 1/2 at each, twice in 27 triples
    assert rkd_angle(student, teacher).item() == pytest.approx(2 * sum((c - 0.5) ** 2 / 2 for c in cosines) / 27)


@given(seeds, st.integers(2, 6), st.integers(2, 5), st.floats(0.3, 20))
def test_each_loss_is_the_loop_over_its_definition(seed, batch, classes, temperature):
    s, t = 3 * rand(2, batch, classes, seed=seed)
    a, b = s.numpy(), t.numpy()
    assert soft_targets(s, t, temperature=temperature).item() == pytest.approx(
        loop_soft_targets(a, b, temperature), 1e-6
    )
    assert hard_targets(s, t).item() == pytest.approx(loop_hard_targets(a, b), 1e-6)
    assert hint(s, t).item() == pytest.approx(loop_hint(a, b), 1e-6)
    assert rkd_distance(s, t).item() == pytest.approx(loop_distance(a, b), 1e-6, abs=1e-9)
    assert rkd_angle(s, t).item() == pytest.approx(loop_angle(a, b), 1e-6, abs=1e-9)
    both = 25 * loop_distance(a, b) + 50 * loop_angle(a, b)
    assert rkd(s, t).item() == pytest.approx(both, 1e-6, abs=1e-9)


@every_loss
def test_autograd_is_the_finite_difference(loss):
    student, teacher = rand(2, 5, 4, seed=3)
    assert torch.autograd.gradcheck(lambda s: loss(s, teacher), student.requires_grad_(True))


def test_a_high_temperature_matches_centred_logits():
    """Hinton et al. 2015, section 2.1: T² KL tends to Σ (centred difference)² / 2C."""
    student, teacher = rand(2, 8, 10)
    gap = (student - teacher) - (student - teacher).mean(1, keepdim=True)
    limit = gap.square().sum(1).mean().item() / (2 * 10)
    assert soft_targets(student, teacher, temperature=1e4).item() == pytest.approx(limit, rel=1e-3)


def test_the_gradient_keeps_its_size_as_the_temperature_grows():
    """Without T² it would shrink by a hundred from T = 10 to T = 100."""
    student, teacher = rand(2, 8, 10)
    student.requires_grad_(True)
    low, high = (
        torch.autograd.grad(soft_targets(student, teacher, temperature=T), student)[0].norm() for T in (10.0, 100.0)
    )
    assert high / low == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [0.1, 1.0, 20.0])
def test_saturated_logits_stay_finite(dtype, temperature):
    student = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4]], dtype=dtype, requires_grad=True)
    teacher = -student.detach()
    for value in (soft_targets(student, teacher, temperature=temperature), hard_targets(student, teacher)):
        (gradient,) = torch.autograd.grad(value, student)
        assert value.isfinite()
        assert gradient.isfinite().all()


@every_loss
def test_no_gradient_flows_to_the_teacher(loss):
    student, teacher = (z.requires_grad_(True) for z in rand(2, 5, 4))
    pulled = torch.autograd.grad(loss(student, teacher), [student, teacher], allow_unused=True)
    assert pulled[0].abs().max() > 0
    assert pulled[1] is None


@every_loss
def test_equal_nets_give_0_and_no_gradient(loss):
    student = rand(6, 4, seed=5).requires_grad_(True)
    value = loss(student, student.detach())
    assert value.item() == pytest.approx(0, abs=1e-12)
    assert torch.autograd.grad(value, student)[0].abs().max() < 1e-9


@every_loss
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tiny_batches_and_both_precisions(loss, batch, dtype):
    student, teacher = (z.to(dtype).requires_grad_(True) for z in rand(2, batch, 4, seed=8))
    value = loss(student, teacher)
    assert value.dtype == dtype
    assert value.isfinite()
    assert torch.autograd.grad(value, student)[0].isfinite().all()


@every_loss
def test_duplicate_samples_give_finite_gradients(loss):
    row = rand(1, 4, seed=2)
    student = torch.cat([row, row, row, rand(2, 4, seed=4)]).requires_grad_(True)
    gradient = torch.autograd.grad(loss(student, rand(5, 4, seed=9)), student)[0]
    assert gradient.isfinite().all()
    same = torch.cat([row, row]).requires_grad_(True)  # all of a batch in one place: no distance has a mean
    assert torch.autograd.grad(loss(same, rand(2, 4, seed=9)), same)[0].isfinite().all()


@given(seeds, st.floats(-50, 50), st.floats(-50, 50))
def test_a_shift_of_all_logits_changes_no_response_loss(seed, up, down):
    s, t = rand(2, 5, 4, seed=seed)
    assert soft_targets(s + up, t + down, temperature=2.0).item() == pytest.approx(
        soft_targets(s, t, temperature=2.0).item(), abs=1e-9
    )
    assert hard_targets(s + up, t + down).item() == pytest.approx(hard_targets(s, t).item(), abs=1e-9)


@given(seeds)
def test_the_order_of_a_batch_changes_no_loss(seed):
    s, t = rand(2, 6, 4, seed=seed)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(seed))
    for loss in (*LOSSES.values(), hard_targets):
        assert loss(s[order], t[order]).item() == pytest.approx(loss(s, t).item(), abs=1e-12)


@given(seeds, st.floats(0.01, 100), st.floats(-10, 10))
def test_moving_turning_and_scaling_one_side_changes_no_relation(seed, scale, shift):
    s, t = rand(6, 4, seed=seed), rand(6, 7, seed=seed + 1)  # widths differ
    turn, _ = torch.linalg.qr(rand(4, 4, seed=seed + 2))
    moved = scale * (s @ turn) + shift
    for loss in (rkd_distance, rkd_angle):
        assert loss(moved, t).item() == pytest.approx(loss(s, t).item(), abs=1e-8)
        assert loss(t, moved).item() == pytest.approx(loss(t, s).item(), abs=1e-8)
    assert hint(s + 1, s).item() == pytest.approx(1)  # a hint does see where features lie


def test_bad_arguments_are_named():
    s = torch.zeros(2, 3)
    for T in (0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=r"^temperature must be a finite number above 0, got"):
            soft_targets(s, s, temperature=T)
    with pytest.raises(ValueError, match=r"^student must have shape \(batch, classes\), got \(3,\)$"):
        hard_targets(s[0], s[0])
    for loss in (hint, lambda a, b: soft_targets(a, b, temperature=1.0), hard_targets):
        with pytest.raises(
            ValueError, match=r"^student and teacher must have the same shape, got \(2, 3\) and \(2, 4\)$"
        ):
            loss(s, torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"^student and teacher must hold the same batch, got 2 rows and 3 rows$"):
        rkd(s, torch.zeros(3, 3))
    with pytest.raises(ValueError, match=r"^angle_weight must be a number at least 0, got -1$"):
        rkd(s, s, angle_weight=-1)
