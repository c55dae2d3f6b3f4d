"""Algorithms: what each makes of a set-up, and what it refuses."""

import re

import pytest
import torch
from helpers import bits, net, rand, same, sure, toy, training
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import kdlab
from kdlab import Recipe, algorithms
from kdlab.algorithms.quantised import rounded
from kdlab.players import tell

# --- settings ---


def test_settings_are_checked_and_named():
    for call, message in (
        (lambda: algorithms.get("multi-teachr"), "algorithm must be one of .*; did you mean 'multi-teacher'"),
        (lambda: algorithms.get("standard", bits=3), "algorithm_knobs must be empty for 'standard', .* got 'bits'"),
        (lambda: algorithms.get("quantised", bit=3), "knob of quantised must be one of 'bits', got 'bit'"),
        (lambda: algorithms.get("quantised", bits=1), "bits must be a whole number of at least 2, got 1"),
        (lambda: algorithms.get("quantised", bits=9), r"bits must be a number in \[2, 8\], got 9"),
        (lambda: algorithms.get("multi-teacher", combine="mean"), "combine must be one of .*, got 'mean'"),
        (lambda: algorithms.get("multi-teacher", weights=[1, -1]), r"weights\[1\] must be a number at least 0, got -1"),
        (lambda: algorithms.get("multi-teacher", weights=[0, 0]), "weights must have one above 0, got none"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="weights must be a list of numbers, one for each teacher, got 3"):
        algorithms.get("multi-teacher", weights=3)


def test_a_recipe_holds_them_and_is_the_same_again_from_its_text():
    made = Recipe(
        algorithm="multi-teacher", algorithm_knobs={"combine": "logits", "weights": (1.0, 2.0)}, teacher=["a", "b"],
        view="spelling", teacher_view="gloss", task=None,
    )  # fmt: skip
    assert Recipe.from_toml(made.to_toml()) == made
    assert made.build_algorithm().weights == (1.0, 2.0)


def test_an_algorithm_brings_its_own_method_and_alpha():
    assert Recipe(type="feature", algorithm="attention-based").resolved().method == "attention-transfer"
    assert Recipe(type="relation", algorithm="graph-based").resolved().method == "rkd"  # a graph network may teach it
    assert Recipe(type="response", algorithm="adversarial").resolved().method == "adversarial"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"type": "relation", "algorithm": "attention-based"}, "works by 'attention-transfer', of type feature"),
        ({"type": "relation", "algorithm": "adversarial"}, "of type feature or response, and the method is 'rkd'"),
        ({"scheme": "self", "algorithm": "multi-teacher"}, "needs a scheme with a trained teacher, and .* has none"),
        ({"scheme": "self", "algorithm": "cross-modal"}, "needs a second network, and in .* the student is alone"),
        ({"algorithm": "lifelong"}, r"needs scheme 'self' \(old-self\), got scheme 'offline' \(frozen\)"),
        ({"scheme": "self", "algorithm": "graph-based"}, "needs the method 'instance-graph' in scheme 'self'"),
    ],
)
def test_what_does_not_go_together_says_why(settings, reason):
    assert re.search(reason, kdlab.explain(**settings))


def test_what_lacks_something_says_what():
    data, teacher, student = toy(), sure(), net(1)
    given = {"data": data, "student": student}
    for algorithm, found, reason in (
        ("standard", [teacher, teacher], "teacher must be one network for algorithm 'standard', got a list"),
        ("multi-teacher", teacher, "needs at least 2 teachers in a list, got one"),
        ("cross-modal", teacher, "needs data with at least 2 views, 'own' has one"),
        ("graph-based", teacher, "needs data with a graph, such as wordnet-topics, or the method 'instance-graph'"),
        ("quantised", teacher, None),
    ):
        said = kdlab.explain(algorithm=algorithm, teacher=found, **given)
        assert (reason is None and said is None) or reason in said, said
    assert "needs a student with Linear or Conv2d" in kdlab.explain(
        algorithm="quantised", data=data, teacher=teacher, student=nn.Sequential(nn.Flatten(), nn.Bilinear(1, 1, 3))
    )
    made = training()
    with pytest.raises(ValueError, match="must stay 'standard' within a run, got 'quantised'"):
        made.recipe = made.recipe.replace(algorithm="quantised")


# --- lifelong ---


