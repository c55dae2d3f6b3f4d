"""Gradient reversal to the last bit, and a discriminator's loss against loops and torch."""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers import rand

from kdlab.losses import discrimination, gradient_reversal

# --- gradient reversal ---


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0, 7.1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_forward_is_the_identity_and_backward_is_minus_strength(strength, dtype):
    x = (rand(50, 3) * torch.logspace(-30, 30, 3, dtype=torch.float64)).to(dtype).requires_grad_()
    g = rand(50, 3, seed=1).to(dtype)
    y = gradient_reversal(x, strength)
    assert torch.equal(y, x)  # x − s (x − x), where 2x − x would round for other strengths than 1
    (found,) = torch.autograd.grad(y, x, g)
    assert torch.equal(found, -strength * g)


def test_one_pass_gives_the_two_gradients_of_a_game():
    """What stands behind the reversal descends, what stands before it climbs, by the same loss."""
    x, before, behind = rand(20, 4), rand(4, 3, seed=1), rand(3, 1, seed=2)

    def loss(a, b, strength=None):
        h = torch.tanh(x @ a)
        return ((h if strength is None else gradient_reversal(h, strength)) @ b).square().mean()

    a, b = before.clone().requires_grad_(), behind.clone().requires_grad_()
    plain = torch.autograd.grad(loss(a, b), (a, b))
    game = torch.autograd.grad(loss(a, b, 0.4), (a, b))
    torch.testing.assert_close(game[0], -0.4 * plain[0], rtol=1e-12, atol=0)
    torch.testing.assert_close(game[1], plain[1], rtol=0, atol=0)
    assert loss(a, b, 0.4) == loss(a, b)


def test_a_stack_of_students_with_a_strength_each():
    strength, x = torch.tensor([0.5, 1.0, 4.0], dtype=torch.float64), rand(3, 8)

    def pull(x, strength):
        return gradient_reversal(x, strength).square().sum()

    found = torch.func.vmap(torch.func.grad(pull))(x, strength)
    torch.testing.assert_close(found, -strength[:, None] * 2 * x, rtol=1e-12, atol=0)


def test_a_reversal_cannot_be_negative():
    with pytest.raises(ValueError, match=r"^strength must be a number at least 0, got -1$"):
        gradient_reversal(rand(3), -1)


# --- the discriminator's loss ---


def loop(student, teacher):
    """Equation 1 of Goodfellow et al., negated and halved: probabilities first, then logarithms."""
    sigma = [[1 / (1 + math.exp(-d)) for d in scores] for scores in (student.tolist(), teacher.tolist())]
    taken = sum(-math.log(1 - p) for p in sigma[0]) / len(student)
    known = sum(-math.log(p) for p in sigma[1]) / len(teacher)
    return (taken + known) / 2


def test_scores_worked_by_hand():
    # σ(log 3) = ¾, σ(0) = ½: ½ (log 4 + log 2)
    d = discrimination(torch.tensor([math.log(3.0)]), torch.tensor([0.0]))
    assert d.item() == pytest.approx(0.5 * (math.log(4) + math.log(2)), rel=1e-6)
    assert discrimination(torch.zeros(7), torch.zeros(5)).item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("sizes", [(1, 1), (6, 6), (4, 9)])
def test_it_is_the_loop(sizes):
    s, t = (2 * rand(n, seed=n + i) for i, n in enumerate(sizes))
    value = discrimination(s, t)
    assert value.shape == ()
    assert value.item() == pytest.approx(loop(s, t), rel=1e-9)


def test_it_is_the_cross_entropy_of_torch():
    s, t = rand(2, 6)
    truth = torch.cat([torch.zeros(6), torch.ones(6)]).double()
    torch.testing.assert_close(
        discrimination(s, t), F.binary_cross_entropy_with_logits(torch.cat([s, t]), truth), rtol=1e-12, atol=0
    )


def test_its_gradients_reach_both_sides_and_are_right():
    s, t = (rand(4, seed=i).requires_grad_() for i in (1, 2))
    assert torch.autograd.gradcheck(discrimination, (s, t))
    found = torch.autograd.grad(discrimination(s, t), (s, t))
    torch.testing.assert_close(found[0], torch.sigmoid(s) / 8)  # towards 0 for the student
    torch.testing.assert_close(found[1], -torch.sigmoid(-t) / 8)  # towards 1 for the teacher


def test_it_compares_crowds():
    """Which answer belongs to which sample does not matter; which side it is on does."""
    s, t = rand(2, 8)
    torch.testing.assert_close(discrimination(s.flip(0), t), discrimination(s, t))
    assert (discrimination(t, s) - discrimination(s, t)).abs() > 1e-3


def test_scores_beyond_measure_are_finite():
    far = torch.tensor([1e4, -1e4], requires_grad=True)
    for s, t in ((far, far), (far, -far), (-far, far)):
        value = discrimination(s, t)
        (g,) = torch.autograd.grad(value, far)
        assert value.isfinite()
        assert g.isfinite().all()
    assert discrimination(torch.tensor([-1e4]), torch.tensor([1e4])) == 0


def test_a_score_is_one_number_a_sample():
    with pytest.raises(ValueError, match=r"^teacher must have shape \(batch,\), got \(4, 1\)$"):
        discrimination(rand(4), rand(4, 1))
