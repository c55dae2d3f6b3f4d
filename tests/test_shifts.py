"""Images in shifted ways: which, and that nobody ever learns what the teacher said of another picture."""

import pytest
import torch
from helpers import bits, net, same, sure, toy

import kdlab
from kdlab import Recipe
from kdlab.batches import Batches
from kdlab.players import tell
from kdlab.shifts import MOST, drawn, shifts, ways
from kdlab.stacked import finish, why_not
from kdlab.training import Training


def seen(training):
    """Of each step what the student saw, and what it was told that the teacher says of it."""
    for step in range(training.total):
        transfer, labelled = training.batches(step)
        told = training.setup.players["teacher"].know(transfer)[""]
        yield transfer, labelled, told


def training(data=None, **settings):
    recipe = Recipe(**{"shifts": 3, "epochs": 3, "batch_size": 16, "seed": 4} | settings)
    return Training(net(), data or toy(n=50), teacher=sure(), recipe=recipe)


def test_shifts_by_hand():
    x = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    made = ways(x, MOST)
    assert made.shape == (25, 1, 3, 3)
    by = dict(zip(shifts(MOST), made[:, 0], strict=True))
    assert len(by) == 25
    assert by[0, 0].tolist() == x[0, 0].tolist()
    assert by[1, 0].tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
    assert by[-1, 2].tolist() == [[0, 0, 4], [0, 0, 7], [0, 0, 0]]


def test_the_ways_are_few_and_always_the_same():
    assert shifts(0) == [(0, 0)]
    assert shifts(5) == shifts(MOST)[:6]
    x = torch.rand(4, 1, 6, 6)
    assert ways(x, 0) is x
    assert ways(x, 5) is ways(x, 5)  # made once, so that a teacher is asked once
    x += 1
    assert torch.equal(ways(x, 5)[:4], x)


def test_each_image_has_another_way_in_another_epoch_and_all_ways_come():
    first, again, later = drawn(300, 4, 7, 0), drawn(300, 4, 7, 0), drawn(300, 4, 7, 1)
    assert torch.equal(first, again)
    assert 0.6 < (first != later).float().mean() < 0.95  # 4 of 5 at random
    assert first.bincount().min() > 30


@pytest.mark.parametrize("labelled", [None, 20])
def test_what_is_told_is_said_of_the_very_picture(labelled):
    """Shuffled, with a short last batch, with a label batch of its own."""
    one = training(data=toy(n=50, labelled=labelled))
    teacher, pictures = sure(), one.data.train.x
    places = {}
    for transfer, labels, told in seen(one):
        assert torch.allclose(told.logits, tell(teacher, transfer.x).logits, atol=1e-5)
        assert torch.equal(labels.labels, one.data.train.y[labels.index])
        for batch in (transfer, labels):
            for row, place, x in zip(batch.index.tolist(), batch.place.tolist(), batch.x, strict=True):
                down, right = shifts(3)[place // 50]
                assert place % 50 == row
                assert torch.equal(x, ways(pictures[row : row + 1], MOST)[shifts(MOST).index((down, right))])
                places.setdefault(row, set()).add(place)
    assert max(map(len, places.values())) == 3  # of three epochs


def test_features_are_told_of_the_same_picture():
    one = training(type="feature", taps={"stage1": "stage1"})
    for transfer, _, told in seen(one):
        assert torch.allclose(
            told.features["stage1"], tell(sure(), transfer.x, ["stage1"]).features["stage1"], atol=1e-5
        )


def test_another_view_is_shifted_alike():
    x = {"picture": torch.rand(40, 1, 6, 6), "negative": None}
    x["negative"] = 1 - x["picture"]
    y = torch.arange(40) % 3
    part = ({k: v[:9] for k, v in x.items()}, y[:9])
    data = kdlab.Dataset.from_tensors(x, y, validation=part, test=part)
    recipe = Recipe(shifts=6, epochs=2, batch_size=16, teacher_view="negative")
    one = Training(net(), data, teacher=sure(), recipe=recipe)
    for transfer, _, told in seen(one):
        inside = (transfer.x > 0).float()  # what comes in is 0 in both
        negative = transfer.seen("negative")
        assert torch.allclose(negative * inside, (1 - transfer.x) * inside)
        assert torch.allclose(told.logits, tell(sure(), negative).logits, atol=1e-5)


def test_without_shifts_nothing_changes():
    plain, none = (
        training(shifts=0),
        Training(net(), toy(n=50), teacher=sure(), recipe=Recipe(epochs=3, batch_size=16, seed=4)),
    )
    list(plain), list(none)
    assert same(bits(plain), bits(none))
    batches = Batches(toy(n=50), 16, 0)
    assert torch.equal(batches(0)[0].among, batches(0)[0].index)


def test_a_run_goes_on_to_the_same_bits_and_measures_plain_pictures():
    whole, first, second = training(), training(), training()
    list(whole)
    events = iter(first)
    while first.step < 5:
        next(events)
    second.load(first.state())
    list(second)
    assert same(bits(second), bits(whole))
    assert second.data.validation.shifts == second.data.test.shifts == 0
    assert not same(bits(whole), bits(training(shifts=0)))


def test_students_stack():
    data, teacher, recipe = toy(n=50), sure(), Recipe(shifts=3, epochs=2, batch_size=16, order_seed=1)
    made, alone = (
        [Training(net(seed), data, teacher=teacher, recipe=recipe.replace(seed=seed)) for seed in range(3)]
        for _ in range(2)
    )
    assert why_not(made) is None
    finish(made)
    for one, other in zip(made, alone, strict=True):
        list(other)
        both = zip(bits(one).values(), bits(other).values(), strict=True)
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in both)


@pytest.mark.parametrize(("shifts", "error"), [(25, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_bad_numbers_are_refused(shifts, error):
    with pytest.raises(error, match="shifts must be"):
        Recipe(shifts=shifts)


def test_words_are_refused_before_anything_is_trained():
    recipe = Recipe(shifts=2, data="wordnet-topics", student="mlp-16", teacher="wordnet-minilm")
    with pytest.raises(ValueError, match=r"shifts must be 0 for inputs that are no images \(N, C, H, W\), got 2 for"):
        kdlab.train(recipe=recipe)


def test_a_recipe_says_it_only_where_it_matters():
    assert "shifts" not in Recipe().to_toml()
    assert Recipe.from_toml(Recipe(shifts=4).to_toml()).shifts == 4
