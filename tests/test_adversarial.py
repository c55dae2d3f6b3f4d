"""The game between student and discriminator: who learns at a step, by what gradient, and that it can be resumed."""

import math

import pytest
import torch
from helpers import bits, net, rand, same, sure, toy, training

from kdlab import losses, methods
from kdlab.events import Phase, Step
from kdlab.knowledge import Exchange, Knowledge
from kdlab.methods.discriminator import discriminator, game

GAMES = ("adversarial", "adversarial-features")
every_game = pytest.mark.parametrize("name", GAMES)


def play(name, **settings):
    knobs = settings.pop("method_knobs", {})
    return training(type=methods.kind(name).type, method=name, method_knobs=knobs, **{"alpha": 1.0} | settings)


def sides(made):
    """Weights of the student, and of the discriminator."""
    adapter = made.learners()["student<-teacher"]
    judge = adapter if made.setup.method.name == "adversarial" else adapter[0].judge
    return list(made.students["student"].parameters()), list(judge.parameters())


def gradients(value, weights):
    found = torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True)
    return [None if g is None or not g.any() else g for g in found]


# --- who learns ---


@every_game
@pytest.mark.parametrize(("step", "student", "judge"), [(0, True, True), (1, True, False), (2, False, True)])
def test_who_learns_at_a_step(name, step, student, judge):
    """At alpha 1, where no label teaches: gradients of every term, and the weights after a step, to the bit."""
    made = play(name, method_knobs={"step": step})
    terms = made.terms(*made.batches(0))
    loss = sum(float(t.weight) * t.value for t in terms.values())
    for weights, learns in zip(sides(made), (student, judge), strict=True):
        assert any(g is not None for g in gradients(loss, weights)) == learns
        before = [w.clone() for w in weights]
        made.take_step()
        moved = [not torch.equal(a, b) for a, b in zip(before, weights, strict=True)]
        assert any(moved) == learns


@every_game
def test_all_steps_cost_the_same(name):
    """Who learns changes gradients, not values."""
    values = []
    for step in (0, 1, 2):
        terms = play(name, method_knobs={"step": step, "strength": 0.7}).terms(*training().batches(0))
        values.append({key: term.value.item() for key, term in terms.items()})
    assert values[0] == values[1] == values[2]


def test_the_regressor_is_on_the_students_side():
    for step, learns in ((0, True), (1, True), (2, False)):
        made = play("adversarial-features", method_knobs={"step": step})
        (duel,) = made.learners()["student<-teacher"]
        value = made.terms(*made.batches(0))["student/discriminator"].value
        assert any(g is not None for g in gradients(value, list(duel.regressor.parameters()))) == learns


@every_game
def test_whose_turn_it_is_may_be_changed_while_it_runs(name):
    """No new phase, the same discriminator; alone it learns to tell, and the student alone learns to pass."""
    made = play(name, method_knobs={"step": 2}, epochs=40)
    judge = made.learners()["student<-teacher"]
    seen, turns = [], {60: 1, 90: 0}
    for event in made:
        assert not (isinstance(event, Phase) and event.step)
        if isinstance(event, Step):
            seen.append(event.terms["student/discriminator"])
            if event.step in turns:
                made.recipe = made.recipe.replace(method_knobs={"step": turns[event.step]})
        if made.step == 100:
            break
    assert made.learners()["student<-teacher"] is judge
    assert sum(seen[54:60]) < 0.8 * sum(seen[:6])
    assert sum(seen[84:90]) > 1.2 * sum(seen[54:60])


def test_labels_teach_on_while_the_discriminator_is_alone():
    made, alone = play("adversarial", alpha=0.5, method_knobs={"step": 2}), training(teacher=None, alpha=0.0)
    batch = made.batches(0)
    weights = [list(run.students["student"].parameters()) for run in (made, alone)]
    pulls = []
    for run, mine in zip((made, alone), weights, strict=True):
        loss = sum(float(t.weight) * t.value for t in run.terms(*batch).values())
        pulls.append(torch.autograd.grad(loss, mine))
    for a, b in zip(*pulls, strict=True):
        torch.testing.assert_close(a, 0.5 * b)


# --- by what gradient ---


def loops(judge, student, teacher):
    """Cross-entropy of a discriminator in plain NumPy, layer by layer."""
    w, b, v, c = (p.detach().numpy() for p in judge.parameters())

    def scores(x):
        return [float(c[0] + sum(v[0] * [max(0.0, h) for h in w @ row + b])) for row in x.numpy()]

    taken = [-math.log(1 - 1 / (1 + math.exp(-d))) for d in scores(student)]
    known = [-math.log(1 / (1 + math.exp(-d))) for d in scores(teacher)]
    return (sum(taken) + sum(known)) / (2 * len(taken))


def judge_of(width):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return discriminator((width,)).double()


def test_the_game_is_the_loop():
    student, teacher = rand(2, 7, 5)
    judge = judge_of(5)
    assert game(judge, student, teacher, strength=0.3, step=0).item() == pytest.approx(loops(judge, student, teacher))


