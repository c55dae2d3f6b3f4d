"""Several teachers as one, and teachers who see another view than their student."""

import math
import re
from dataclasses import replace

import pytest
import torch
from helpers import bits, net, rand, same, sure, toy, training
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import kdlab
from kdlab import Recipe
from kdlab.algorithms.multi_teacher import COMBINE, Council, combine
from kdlab.events import Step
from kdlab.players import ask, tell

P = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])


# --- several teachers ---


def test_combinations_by_hand():
    logits = P.log()[:, None]  # two teachers, one input
    even, heavy = torch.tensor([1.0, 1.0]), torch.tensor([3.0, 1.0])
    assert torch.allclose(combine(logits, even)[0].softmax(0), torch.tensor([0.4, 0.4, 0.2]))
    assert torch.allclose(combine(logits, heavy)[0].softmax(0), 0.75 * P[0] + 0.25 * P[1])
    geometric = (P[0] * P[1]).sqrt()
    assert torch.allclose(combine(logits, even, "logits")[0].softmax(0), geometric / geometric.sum())
    assert torch.allclose(combine(logits, heavy, "votes")[0].exp(), torch.tensor([0.75, 0.25, 0.0]) + 1e-4)
    sure = [1 + sum(p * math.log(p) for p in row) / math.log(3) for row in P.tolist()]
    mixed = (sure[0] * P[0] + sure[1] * P[1]) / sum(sure)
    assert torch.allclose(combine(logits, even, "confidence")[0].softmax(0), mixed)


@given(st.sampled_from(COMBINE), st.integers(0, 50))
def test_equal_teachers_are_one_teacher_and_their_order_does_not_matter(how, seed):
    one, other = rand(4, 5, seed=seed), rand(4, 5, seed=seed + 99)
    weights = torch.tensor([0.3, 0.7], dtype=torch.float64)
    alike = combine(torch.stack([one, one]), weights, how)
    assert torch.equal(alike.argmax(1), one.argmax(1))
    if how != "votes":
        assert torch.allclose(alike.softmax(1), one.softmax(1))
    there = combine(torch.stack([one, other]), weights, how)
    back = combine(torch.stack([other, one]), weights.flip(0), how)
    assert torch.allclose(there, back)
    assert there.isfinite().all()


def test_a_teacher_who_knows_nothing_of_an_input_is_not_heard_by_confidence():
    logits = torch.stack([torch.zeros(1, 3), 3 * torch.eye(3)[:1]])
    even = torch.ones(2)
    assert torch.allclose(combine(logits, even, "confidence").softmax(1), logits[1].softmax(1), atol=1e-4)
    assert not torch.allclose(combine(logits, even).softmax(1), logits[1].softmax(1), atol=0.1)


def test_several_teachers_teach_and_stay_as_they_are():
    teachers = [sure(7), sure(8), sure(9)]
    before = [bits(one) for one in teachers]
    made = training(teacher=teachers, algorithm="multi-teacher", algorithm_knobs={"combine": "logits"})
    batch, _ = made.batches(0)
    mean = sum(tell(one, batch.x).logits for one in teachers) / 3
    assert torch.allclose(made.setup.players["teacher"].know(batch)[""].logits, mean, atol=1e-5)
    assert sum(isinstance(event, Step) for event in made) == 18
    assert all(same(bits(one), was) for one, was in zip(teachers, before, strict=True))
    again = training(teacher=teachers, algorithm="multi-teacher", algorithm_knobs={"combine": "logits"})
    assert again.teacher is made.teacher  # so that what it said serves again


def test_the_same_teacher_given_twice_speaks_twice():
    one, other = sure(7), sure(8)
    x = toy().test.x
    said = tell(Council([one, one, other], torch.ones(3), "logits"), x).logits
    assert torch.allclose(said, (2 * tell(one, x).logits + tell(other, x).logits) / 3, atol=1e-4)


def test_their_layers_are_found_by_their_number():
    taps = {"1.stage1": "stage1"}
    made = training(teacher=[sure(7), sure(8)], algorithm="multi-teacher", type="feature", method="hint", taps=taps)
    assert made.wires[0].pairs == (("1.stage1", "stage1"),)
    assert all(math.isfinite(event.loss) for event in made if isinstance(event, Step))