def test_old_classes_come_first_and_are_gone_afterwards():
    data = toy(90)
    made = training(net(1), data, teacher=None, scheme="self", scheme_variant="old-self", algorithm="lifelong")
    labels = [made.batches(step)[0].labels for step in range(made.total)]
    half = len(labels) // 2
    assert set(torch.cat(labels[:half]).tolist()) == {0, 1}
    assert set(torch.cat(labels[half:]).tolist()) == {2}
    happened = list(made)
    told = [event for event in happened if getattr(event, "knob", "") == "classes at hand"]
    assert [(e.step, e.old, e.new) for e in told] == [(half, "a, b", "c")]


def test_the_old_self_is_asked_about_old_classes_only():
    made = training(net(1), teacher=None, scheme="self", scheme_variant="old-self", algorithm="lifelong", alpha=0.4)
    while made.phase == 0:
        made.take_step() if made.phase_step < made._phase_steps else made._next_phase()
    for _ in range(3):
        made.take_step()
    batch, _ = made.batches(made.step)
    old, now = (tell(n, batch.x).logits[:, :2] for n in (made.setup.players["old-self"].net, made.students["student"]))
    value = 4 * (old / 2).softmax(1).mul((old / 2).log_softmax(1) - (now / 2).log_softmax(1)).sum(1).mean()
    terms = made.terms(*made.batches(made.step))
    assert torch.allclose(terms["student/soft targets"].value, value, atol=1e-5)
    assert value > 0
    with pytest.raises(ValueError, match=r"late must be 0 for algorithm 'lifelong', where classes come late, got 0\.3"):
        training(net(1), teacher=None, scheme="self", scheme_variant="old-self", algorithm="lifelong", late=0.3)


def test_being_reminded_keeps_the_old_classes_apart():
    kept = {}
    for alpha in (0.0, 0.9):
        recipe = Recipe(
            scheme="self", scheme_variant="old-self", algorithm="lifelong", alpha=alpha, epochs=12, learning_rate=5e-3
        )
        data = kdlab.load("fashion-mnist", labelled=500, pool=0)
        student = kdlab.distill("mlp-64", data, recipe=recipe, progress=False).student
        old = data.test.y < 5
        said = tell(student, data.test.x[old]).logits[:, :5].argmax(1)
        kept[alpha] = (said == data.test.y[old]).float().mean().item()
    assert kept[0.9] > kept[0.0] + 0.15  # .81 and .2 after 30 epochs


# --- quantised ---


@given(st.integers(2, 8), st.integers(0, 99))
def test_rounding_has_few_values_keeps_the_largest_and_lets_the_gradient_through(count, seed):
    x = rand(6, 20, seed=seed).requires_grad_()
    said = rounded(x, count, rows=True)
    for row, before in zip(said.detach(), x.detach(), strict=True):
        step = before.abs().max() / (2 ** (count - 1) - 1)
        assert torch.allclose((row / step).round(), row / step, atol=1e-6)
        assert len((row / step).round().unique()) <= 2**count - 1
        assert (row - before).abs().max() <= step / 2 + 1e-9
        assert row.abs().max() == pytest.approx(before.abs().max().item())
    weights = rand(6, 20, seed=seed + 1)
    (said * weights).sum().backward()
    assert torch.equal(x.grad, weights)


def test_a_student_that_rounds_has_the_names_and_the_weights_of_a_plain_one(tmp_path):
    plain = net(1)
    made = training(plain, algorithm="quantised", algorithm_knobs={"bits": 3})
    student, x = made.students["student"], toy().test.x
    assert list(student.state_dict()) == list(plain.state_dict())
    assert same(bits(student), bits(plain))
    assert not torch.equal(tell(student, x).logits, tell(plain, x).logits)
    assert type(plain.head) is nn.Linear
    recipe = Recipe(
        algorithm="quantised", algorithm_knobs={"bits": 3}, epochs=1, data="fashion-mnist", labelled=100, pool=0
    )
    run = kdlab.distill("mlp-16", teacher="fashion-mnist-cnn", recipe=recipe, progress=False)
    opened = kdlab.Run.open(run.save(tmp_path / "run"))
    assert opened.metrics() == run.metrics()
    assert tell(opened.student, run.data.test.x).logits.equal(tell(run.student, run.data.test.x).logits)
