"""Batches: a function of seed and step, and nothing else."""

import pytest
import torch
from helpers import net, toy, training
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from kdlab.batches import Batches, Order
from kdlab.events import Changed, Step


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 99))
def test_an_epoch_sees_every_row_once(n, size, seed):
    order = Order(n, size, seed)
    for epoch in (0, 3):
        rows = torch.cat([order(epoch * order.per_epoch + i) for i in range(order.per_epoch)])
        assert sorted(rows.tolist()) == list(range(n))
    lengths = [len(order(i)) for i in range(order.per_epoch)]
    assert lengths == [size] * (n // size) + ([n % size] if n % size else [])


def test_the_order_can_be_asked_anywhere():
    forward, jumping = Order(50, 16, 3), Order(50, 16, 3)
    rows = [forward(step) for step in range(12)]
    assert all(torch.equal(jumping(step), rows[step]) for step in (11, 0, 7, 7, 2))
    assert not torch.equal(torch.cat(rows[:4]), torch.cat(rows[4:8]))  # each epoch anew
    assert not torch.equal(rows[0], Order(50, 16, 4)(0))


def test_the_global_random_state_plays_no_part():
    torch.manual_seed(1)
    a = Order(50, 16, 3)(0)
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    assert torch.equal(a, Order(50, 16, 3)(0))
    assert torch.equal(before, torch.random.get_rng_state())


def test_rows_belong_together():
    data = toy(90, labelled=30)
    for step in range(14):
        for batch in Batches(data, 16, 0)(step):
            assert torch.equal(batch.x, data.train.x[batch.index])
            assert torch.equal(batch.labels, data.train.y[batch.index])
            assert torch.equal(batch.known, data.train.labelled[batch.index])


def test_a_label_batch_holds_labelled_rows_only_and_all_of_them():
    data = toy(90, labelled=30)
    batches = Batches(data, 16, 0)
    rows = [batches(step)[1] for step in range(4)]
    assert all(batch.known.all() for batch in rows)
    assert [len(batch.index) for batch in rows] == [16, 14, 16, 14]
    for pair in (rows[:2], rows[2:]):
        assert sorted(torch.cat([b.index for b in pair]).tolist()) == data.train.labelled.nonzero().flatten().tolist()
    assert batches.transfer.per_epoch == 6  # an epoch is one of the transfer set, however few labels there are


def test_one_batch_serves_both_where_all_are_labelled():
    transfer, labelled = Batches(toy(90), 16, 0)(0)
    assert transfer is labelled
    transfer, labelled = Batches(toy(90, labelled=30, pool=0), 16, 0)(0)
    assert transfer is labelled


# --- data that come later ---


@pytest.mark.parametrize("labelled", [None, 40])
def test_late_images_are_not_there_before_their_time(labelled):
    data = toy(90, labelled=labelled)
    count = labelled or 90
    batches = Batches(data, 16, 0, late=0.5, late_after=2)
    assert batches.arrival == 12
    assert batches.transfer.per_epoch == 6  # an epoch stays what it was

    def rows(steps):
        return [set(torch.cat([batches(s)[which].index for s in steps]).tolist()) for which in (0, 1)]

    early, early_labelled = rows(range(12))
    everything, all_labelled = rows(range(12, 24))
    assert len(early_labelled) == count // 2
    assert all_labelled == set(data.train.labelled.nonzero().flatten().tolist())
    assert everything == set(range(90))
    assert early == everything - (all_labelled - early_labelled)  # the pool is there from the beginning
    assert {data.train.y[i].item() for i in early_labelled} == {0, 1, 2}
    after, plain = batches(12), Batches(data, 16, 0)(12)
    assert all(torch.equal(a.index, b.index) for a, b in zip(after, plain, strict=True))


def test_which_images_are_late_does_not_depend_on_the_seed():
    data = toy(90)
    early = [set(torch.cat([Batches(data, 16, s, late=0.4)(i)[0].index for i in range(4)]).tolist()) for s in (0, 1)]
    assert early[0] == early[1]
    assert len(early[0]) == 54


@pytest.mark.parametrize("late", [1.0, 0.98])
def test_a_label_of_each_class_is_there_from_the_beginning(late):
    with pytest.raises(
        ValueError, match=rf"^late must leave a label of each class at first \(3 of 90 labels\), got {late}$"
    ):
        Batches(toy(90), 16, 0, late=late)


# --- no batch of one ---


@given(st.integers(2, 60), st.integers(3, 20), st.integers(0, 9))
def test_pairs_leave_no_batch_of_one_and_as_many_steps(n, size, seed):
    order, plain = Order(n, size, seed, pairs=True), Order(n, size, seed)
    assert order.per_epoch == plain.per_epoch
    batches = [order(i) for i in range(order.per_epoch)]
    assert min(map(len, batches)) > 1
    assert torch.equal(torch.cat(batches), torch.cat([plain(i) for i in range(order.per_epoch)]))
    if n % size != 1:
        assert order.sizes == plain.sizes


@pytest.mark.parametrize(("n", "size"), [(1, 16), (37, 2), (5, 1)])
def test_where_a_batch_of_one_cannot_be_avoided_it_is_refused(n, size):
    with pytest.raises(
        ValueError, match=rf"^batch_size must leave no batch of one sample, .*, got {size} for {n} inputs$"
    ):
        Order(n, size, 0, pairs=True)
    Order(n, size, 0)


def normed(seed: int = 1) -> nn.Sequential:
    """A student with BatchNorm on vectors, which cannot be trained on one sample."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


@pytest.mark.parametrize("data", [toy(33), toy(60, labelled=33), toy(49, labelled=20)])
def test_a_student_that_needs_two_gets_two_and_says_so(data):
    made = training(normed(), data, epochs=2)
    events = list(made)
    assert [(e.step, e.knob, e.old, e.new) for e in events if isinstance(e, Changed)] == [(0, "last batch", 1, 2)]
    assert sum(isinstance(e, Step) for e in events) == 2 * -(-len(data.train) // 16)
    unharmed = training(net(1, batch_norm=True), data, epochs=2)  # BatchNorm on maps has many values of one image
    assert not any(isinstance(e, Changed) for e in unharmed)
    assert not unharmed.batches.pairs


def test_it_is_refused_before_the_first_step():
    with pytest.raises(ValueError, match=r"^batch_size must leave no batch of one sample, .*, got 2 for 33 inputs$"):
        training(normed(), toy(33), batch_size=2)
    made = training(normed(), toy(33), teacher=normed(2), scheme="online", scheme_variant="co-trained")
    list(made)
    later = training(net(1), toy(33), teacher=normed(2))  # a peer that needs two comes in mid-run
    iterator = iter(later)
    next(iterator)
    next(iterator)
    later.recipe = later.recipe.replace(scheme="online", scheme_variant="co-trained")
    said = [(e.step, e.knob) for e in later if isinstance(e, Changed)]
    assert said == [(1, "scheme"), (1, "scheme_variant"), (1, "last batch")]
    assert later.batches.pairs
