"""The loss ledger's numbers against autograd, by another way than the package takes."""

import io
import math

import pytest
import torch
import torch.nn.functional as F
from helpers import net, sure, toy
from PIL import Image

from kdlab.batches import Batches
from kdlab.ui.panels.ledger import TEMPERATURES, LossLedger

DATA, TEACHER = toy(), sure()
STUDENT = net(1)


@pytest.fixture(scope="module")
def view() -> LossLedger:
    return LossLedger({"untrained": STUDENT, "other": net(2)}, DATA, teacher=TEACHER, batch_size=60, temperature=3.0)


def gradients(temperature: float) -> tuple[float, float, torch.Tensor, torch.Tensor]:
    """CE and T² KL of the batch and their gradients in the student's weights, written out."""
    batch, _ = Batches(DATA, 60, 0)(0)
    student = net(1).eval()
    logits, target = student(batch.x), (TEACHER(batch.x).detach() / temperature).softmax(1)
    ce = F.cross_entropy(logits, batch.labels)
    kl = temperature**2 * F.kl_div((logits / temperature).log_softmax(1), target, reduction="batchmean")
    flat = [
        torch.cat([g.flatten() for g in torch.autograd.grad(value, list(student.parameters()), retain_graph=True)])
        for value in (ce, kl)
    ]
    return ce.item(), kl.item(), *flat


@pytest.mark.parametrize("place", [0, 7, 14, 20])
def test_values_pulls_and_cosine_are_autograds(view, place):
    t = TEMPERATURES[place]
    ce, kl, by_labels, by_teacher = gradients(t)
    terms = view.at(t, alpha=0.7, squared=True, moment=0)
    labels, soft = terms["labels"], terms["soft targets"]
    assert labels["value"] == pytest.approx(ce, rel=1e-4)
    assert soft["value"] == pytest.approx(kl, rel=1e-3, abs=1e-7)
    pulls = 0.3 * by_labels.norm().item(), 0.7 * by_teacher.norm().item()
    assert labels["weight"] * labels["norm"] == pytest.approx(pulls[0], rel=1e-3)
    assert soft["weight"] * soft["norm"] == pytest.approx(pulls[1], rel=1e-3)
    assert soft["share"] == pytest.approx(pulls[1] / sum(pulls), rel=1e-3)
    assert soft["cosine"] == pytest.approx(F.cosine_similarity(by_labels, by_teacher, dim=0).item(), abs=1e-3)


def test_between_two_temperatures_the_error_is_small(view):
    t = math.sqrt(TEMPERATURES[10] * TEMPERATURES[11])
    _, _, by_labels, by_teacher = gradients(t)
    soft = view.at(t, alpha=0.5, squared=True, moment=0)["soft targets"]
    assert soft["share"] == pytest.approx((by_teacher.norm() / (by_teacher.norm() + by_labels.norm())).item(), abs=0.01)


def test_without_the_factor_everything_of_the_teachers_is_divided_by_t_squared(view):
    with_it, without = (view.at(4.0, squared=squared)["soft targets"] for squared in (True, False))
    for name in ("value", "norm"):
        assert with_it[name] == pytest.approx(16 * without[name])
    assert view.at(1.0, squared=True) == view.at(1.0, squared=False)


def test_alpha_at_its_ends_leaves_one_of_the_two(view):
    assert view.at(2.0, alpha=0.0)["labels"]["share"] == 1
    assert view.at(2.0, alpha=1.0)["soft targets"]["share"] == 1


def test_picture_and_sentence_are_of_what_is_set(view):
    view.moment, view.alpha, view.temperature, view.squared = 1, 0.25, 5.0, False
    share = view.at(5.0)["soft targets"]["share"]
    assert view.sentence().startswith("Other, T = 5, alpha = 0.25, without the factor T²: the labels have ")
    assert f"the teacher {100 * share:.0f} %" in view.sentence()
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert len(view.picture()) <= 40_000


def test_the_student_stays_as_it_was():
    before = {k: v.clone() for k, v in STUDENT.state_dict().items()}
    STUDENT.train()
    LossLedger({"one": STUDENT}, DATA, teacher=TEACHER, batch_size=30)
    assert all(torch.equal(v, before[k]) for k, v in STUDENT.state_dict().items())
    assert STUDENT.training
