"""Several views of one's own samples: they stay together through every draw."""

import numpy as np
import pytest
import torch

from kdlab.data import Dataset


def own(count=20, **settings):
    """Samples with two views: "near" holds the sample's number twice, "far" its negative in a 1 × 2 × 2 picture."""

    def views(start, n):
        number = torch.arange(start, start + n).float()
        return {"near": number[:, None].repeat(1, 2), "far": -number[:, None, None, None].expand(n, 1, 2, 2)}

    y = torch.arange(count) % 2
    pairs = {"validation": (views(100, 4), y[:4]), "test": (views(200, 4), y[:4])}
    return Dataset.from_tensors(views(0, count), y, **pairs | settings)


def test_the_first_view_is_the_default_and_any_other_can_be_chosen():
    d = own()
    assert d.views == ["near", "far"]
    assert d.train.x is d.train.views["near"]
    far = d.with_view("far")
    assert [tuple(s.x.shape[1:]) for s in (far.train, far.validation, far.test)] == [(1, 2, 2)] * 3
    assert torch.equal(far.train.seen("near"), d.train.x)
    assert torch.equal(far.train.seen(), d.train.seen("far"))


@pytest.mark.parametrize("view", ["near", "far"])
@pytest.mark.parametrize("pool", [None, 0, 5])
def test_labels_rows_and_views_stay_together_through_a_draw(view, pool):
    d = own().with_view(view).with_labels(6, pool, labelled_seed=3)
    assert len(d.train) == {None: 20, 0: 6, 5: 11}[pool]
    assert torch.equal(d.train.views["near"][:, 0].long(), d.train.rows)
    assert torch.equal(-d.train.views["far"].flatten(1)[:, 0].long(), d.train.rows)
    assert torch.equal(d.train.y, d.train.rows % 2)
    assert d.train.x is d.train.views[view]
    assert int(d.train.labelled.sum()) == 6


def test_rows_count_through_training_validation_and_test():
    d = own(labelled=4, pool=3)
    assert d.validation.rows.tolist() == [20, 21, 22, 23]
    assert d.test.rows.tolist() == [24, 25, 26, 27]
    everything = d.everything("far").flatten(1)[:, 0]  # of all samples, whatever the draw left out
    assert everything.tolist() == [-float(i) for i in (*range(20), *range(100, 104), *range(200, 204))]
    assert torch.equal(everything[d.train.rows], d.train.seen("far").flatten(1)[:, 0])


def test_data_of_one_view_are_as_before():
    x, y = torch.rand(4, 3), torch.tensor([0, 1, 0, 1])
    d = Dataset.from_tensors(x, y, validation=(x, y), test=(x, y))
    assert d.views == []
    assert d.train.x.data_ptr() == x.data_ptr()
    assert d.train.seen() is d.train.x
    assert (d.edges, list(d.lines)) == (None, [])
    with pytest.raises(ValueError, match="view must be None, since these data have one view only, got 'near'"):
        d.with_view("near")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test": ({"near": torch.zeros(2, 2)}, torch.tensor([0, 1]))}, r"test x must have .* views \['near', 'far'\]"),
        (
            {"test": ({"near": torch.zeros(2, 2), "far": torch.zeros(2, 1, 2, 3)}, torch.tensor([0, 1]))},
            r"test x\['far'\] must have samples of the .* shape \(1, 2, 2\), got \(1, 2, 3\)",
        ),
        (
            {"validation": ({"near": torch.zeros(3, 2), "far": torch.zeros(2, 1, 2, 2)}, torch.tensor([0, 1]))},
            r"validation x\['near'\] and validation y .*3 rows and 2",
        ),
        (
            {"validation": ({"near": np.full((2, 2), np.nan), "far": torch.zeros(2, 1, 2, 2)}, torch.tensor([0, 1]))},
            r"validation x\['near'\] must hold finite numbers",
        ),
        ({"test": ({}, torch.tensor([0, 1]))}, "test x must hold one view at least"),
    ],
)
def test_views_that_do_not_fit_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        own(**settings)


def test_an_unknown_view_is_refused_with_a_near_miss():
    with pytest.raises(ValueError, match=r"view must be one of 'near', 'far', got 'nearer'; did you mean 'near'"):
        own().with_view("nearer")
