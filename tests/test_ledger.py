"""Who pulls the student: gradients against autograd by hand."""

import math

import pytest
import torch
import torch.nn.functional as F
from helpers import bits, net, same, sure, toy, training

from kdlab.ledger import ledger, pull
from kdlab.losses import soft_targets


def flat_gradient(value, model):
    return torch.cat([g.flatten() for g in torch.autograd.grad(value, list(model.parameters()))])


def test_norms_shares_and_cosine_by_hand():
    made = training(alpha=0.7, temperature=3.0)
    batch, _ = made.batches(0)
    student = made.students["student"]
    with torch.no_grad():
        teacher = sure()(batch.x)
    labels = flat_gradient(F.cross_entropy(student(batch.x), batch.labels), student)
    soft = flat_gradient(soft_targets(student(batch.x), teacher, temperature=3.0), student)
    found = ledger(made)
    assert found["labels"].norm == pytest.approx(0.3 * labels.norm().item(), rel=1e-4)
    assert found["soft targets"].norm == pytest.approx(0.7 * soft.norm().item(), rel=1e-4)
    assert found["soft targets"].cosine == pytest.approx((labels @ soft / labels.norm() / soft.norm()).item(), rel=1e-3)
    assert found["labels"].cosine == pytest.approx(1)
    assert sum(e.share for e in found.values()) == pytest.approx(1)
    assert found["soft targets"].weight == 0.7


def test_the_ledger_is_of_the_next_step():
    made = training(type="feature", data=toy(labelled=30))
    made.take_step()
    expected = ledger(made)
    step = made.take_step()
    assert step.terms == pytest.approx({f"student/{n}": e.value for n, e in expected.items()}, rel=1e-5)
    assert step.weights == {f"student/{n}": e.weight for n, e in expected.items()}
    assert ledger(made, step=1) != expected  # the student has moved on
    assert ledger(made, step=made.step) == ledger(made)


@pytest.mark.parametrize("settings", [{}, {"scheme": "online"}, {"scheme": "self"}, {"type": "relation"}])
def test_looking_changes_nothing(settings):
    looked, plain = (training(net(1, batch_norm=True, dropout=0.2), **settings) for _ in range(2))
    for _ in looked:
        before = [p.grad for p in looked.students["student"].parameters()]
        ledger(looked)
        assert all(a is p.grad for a, p in zip(before, looked.students["student"].parameters(), strict=True))
    list(plain)
    assert same(bits(looked), bits(plain))


def test_terms_that_do_not_pull_have_no_direction():
    found = ledger(training(scheme="self"))
    assert list(found) == ["labels"]
    assert pull(found) is None
    taught = ledger(training(alpha=1.0))
    assert taught["labels"].norm == taught["labels"].share == 0
    assert not math.isnan(taught["soft targets"].cosine)


def test_labels_against_all_that_the_teacher_says():
    found = ledger(training(method={"soft-targets": 1, "hint": 1, "rkd": 1}, alpha=0.5))
    both = pull(found)
    assert both["labels"] + both["teacher"] == pytest.approx(1)
    assert both["teacher"] == pytest.approx(sum(e.share for n, e in found.items() if n != "labels"))
    strongest = max((e for n, e in found.items() if n != "labels"), key=lambda e: e.norm)
    assert both["cosine"] == strongest.cosine
