"""Batches: a function of seed and step, and nothing else."""

import torch
from helpers import toy
from hypothesis import given
from hypothesis import strategies as st

from kdlab.batches import Batches, Order


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
