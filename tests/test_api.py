"""What scripts and notebooks call."""

import pytest
from helpers import bits, net, same, sure, toy

import kdlab
from kdlab import Recipe
from kdlab.events import Epoch, Step

RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=0.01)


def test_distill_is_train_to_the_end():
    student = net(1)
    before = bits(student)
    made = kdlab.distill(student, toy(), teacher=sure(), recipe=RECIPE)
    training = kdlab.train(student, toy(), teacher=sure(), recipe=RECIPE)
    assert made.events == list(training)
    assert same(bits(made.student), bits(training.students["student"]))
    assert same(bits(student), before)
    assert made.student is not student
    assert isinstance(made.events[-1], Epoch)


def test_the_same_call_gives_the_same_bits_and_another_seed_others():
    a, b, c = (kdlab.distill(net(1), toy(), teacher=sure(), recipe=RECIPE.replace(seed=s)) for s in (0, 0, 1))
    assert a.events == b.events
    assert same(bits(a.student), bits(b.student))
    assert not same(bits(a.student), bits(c.student))


def test_a_seed_gives_a_named_students_weights_and_an_own_student_keeps_its_own():
    data = kdlab.load("fashion-mnist", labelled=60, pool=0)
    first = [kdlab.train("mlp-16", data, recipe=Recipe(alpha=0.0, seed=s)).students["student"] for s in (0, 0, 1)]
    assert same(bits(first[0]), bits(first[1]))
    assert not same(bits(first[0]), bits(first[2]))
    own = kdlab.train(first[2], data, recipe=Recipe(alpha=0.0, seed=0)).students["student"]
    assert same(bits(own), bits(first[2]))


def test_the_recipe_keeps_names_and_forgets_those_that_objects_replace():
    recipe = RECIPE.replace(student="mlp-64", data="fashion-mnist", teacher="fashion-mnist-cnn")
    assert kdlab.train(net(1), toy(), teacher=sure(), recipe=recipe).recipe.student is None
    kept = kdlab.train("mlp-16", kdlab.load("fashion-mnist", labelled=60, pool=0), recipe=recipe).recipe
    assert (kept.student, kept.data, kept.teacher) == ("mlp-16", None, "fashion-mnist-cnn")
    by_name = RECIPE.replace(labelled=60, pool=5)
    made = kdlab.train("mlp-16", "fashion-mnist", teacher="fashion-mnist-cnn", recipe=by_name)
    assert (int(made.data.train.labelled.sum()), len(made.data.train)) == (60, 65)


def test_progress_is_shown_where_somebody_looks(capfd):
    kdlab.distill(net(1), toy(), teacher=sure(), recipe=RECIPE)
    assert capfd.readouterr() == ("", "")


def test_a_run_draws_its_curves():
    figure = kdlab.distill(net(1), toy(), teacher=sure(), recipe=RECIPE).plot()
    assert len(figure.axes) >= 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: kdlab.train("mpl-64", toy(), recipe=Recipe(alpha=0)),
            "name must be one of .*; did you mean 'mlp-64'",
        ),
        (lambda: kdlab.train("mlp-64", "fashion-mnst"), "name must be one of .*; did you mean 'fashion-mnist'"),
        (lambda: kdlab.train("mlp-64", toy(), teacher="fashion-mnist-cn"), "name must be one of .*'fashion-mnist-cnn'"),
        (lambda: kdlab.train("mlp-64"), "data must be a Dataset or a name, got None; allowed: .*fashion-mnist"),
        (
            lambda: kdlab.train(None, toy(), teacher=sure()),
            "student must be a module or a name, got None; allowed: mlp-16",
        ),
        (
            lambda: kdlab.train(net(1), toy()),
            "teacher must be a trained module or a name for scheme 'offline', got None",
        ),
        (lambda: kdlab.explain(scheme="on-line"), "scheme must be one of .*; did you mean 'online'"),
        (lambda: kdlab.explain(type="feature", method="rkd"), "method must be of type 'feature', got 'rkd'"),
    ],
)
def test_bad_names_are_refused_before_anything_happens(call, message):
    with pytest.raises(ValueError, match=rf"^{message}"):
        call()


def test_explain_says_nothing_where_all_is_well():
    for kind in kdlab.methods.TYPES:
        for scheme in kdlab.schemes.names():
            assert kdlab.explain(type=kind, scheme=scheme) is None
            assert kdlab.explain(type=kind, scheme=scheme, data=toy(), teacher=sure(), student=net()) is None


def test_train_is_an_iterator_of_events():
    made = kdlab.train(net(1), toy(), teacher=sure(), recipe=RECIPE)
    first = [event for _, event in zip(range(3), made, strict=False)]
    assert [e.step for e in first] == [0, 1, 2]
    assert sum(isinstance(e, Step) for e in made) == 12 - 2
