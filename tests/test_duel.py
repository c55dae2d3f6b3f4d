"""The adversarial game on a line: its gradients against autograd, and how it freezes."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from kdlab.losses import discrimination
from kdlab.ui.panels.duel import RATES, WHO, Duel


def by_autograd(duel: Duel) -> tuple[float, list[float]]:
    mean, slope, bias = (
        torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (duel.mean, duel.slope, duel.bias)
    )
    student, teacher = (
        mean + torch.tensor(duel.noise, dtype=torch.float64),
        torch.tensor(duel.teacher, dtype=torch.float64),
    )
    loss = discrimination(slope * student + bias, slope * teacher + bias)
    return loss.item(), [g.item() for g in torch.autograd.grad(loss, (mean, slope, bias))]


@pytest.mark.parametrize("moves", [0, 5, 40])
def test_loss_and_gradients_are_autograds(moves):
    duel = Duel()
    if moves:
        duel.play("both", moves)
    loss, gradients = by_autograd(duel)
    assert duel.loss() == pytest.approx(loss)
    assert duel.gradients() == pytest.approx(gradients)


@pytest.mark.parametrize("who", WHO)
def test_a_step_moves_who_learns_uphill_or_downhill_and_nobody_else(who):
    duel, before = Duel(), Duel()
    duel.play(who)
    mean, slope, bias = before.gradients()
    student, judge = who != "discriminator", who != "student"
    assert duel.mean == pytest.approx(before.mean + student * RATES["student"] * mean)
    assert duel.slope == pytest.approx(before.slope - judge * RATES["discriminator"] * slope)
    assert duel.bias == pytest.approx(before.bias - judge * RATES["discriminator"] * bias)
    assert duel.step == 1


def test_one_who_knows_nothing_pays_log_2_and_is_right_on_half():
    duel = Duel()
    duel.renew()
    assert duel.loss() == pytest.approx(np.log(2))
    assert duel.accuracy() == pytest.approx(0.5)
    assert duel.gradients()[0] == 0


def test_the_surer_the_discriminator_the_less_reaches_the_student():
    duel, pulls = Duel(), []
    for _ in range(4):
        pulls.append(duel.gradients()[0])
        duel.play("discriminator", 100)
    assert pulls == sorted(pulls, reverse=True)
    assert pulls[-1] > 0
    assert duel.accuracy() == 1


def test_picture_and_sentence_are_of_what_is_set():
    duel = Duel()
    duel.play("both", 7)
    assert f"the student's about {duel.mean:.1f}" in duel.sentence()
    assert f"reaches the student is {duel.gradients()[0]:.3f}" in duel.sentence()
    assert Image.open(io.BytesIO(duel.picture())).format == "PNG"
    with pytest.raises(ValueError, match="who"):
        duel.play("nobody")
