"""Soft targets from which something is taken away: against loops, and what is left in their limits."""

import math
from functools import partial

import loss_references as ref
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import rand
from loss_checks import CHECKS, Case, check_invariance, shuffled

from kdlab import losses
from kdlab.losses import class_wise, virtual_teacher

LOGITS = ((6,),)


def target(teacher):
    """Any class that depends on the sample alone, so that it moves with it."""
    return (teacher.argmax(1) + teacher.argmin(1)) % teacher.shape[1]


def halves(teacher):
    """Two classes of samples."""
    return teacher.argmax(1) % 2


def loop_virtual(s, answers, sure, temperature):
    total = 0.0
    for z, answer in zip(s, answers, strict=True):
        rest = (1 - sure) / (len(z) - 1)
        q = [(sure if c == answer else rest) ** (1 / temperature) for c in range(len(z))]
        total += ref.kl([a / sum(q) for a in q], ref.softmax(z / temperature))
    return temperature**2 * total / len(s)


def loop_class_wise(s, t, classes, temperature):
    found = []
    for i, z in enumerate(s):
        costs = [
            ref.kl(ref.softmax(t[j] / temperature), ref.softmax(z / temperature))
            for j in range(len(t))
            if j != i and classes[j] == classes[i]
        ]
        if costs:
            found.append(sum(costs) / len(costs))
    return temperature**2 * sum(found) / len(found) if found else 0.0


VIRTUAL, WISE = {"sure": 0.8, "temperature": 3.0}, {"temperature": 3.0}
CASES = [
    Case(
        "virtual_teacher",
        lambda s, t: virtual_teacher(s, target(t), **VIRTUAL),
        lambda s, t: loop_virtual(s, target(torch.from_numpy(t)), **VIRTUAL),
        LOGITS,
        LOGITS,
        zero=False,
    ),
    Case(
        "class_wise",
        lambda s, t: class_wise(s, t, halves(t), **WISE),
        lambda s, t: loop_class_wise(s, t, halves(torch.from_numpy(t)), **WISE),
        LOGITS,
        LOGITS,
        zero=False,
        per_sample=False,
    ),
]
BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_owes(case, check):
    check(case)


SHIFT = lambda z: z + torch.linspace(-3, 3, len(z), dtype=z.dtype)[:, None]  # noqa: E731
SCALE = lambda z: 1.7 * z  # noqa: E731


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize(("change", "unseen"), [(SHIFT, True), (SCALE, False), (shuffled(1), False)])
def test_what_is_seen(name, change, unseen):
    check_invariance(BY_NAME[name], change, unseen=unseen)


# --- the virtual teacher ---


def test_a_virtual_teacher_worked_by_hand():
    # four classes at T = 2: √.81 = .9 on the answer, √.0633… = .2517 on the others
    rest = math.sqrt(0.19 / 3)
    p = [0.9 / (0.9 + 3 * rest), *[rest / (0.9 + 3 * rest)] * 3]
    expected = 4 * sum(a * math.log(4 * a) for a in p)  # of a student that knows nothing
    value = virtual_teacher(torch.zeros(1, 4), torch.tensor([0]), sure=0.81, temperature=2.0)
    assert value.item() == pytest.approx(expected, rel=1e-5)


def test_at_temperature_1_it_is_label_smoothing():
    """Yuan et al. 2020, section 4: smoothed labels less their own entropy, which no student can change."""
    s, answers, e = rand(8, 5).requires_grad_(), torch.arange(8) % 5, 0.2
    sure = 1 - e + e / 5
    p = [sure, *[e / 5] * 4]
    entropy = -sum(a * math.log(a) for a in p)
    value = virtual_teacher(s, answers, sure=sure, temperature=1.0)
    smoothed = F.cross_entropy(s, answers, label_smoothing=e)
    torch.testing.assert_close(value, smoothed - entropy)
    torch.testing.assert_close(*(torch.autograd.grad(v, s)[0] for v in (value, smoothed)))


def test_a_virtual_teacher_that_is_sure_pulls_like_hard_targets():
    s, t = rand(2, 8, 5)
    s.requires_grad_()
    value = virtual_teacher(s, t.argmax(1), sure=1 - 1e-6, temperature=1.0)
    gaps = [torch.autograd.grad(v, s)[0] for v in (value, losses.hard_targets(s, t))]
    torch.testing.assert_close(*gaps, rtol=0, atol=1e-6)


