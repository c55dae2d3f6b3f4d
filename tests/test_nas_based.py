"""NAS-based: a student picked under a budget of bytes, by how well it follows the teacher."""

from dataclasses import replace

import pytest
import torch
from helpers import bits, net, same, sure, toy, training

import kdlab
from kdlab import Recipe, algorithms, models
from kdlab.algorithms import nas_based
from kdlab.algorithms.nas_based import candidates, families, search, size_of
from kdlab.events import Phase

TEACHER = sure()
SETTINGS = {"algorithm": "nas-based", "algorithm_knobs": {"budget": 2000, "steps": 2}}


def picking(**settings) -> kdlab.training.Training:
    """A training that is given no student."""
    data = settings.pop("data", toy())
    recipe = Recipe(**{"epochs": 2, "batch_size": 16, "learning_rate": 0.01} | SETTINGS | settings)
    return kdlab.train(None, data, teacher=TEACHER, recipe=recipe)


def test_of_each_kind_the_largest_that_fit_take_part():
    found = candidates(toy(), 2000)
    assert found == {
        "mlp-8": 4 * (36 * 8 + 8 + 8 * 3 + 3),
        "mlp-10": 4 * (36 * 10 + 10 + 10 * 3 + 3),
        "mlp-12": 4 * (36 * 12 + 12 + 12 * 3 + 3),
        "mlp-6": 4 * (36 * 6 + 6 + 6 * 3 + 3),
        "mlp-5-5": 4 * (36 * 5 + 5 + 30 + 5 * 3 + 3),
        "mlp-6-6": 4 * (36 * 6 + 6 + 42 + 6 * 3 + 3),
        "mlp-8-8": 4 * (36 * 8 + 8 + 72 + 8 * 3 + 3),
        "mlp-4-4": 4 * (36 * 4 + 4 + 20 + 4 * 3 + 3),
        "conv-2": 4 * (18 + 2 + 72 + 4 + 16 * 3 + 3),
        "conv-3": 4 * (27 + 3 + 162 + 6 + 24 * 3 + 3),
        "conv-4": 4 * (36 + 4 + 288 + 8 + 32 * 3 + 3),
        "conv-2-4-8": 4 * (18 + 2 + 72 + 4 + 288 + 8 + 8 * 3 + 3),
    }
    for name, size in found.items():
        assert size_of(models.fitting(name, toy())) == size <= 2000


def test_vectors_have_perceptrons_only_and_maps_convolutions_only():
    x = torch.rand(30, 20)
    y = torch.arange(30) % 3
    vectors = kdlab.Dataset.from_tensors(x, y, validation=(x, y), test=(x, y))
    assert all(name.startswith("mlp") for name in candidates(vectors, 2000))
    assert all(name.startswith("conv") for name in candidates(toy(), 2000, maps=True))
    with pytest.raises(ValueError, match="needs images to pick a student with feature maps for, got vectors"):
        candidates(vectors, 2000, maps=True)


def test_half_go_on_with_twice_the_steps_until_two_are_left(monkeypatch):
    trained = []
    run = nas_based.Racer.run

    def counted(racer, x, taught, order, steps):
        trained.append(steps)
        run(racer, x, taught, order, steps)

    monkeypatch.setattr(nas_based.Racer, "run", counted)
    found = search(sure(3), toy(), budget=2000, steps=2)
    assert trained == [2] * 12 + [4] * 6 + [8] * 3 + [16] * 2
    assert [c.rounds for c in found] == [4, 4, 3, 2, 2, 2, *[1] * 6]
    for last in {c.rounds for c in found}:
        same_round = [c.agreement for c in found if c.rounds == last]
        assert same_round == sorted(same_round, reverse=True)
    assert sorted(c.name for c in found) == sorted(candidates(toy(), 2000))


def test_the_winner_is_the_one_that_came_to_agree_with_the_teacher():
    """Its weights are trained again here by a plain loop, and its answers compared one by one."""
    teacher, data = sure(4), toy()
    best, *others = search(teacher, data, budget=2000, steps=5, seed=3)
    assert best.agreement >= max(c.agreement for c in others if c.rounds == best.rounds)
    net = models.fitting(best.name, data, seed=3)
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    with torch.no_grad():
        wanted = teacher(data.validation.x).argmax(1)
        taught = (teacher(data.train.x) / 4).softmax(1)
    order = nas_based.Order(90, 128, 3)
    for step in range(5 * (2**best.rounds - 1)):
        optimizer.zero_grad()
        rows = order(step)
        said = (net(data.train.x[rows]) / 4).log_softmax(1)
        (16 * (taught[rows] * (taught[rows].log() - said)).sum(1).mean()).backward()
        optimizer.step()
    agreed = [int(a) == int(b) for a, b in zip(net(data.validation.x).argmax(1), wanted, strict=True)]
    assert best.agreement == pytest.approx(sum(agreed) / 40, abs=0.026)  # one of 40 may tip in the last digits