def test_weights_by_labels_find_out_who_lies():
    data, good = toy(), net(3)
    learned = kdlab.distill(good, data, recipe=Recipe(alpha=0.0, epochs=30, learning_rate=0.01), progress=False).student
    liar = nn.Sequential(learned, Rolled())
    settings = {"weigh_by": "labels"}
    council = training(teacher=[learned, liar], algorithm="multi-teacher", algorithm_knobs=settings).teacher
    assert isinstance(council, Council)
    assert council.weights[0] > 10 * council.weights[1]
    loss = nn.functional.cross_entropy(ask(learned, data.train.x).logits, data.train.y)
    assert torch.allclose(council.weights[0], (-loss).exp())
    right = (tell(council, data.test.x).logits.argmax(1) == tell(learned, data.test.x).logits.argmax(1)).float().mean()
    assert right > 0.95


class Rolled(nn.Module):
    """Says of every class what was meant for the one before."""

    def forward(self, logits):
        return logits.roll(1, dims=1)


def test_a_council_that_goes_on_learning():
    teachers = [sure(7), sure(8)]
    made = training(teacher=teachers, algorithm="multi-teacher", scheme="online", scheme_variant="co-trained")
    assert set(made.students) == {"student", "co-teacher"}
    before = bits(teachers[0])
    list(made)
    assert same(bits(teachers[0]), before)
    assert not torch.equal(made.students["co-teacher"].get_submodule("0.head").weight, teachers[0].head.weight)


# --- views ---


def two_views(n=90):
    """The toy images, and the same in negative: pairs of views of the same samples."""
    data = toy(n)
    splits = {}
    for part in ("train", "validation", "test"):
        split = getattr(data, part)
        splits[part] = replace(split, views={"plain": split.x, "negative": -split.x})
    return replace(data, **splits, whole=splits["train"])


def test_each_sees_its_own_view():
    data, teacher = two_views(), sure()
    settings = {"algorithm": "cross-modal", "view": "negative", "teacher_view": "plain"}
    made = training(net(1), data, teacher=teacher, **settings)
    batch, _ = made.batches(0)
    assert torch.equal(batch.x, -data.train.views["plain"][batch.index])
    said = made.setup.players["teacher"].know(batch)[""].logits
    assert torch.equal(said, ask(teacher, data.train.views["plain"]).logits[batch.index])
    with torch.no_grad():
        mine = made.students["student"].train()(batch.x)
    assert torch.equal(made.setup.players["student"].know(batch)[""].logits, mine)
    measured = made.measure()["student"]
    student = tell(made.students["student"], -data.validation.views["plain"]).logits.argmax(1)
    said = tell(teacher, data.validation.views["plain"]).logits.argmax(1)
    assert measured["agreement"] == (student == said).double().mean().item()
    run = kdlab.distill(net(1), data, teacher=teacher, recipe=made.recipe.replace(epochs=1), progress=False)
    said = tell(teacher, data.test.views["plain"]).logits.argmax(1)
    assert run.metrics()["teacher_accuracy"] == pytest.approx((said == data.test.y).float().mean().item())


def test_peers_see_the_other_view():
    made = training(
        net(1),
        two_views(),
        teacher=None,
        scheme="online",
        algorithm="cross-modal",
        view="plain",
        teacher_view="negative",
    )
    batch, _ = made.batches(0)
    peer = made.setup.players["peer"]
    with torch.no_grad():
        assert torch.equal(peer.know(batch)[""].logits, peer.net(-batch.x))
    assert all(math.isfinite(event.loss) for event in made if isinstance(event, Step))


@pytest.mark.parametrize(
    ("views", "reason"),
    [
        ({}, "needs a teacher_view other than the student's 'plain', got None; allowed: 'plain', 'negative'"),
        ({"teacher_view": "plain"}, "needs a teacher_view other than the student's 'plain', got 'plain'"),
        (
            {"teacher_view": "negativ"},
            "'plain', 'negative', got 'negativ'; did you mean 'negative'",
        ),
        ({"view": "other"}, "view must be one of 'plain', 'negative', got 'other'"),
    ],
)
def test_views_that_are_not_there_are_refused(views, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        training(net(1), two_views(), algorithm="cross-modal", **views)