def test_an_even_virtual_teacher_has_no_answer():
    s = rand(6, 4)
    even = [virtual_teacher(s, torch.full((6,), c), sure=0.25, temperature=2.0) for c in range(4)]
    torch.testing.assert_close(even[0], even[3])
    value = virtual_teacher(torch.zeros(6, 4), torch.zeros(6, dtype=torch.long), sure=0.25, temperature=2.0)
    assert value.abs() < 1e-6


@pytest.mark.parametrize("temperature", [0.7, 1.0, 5.0])
def test_its_minimum_is_its_own_answer(temperature):
    q = torch.full((3, 4), 0.1 / 3, dtype=torch.float64)
    q[torch.arange(3), torch.tensor([2, 0, 3])] = 0.9
    value = virtual_teacher(q.log() + 5, torch.tensor([2, 0, 3]), sure=0.9, temperature=temperature)
    assert value.abs() < 1e-12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sure": 0.2}, r"sure must be a number in \[0.25, 0.999999\], got 0.2"),
        ({"sure": 1.0}, r"sure must be a number in \[0.25, 0.999999\], got 1.0"),
        ({"temperature": 0}, "temperature must be a finite number above 0, got 0"),
        ({"answers": torch.zeros(5, dtype=torch.long)}, "student and answers must hold the same batch, got 6 rows and"),
        ({"student": torch.zeros(6, 1)}, "student must have at least 2 classes, got 1"),
    ],
)
def test_what_a_virtual_teacher_refuses(change, message):
    given = {"student": rand(6, 4), "answers": torch.zeros(6, dtype=torch.long), "sure": 0.9, "temperature": 2.0}
    given |= change
    with pytest.raises(ValueError, match=f"^{message}"):
        virtual_teacher(given.pop("student"), given.pop("answers"), **given)


# --- class-wise ---


def test_two_of_a_class_take_each_others_targets():
    s, t = rand(2, 3, 5)
    value = class_wise(s, t, torch.tensor([1, 0, 1]), temperature=2.0)
    swapped = losses.soft_targets(s[[0, 2]], t[[2, 0]], temperature=2.0)
    torch.testing.assert_close(value, swapped)  # the second is alone in its class, and counts nothing


def test_where_all_of_a_class_are_answered_alike_it_is_soft_targets():
    s, classes = rand(8, 5), torch.tensor([0, 1, 1, 0, 2, 2, 0, 1])
    alike = rand(3, 5, seed=3)[classes]
    torch.testing.assert_close(
        class_wise(s, alike, classes, temperature=4.0), losses.soft_targets(s, alike, temperature=4.0)
    )


def test_a_sample_never_sees_its_own_target():
    """The cost of sample i does not change with what the teacher says of i."""
    s, t = rand(2, 6, 5)
    s.requires_grad_()
    classes = torch.tensor([0, 0, 0, 1, 1, 1])
    other = t.clone()
    other[2] += rand(5, seed=5)
    gaps = [torch.autograd.grad(class_wise(s, z, classes, temperature=2.0), s)[0] for z in (t, other)]
    changed = (gaps[0] - gaps[1]).abs().sum(1) > 1e-6
    assert changed.tolist() == [True, True, False, False, False, False]


@pytest.mark.parametrize("batch", [1, 3])
def test_without_partners_it_is_nothing(batch):
    s, t = rand(2, batch, 5)
    s.requires_grad_()
    value = class_wise(s, t, torch.arange(batch), temperature=2.0)
    assert value == 0
    assert not torch.autograd.grad(value, s)[0].any()


def test_it_is_what_a_random_partner_costs_on_average():
    """Yun et al. 2020 draw one: here by hand, many times."""
    s, t = rand(2, 6, 5).numpy()
    classes, rng = np.array([0, 0, 0, 0, 1, 1]), np.random.RandomState(0)

    def draw(i):
        return rng.choice([j for j in range(6) if j != i and classes[j] == classes[i]])

    drawn = [ref.soft_targets(s, t[[draw(i) for i in range(6)]], 2.0) for _ in range(4000)]
    value = class_wise(*map(torch.from_numpy, (s, t, classes)), temperature=2.0)
    assert value.item() == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / math.sqrt(len(drawn)))


def test_what_class_wise_refuses():
    s, t = rand(2, 6, 4)
    call = partial(class_wise, s, temperature=1.0)
    with pytest.raises(ValueError, match=r"^student and teacher must have the same shape, got \(6, 4\) and \(5, 4\)$"):
        call(t[:5], torch.zeros(6))
    with pytest.raises(ValueError, match=r"^student and classes must hold the same batch, got 6 rows and 5 rows$"):
        call(t, torch.zeros(5))