def test_a_candidate_goes_on_where_it_stood():
    data, order = toy(), nas_based.Order(90, 16, 0)
    taught = torch.randn(90, 3, generator=torch.Generator().manual_seed(0))
    made = [nas_based.Racer(models.fitting("mlp-4", data, seed=1)) for _ in range(2)]
    for racer, rounds in zip(made, ([5], [2, 3]), strict=True):
        for steps in rounds:
            racer.run(data.train.x, taught, order, steps)
    assert same(*(bits(racer.net) for racer in made))


def test_no_label_is_looked_at():
    data = toy()
    wrong = replace(data, **{p: _relabelled(getattr(data, p)) for p in ("train", "validation", "test")})
    assert search(TEACHER, data, budget=2000, steps=2) == search(TEACHER, wrong, budget=2000, steps=2)


def _relabelled(split):
    return replace(split, y=torch.zeros_like(split.y))


def test_a_search_leaves_teacher_and_chance_alone_and_is_made_once(monkeypatch):
    teacher, data = sure(5, batch_norm=True), toy()
    before, state = bits(teacher), torch.get_rng_state()
    first = search(teacher, data, budget=2000, steps=2)
    assert same(bits(teacher), before)
    assert torch.equal(torch.get_rng_state(), state)
    monkeypatch.setattr(nas_based.Racer, "run", None)  # whoever searches again falls over it
    assert search(teacher, data, budget=2000, steps=2) == first


def test_the_recipe_names_who_was_picked_and_running_it_again_searches_no_more(monkeypatch, tmp_path):
    made = picking(seed=4)
    name = search(TEACHER, made.data, budget=2000, steps=2, seed=4)[0].name
    assert made.recipe.student == name
    assert same(bits(made.students["student"]), bits(models.fitting(name, made.data, seed=4)))  # drawn anew
    run = kdlab.runs.Run.of(made, list(made))
    assert run.card["student"] == name
    folder = run.save(tmp_path / "run")
    monkeypatch.setattr(nas_based, "search", None)
    again = kdlab.distill(None, made.data, teacher=TEACHER, recipe=run.recipe, progress=False)
    assert same(bits(again.student), bits(run.student))
    assert same(bits(kdlab.Run.open(folder).student), bits(run.student))


def test_knobs_turn_while_the_picked_student_learns():
    made = picking()
    name = made.recipe.student
    happened = []
    for event in made:
        happened.append(event)
        if isinstance(event, Phase):
            made.recipe = Recipe(**{"epochs": 2, "batch_size": 16, "learning_rate": 0.01} | SETTINGS | {"alpha": 0.3})
    assert made.recipe.student == name
    assert made.recipe.alpha == 0.3
    with pytest.raises(ValueError, match=f"student must stay '{name}' within a run, got 'mlp-2'"):
        made.recipe = made.recipe.replace(student="mlp-2")


def test_a_method_that_compares_maps_gets_a_student_that_has_some():
    assert picking(type="feature", method="attention-transfer").recipe.student.startswith("conv")


def test_a_named_student_must_fit_the_budget():
    assert training(**SETTINGS | {"algorithm_knobs": {"budget": 6000}}).recipe.student is None
    with pytest.raises(
        ValueError, match="a student within the budget of 2,000 bytes, this one has 4,908; without a st"
    ):
        training(**SETTINGS)
    assert kdlab.explain(algorithm="nas-based") is None
    assert "this one has" in kdlab.explain(
        algorithm="nas-based", algorithm_knobs={"budget": 1000}, data=toy(), student=net(1)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: picking(algorithm_knobs={"budget": 1000}, type="feature", method="nst"), None),
        (lambda: picking(algorithm_knobs={"budget": 10}), "budget must be a whole number of at least 1000, got 10"),
        (lambda: picking(algorithm_knobs={"steps": 0}), "steps must be a whole number of at least 1, got 0"),
        (lambda: picking(scheme="self"), "needs a scheme with a trained teacher"),
        (
            lambda: kdlab.train(None, toy(), recipe=Recipe(alpha=0.0, **SETTINGS)),
            "algorithm 'nas-based' needs a teacher to pick a student by, got None",
        ),
        (
            lambda: kdlab.train(None, "fashion-mnist", teacher="fashion-mnist-cnn", recipe=Recipe(**SETTINGS)),
            r"budget must be at least 6\d\d\d bytes, the smallest student \(mlp-2\), got 2000",
        ),
        (lambda: kdlab.train(None, toy(), teacher=TEACHER), "student must be a module or a name, got None"),
    ],
)
def test_what_cannot_be_picked_says_why(call, message):
    if message is None:
        assert call().recipe.student == "conv-2"
        return
    with pytest.raises(ValueError, match=message):
        call()


def test_it_is_registered_with_its_knobs():
    assert algorithms.names()[-1] == "nas-based"
    assert set(algorithms.kind("nas-based").knobs()) == {"budget", "steps"}
    assert all(name.startswith(("mlp", "conv")) for family in families(toy()) for name in family)
