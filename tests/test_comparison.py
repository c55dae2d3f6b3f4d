"""Comparisons: equal steps, paired by seed, and an interval that is the textbook's."""

import numpy as np
import pytest
from helpers import bits, net, same, sure, toy
from scipy import stats

import kdlab
from kdlab import DivergedError, Recipe
from kdlab.comparison import Table, compare, paired
from kdlab.training import Training

BASE = Recipe(epochs=2, batch_size=16, learning_rate=0.01)
ARMS = {"soft": BASE, "labels": BASE.replace(alpha=0.0), "smooth": BASE.replace(alpha=0.0, label_smoothing=0.1)}


def table(**changes):
    rng = np.random.RandomState(0)
    values = {arm: list(0.8 + 0.05 * rng.randn(6)) for arm in ARMS}
    given = {"accuracy": values, "agreement": {}, "seconds": dict.fromkeys(ARMS, 1.0), "steps": dict.fromkeys(ARMS, 12)}
    return Table(**(given | {"seeds": list(range(6)), "against": "labels", "note": "6 seeds"} | changes))


@pytest.fixture(scope="module")
def compared():
    return compare(ARMS, toy(labelled=30), teacher=sure(), student=lambda seed: net(seed), seeds=range(3))


def test_the_interval_is_that_of_the_paired_t_test():
    made = table()
    low, high = stats.ttest_rel(made.accuracy["soft"], made.accuracy["labels"]).confidence_interval(0.95)
    found = made.difference("soft")
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.mean == pytest.approx(np.mean(made.accuracy["soft"]) - np.mean(made.accuracy["labels"]))
    back = made.difference("labels", "soft")
    assert (back.mean, back.low, back.high) == pytest.approx((-found.mean, -found.high, -found.low))
    assert str(found) == f"{100 * found.mean:+.1f} ± {100 * (high - low) / 2:.1f}"


def test_each_number_is_one_training(compared):
    for arm, recipe in ARMS.items():
        for seed, accuracy in enumerate(compared.accuracy[arm]):
            run = kdlab.distill(net(seed), toy(labelled=30), teacher=sure(), recipe=recipe.replace(seed=seed))
            assert run.metrics()["accuracy"] == accuracy
            assert run.metrics()["agreement"] == compared.agreement[arm][seed]


def test_labels_alone_is_what_the_others_are_compared_with(compared):
    assert compared.against == "labels"
    assert compared.steps == dict.fromkeys(ARMS, 12)
    assert compared.seeds == [0, 1, 2]
    rows = {row["arm"]: row for row in compared.rows()}
    assert rows["labels"]["less labels, 95 %"] == ""
    assert rows["soft"]["less labels, 95 %"] == str(compared.difference("soft"))
    assert rows["soft"]["accuracy %"] == f"{100 * np.mean(compared.accuracy['soft']):.1f}"
    assert rows["soft"]["spread (sd)"] == f"{100 * np.std(compared.accuracy['soft'], ddof=1):.1f}"


def test_the_counts_of_labels_are_said(compared):
    note = "3 seeds; 30 training labels among 90 inputs, 40 validation labels, 50 test labels"
    assert compared.note == note
    assert repr(compared).endswith(note)
    assert note in compared._repr_html_()
    assert len(repr(compared).splitlines()) == 1 + 3 + 1
    assert "<script>" not in table(note="<script>")._repr_html_()


def test_arms_of_a_list_are_named_by_what_differs():
    made = compare([BASE, BASE.replace(temperature=4.0)], toy(), teacher=sure(), student=net, seeds=[3])
    assert list(made.accuracy) == ["temperature 2.0", "temperature 4.0"]
    assert made.against == "temperature 2.0"
    assert list(made.rows()[0]) == ["arm", "accuracy %", "agreement %", "steps"]
    with pytest.raises(ValueError, match=r"^seeds must be at least 2 for an interval, got 1$"):
        made.difference("temperature 4.0")


def test_without_a_teacher_there_is_no_agreement():
    made = compare([BASE.replace(alpha=0.0)], toy(), student=net, seeds=[0])
    assert made.agreement == {}
    assert list(made.rows()[0]) == ["arm", "accuracy %", "steps"]


def test_the_teacher_stays_as_it_was():
    teacher = sure(batch_norm=True).train()
    before = bits(teacher)
    compare(ARMS, toy(), teacher=teacher, student=net, seeds=range(2))
    assert same(bits(teacher), before)