@pytest.mark.parametrize("strength", [0.0, 0.5, 3.0])
def test_the_student_climbs_what_the_discriminator_descends(strength):
    student, teacher = rand(2, 7, 5)
    judge, mine = judge_of(5), [student.clone().requires_grad_() for _ in range(2)]
    plain = losses.discrimination(judge(mine[0]), judge(teacher))
    both = game(judge, mine[1], teacher.clone().requires_grad_(), strength=strength, step=0)
    wanted = torch.autograd.grad(plain, [mine[0], *judge.parameters()])
    found = torch.autograd.grad(both, [mine[1], *judge.parameters()])
    torch.testing.assert_close(found[0], -strength * wanted[0], rtol=1e-12, atol=0)
    for a, b in zip(found[1:], wanted[1:], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=0)


@every_game
def test_strength_is_a_knob_of_the_students_gradient_alone(name):
    pulls = []
    for strength in (0.5, 2.0):
        made = play(name, method_knobs={"strength": strength})
        value = made.terms(*made.batches(0))["student/discriminator"].value
        pulls.append([torch.autograd.grad(value, weights[:2], retain_graph=True) for weights in sides(made)])
    for ratio, weak, strong in zip((4, 1), *pulls, strict=True):
        for a, b in zip(weak, strong, strict=True):
            torch.testing.assert_close(ratio * a, b)


def test_terms_are_the_game_and_soft_targets():
    student, teacher = rand(2, 7, 5)
    judge = judge_of(5)
    said = [Knowledge(z, {"layer": z}) for z in (student, teacher)]
    method = methods.get("adversarial", weight=2.5, strength=0.5)
    terms = method.terms(Exchange(*said, 3.0, adapter=judge))
    assert list(terms) == ["soft targets", "discriminator"]
    assert [t.weight for t in terms.values()] == [1.0, 2.5]
    assert terms["soft targets"].value == losses.soft_targets(student, teacher, temperature=3.0)
    assert terms["discriminator"].value.item() == pytest.approx(loops(judge, student, teacher))


def test_pairs_of_layers_are_averaged():
    method = methods.get("adversarial-features")
    layers = [{"a": rand(7, 4, seed=s), "b": rand(7, 2, 6, 6, seed=s + 1)} for s in (1, 5)]
    said = [Knowledge(rand(7, 3), f) for f in layers]
    pairs = (("a", "a"), ("b", "a"), ("b", "b"))
    adapter = method.adapter(*said, pairs).double()
    (term,) = method.terms(Exchange(*said, 1.0, pairs=pairs, adapter=adapter)).values()
    alone = [
        method.terms(Exchange(*said, 1.0, pairs=(pair,), adapter=[duel]))["discriminator"].value
        for pair, duel in zip(pairs, adapter, strict=True)
    ]
    torch.testing.assert_close(term.value, sum(alone) / 3)


def test_a_discriminator_of_maps_sees_4_by_4_cells():
    small, large = discriminator((3, 4, 4)), discriminator((3, 8, 8))
    for a, b in zip(small.parameters(), large.parameters(), strict=True):
        b.data.copy_(a)
    x = rand(5, 3, 8, 8).float()
    scores = large(x)
    assert scores.shape == (5,)
    torch.testing.assert_close(scores, small(torch.nn.functional.avg_pool2d(x, 2)))


# --- a life of its own ---


@pytest.mark.parametrize("scheme", [("online", "mutual"), ("online", "ensemble"), ("self", "exits")])
def test_each_link_has_a_discriminator_of_its_own(scheme):
    made = play("adversarial", scheme=scheme[0], scheme_variant=scheme[1], alpha=0.5)
    judges = {name: module for name, module in made.learners().items() if "<-" in name}
    assert set(judges) == {wire.name for wire in made.wires if wire.link.teacher}
    weights = [p[0] for p in (list(j.parameters()) for j in judges.values())]
    assert all(w.shape == (32, 3) for w in weights)
    assert not any(torch.equal(a, b) for i, a in enumerate(weights) for b in weights[:i])
    before = bits(made)
    made.take_step()
    after = {k: v for k, v in bits(made).items() if k.endswith("1.weight") and "<-" in k}
    assert len(after) == len(judges)
    assert not any(torch.equal(before[k], v) for k, v in after.items())


@every_game
def test_a_game_goes_on_from_a_saved_state(name):
    first, second, straight = (
        play(name, student=net(1, batch_norm=True, dropout=0.2), data=toy(labelled=30), alpha=0.5) for _ in range(3)
    )
    whole, events = list(straight), []
    for event in first:
        events.append(event)
        if first.step == 7:
            break
    second.load(first.state())
    assert events + list(second) == whole
    assert same(bits(second), bits(straight))


def test_a_mix_plays_too():
    made = training(method={"soft-targets": 1, "adversarial": 0.5}, alpha=0.5)
    terms = made.terms(*made.batches(0))
    assert list(terms) == [
        "student/labels", "student/soft targets", "student/soft targets (adversarial)", "student/discriminator",
    ]  # fmt: skip
    before = bits(made)
    made.take_step()
    assert all(not torch.equal(before[k], v) for k, v in bits(made).items() if "<-" in k)


def test_the_teacher_and_the_random_numbers_of_others_stay():
    teacher = sure()
    before = bits(teacher)
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    made = play("adversarial", teacher=teacher)
    assert torch.rand(1) == wanted  # a discriminator is drawn from the recipe's seed
    list(made)
    assert same(bits(teacher), before)