@pytest.mark.parametrize(
    ("arms", "settings", "message"),
    [
        ({}, {}, "recipes and seeds must not be empty, got 0 and 5"),
        ([], {}, "recipes and seeds must not be empty, got 0 and 5"),
        (ARMS, {"seeds": []}, "recipes and seeds must not be empty, got 3 and 0"),
        (ARMS, {"seeds": [1, 1]}, r"seeds must differ from one another, got \[1, 1\]"),
        ([BASE, BASE], {}, "recipes must differ from one another, got two that are equal"),
        (ARMS, {"against": "label"}, "against must be one of .*, got 'label'; did you mean 'labels'"),
        ([BASE, BASE.replace(epochs=3)], {}, "recipes must take equal steps to be compared, got .*12.*18"),
        ([BASE, BASE.replace(batch_size=8)], {}, "recipes must take equal steps to be compared, got .*12.*24"),
        ([BASE, BASE.replace(labelled=9)], {}, "recipes must have one labelled to be compared, got .*None.*9"),
        (
            [BASE, BASE.replace(scheme="online"), BASE.replace(type="feature", taps={"x": "y"})],
            {},
            "taps .* must be one of",
        ),
    ],
)
def test_unfair_or_impossible_comparisons_are_refused_before_training(arms, settings, message, monkeypatch):
    monkeypatch.setattr("kdlab.training.Training.take_step", lambda _: pytest.fail("a step was taken"))
    with pytest.raises(ValueError, match=rf"^{message}"):
        compare(arms, toy(), teacher=sure(), student=net, **settings)


def test_one_module_cannot_stand_for_all_seeds():
    with pytest.raises(
        TypeError, match=r"^student must be a name or a function from a seed to a module, got one module"
    ):
        compare(ARMS, toy(), teacher=sure(), student=net(1))


def test_an_arm_that_diverges_is_told_with_its_run():
    with pytest.raises(DivergedError, match=r"^training diverged at step") as caught:
        compare([BASE.replace(learning_rate=1e30, epochs=50)], toy(), teacher=sure(), student=net)
    assert caught.value.run.diverged


# --- side by side ---

ORDERED = BASE.replace(order_seed=4)


def close(found, expected):
    """Test accuracies and agreements but for one of the 50 inputs."""
    for arm in expected.accuracy:
        assert found.accuracy[arm] == pytest.approx(expected.accuracy[arm], abs=0.021)
        assert found.agreement[arm] == pytest.approx(expected.agreement[arm], abs=0.021)


@pytest.fixture
def steps(monkeypatch):
    """Seeds of the trainings whose steps are taken one by one."""
    seen, step = [], Training.take_step
    monkeypatch.setattr(Training, "take_step", lambda self: seen.append(self.recipe.seed) or step(self))
    return seen


def test_stacked_is_the_same_and_says_how_many(steps):
    base = ORDERED.replace(epochs=12, learning_rate=0.02)
    arms = {"soft": base, "labels": base.replace(alpha=0.0), "smooth": base.replace(label_smoothing=0.3, alpha=0.3)}
    given = {"teacher": sure(), "student": net, "seeds": [4, 0, 2]}
    data = toy()
    found = compare(arms, data, stacked=True, **given)
    assert steps == []
    expected = compare(arms, data, **given)
    close(found, expected)
    assert len({tuple(values) for values in expected.accuracy.values()}) == 3  # arms and seeds are not mixed up
    assert len(set(expected.accuracy["smooth"])) == 3
    assert found.note == f"{expected.note}; 9 trained side by side, 0 one by one"
    assert (found.steps, found.seeds, found.against) == (expected.steps, expected.seeds, expected.against)
    assert all(s > 0 for s in found.seconds.values())


def test_without_one_order_arms_are_stacked_and_seeds_are_not(steps):
    arms = {"soft": BASE, "sharp": BASE.replace(temperature=1.0), "hint": BASE.replace(type="feature", alpha=0.5)}
    found = compare(arms, toy(), teacher=sure(), student=net, seeds=range(2), stacked=True)
    assert sorted(steps) == [0] * 12 + [1] * 12  # the hints
    why = "each has an order of batches of its own (one order_seed would do)"
    assert found.note.endswith(f"; 4 trained side by side, 2 one by one: {why}")
    close(found, compare(arms, toy(), teacher=sure(), student=net, seeds=range(2)))


def test_what_cannot_be_stacked_is_to_the_bit_as_it_was_and_it_is_said():
    arms, given = {"self": ORDERED.replace(fine_tune=1)}, {"teacher": sure(), "student": net, "seeds": range(3)}
    data = toy()
    found, expected = (compare(arms, data, stacked=yes, **given) for yes in (True, False))
    assert found.accuracy == expected.accuracy
    assert found.agreement == expected.agreement
    assert found.note.endswith("; 0 trained side by side, 3 one by one: the scheme has several phases")
    assert "side by side" not in expected.note


def test_stacked_an_arm_that_diverges_is_told_with_its_run():
    with pytest.raises(DivergedError, match=r"^training diverged at step") as caught:
        compare([ORDERED.replace(learning_rate=1e30, epochs=50)], toy(), teacher=sure(), student=net, stacked=True)
    assert caught.value.run.diverged


def test_paired_numbers_by_hand():
    found = paired([1.0, 2.0, 3.0], [0.5, 1.0, 2.5])  # gaps 0.5, 1, 0.5: standard error 1/6
    assert found.mean == pytest.approx(2 / 3)
    assert found.high - found.mean == pytest.approx(4.302653 / 6, rel=1e-5)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)
    with pytest.raises(ValueError, match="seeds must be at least 2 for an interval, got 1"):
        paired([1.0], [2.0])
    with pytest.raises(ValueError, match="values and others must be of the same seeds, got 2 and 1"):
        paired([1.0, 2.0], [2.0])
