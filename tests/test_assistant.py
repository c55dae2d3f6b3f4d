"""The scheme with an assistant between teacher and student, and who rests while others learn."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from helpers import bits, net, same, sure, toy, training
from test_variants import narrow, run_to

import kdlab
from kdlab import Recipe, schemes
from kdlab.batches import Batches
from kdlab.cast import playing
from kdlab.events import Epoch, Phase, Step
from kdlab.schemes import Link


def assisted(student=None, data=None, **settings):
    return training(student, data, scheme="offline", scheme_variant="assistant", **{"epochs": 2} | settings)


def links(made):
    return [e.links for e in made if isinstance(e, Phase)]


# --- who teaches whom ---


def test_the_teacher_teaches_the_assistant_who_teaches_the_student():
    phases = schemes.get("offline", "assistant").phases
    assert phases() == [(Link("peer", "teacher"),), (Link("student", "peer"),)]
    chain = phases(peers=["peer", "peer-2", "peer-3"])
    assert [phase[0] for phase in chain] == [
        Link(one, other) for other, one in pairwise(["teacher", "peer-3", "peer-2", "peer", "student"])
    ]
    assert schemes.variants("offline") == ["frozen", "assistant"]
    assert links(assisted(epochs=1)) == [[["peer", "teacher"]], [["student", "peer"]]]
    assert links(assisted(epochs=1, peers=2)) == [[["peer-2", "teacher"]], [["peer", "peer-2"]], [["student", "peer"]]]


def test_both_phases_by_hand():
    """Two plain trainings, one after the other: the assistant by the teacher, the student by the frozen assistant."""
    teacher, data = sure(), toy(labelled=40)
    assistant, student = net(1000, batch_norm=True), net(1, batch_norm=True)
    knobs = {"epochs": 2, "batch_size": 16, "learning_rate": 0.01, "alpha": 0.6, "temperature": 3.0}
    recipe = Recipe(scheme_variant="assistant", **knobs)
    made = kdlab.train(student, data, teacher=teacher, peer=assistant, recipe=recipe)
    batches, told = Batches(data, 16, 0), teacher
    for first, learner in ((0, assistant), (12, student)):
        said = kdlab.players.ask(told, data.train.x).logits
        optimizer = torch.optim.Adam(learner.parameters(), 0.01, fused=True)
        for step in range(first, first + 12):
            transfer, labelled = batches(step)
            learner.train()
            z = learner(transfer.x)
            soft = kdlab.losses.soft_targets(z, said[transfer.index], temperature=3.0)
            loss = 0.4 * F.cross_entropy(learner(labelled.x), labelled.labels) + 0.6 * soft
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        told = learner
    list(made)
    assert same(bits(made.students["peer"]), bits(assistant))
    assert same(bits(made.students["student"]), bits(student))


def test_an_assistant_is_drawn_if_none_is_given_and_a_module_is_copied():
    made = assisted()
    assert not torch.equal(made.students["peer"].head.weight, made.students["student"].head.weight)
    own = narrow(3)
    before = bits(own)
    given = kdlab.train(net(1), toy(), teacher=sure(), peer=own, recipe=Recipe(scheme_variant="assistant", epochs=1))
    assert same(bits(given.students["peer"]), before)
    list(given)
    assert same(bits(own), before)
    assert not same(bits(given.students["peer"]), before)


def test_an_assistant_by_name():
    data = kdlab.load("fashion-mnist", labelled=60, pool=0)
    recipe = Recipe(scheme_variant="assistant", peer="conv-8", teacher="fashion-mnist-cnn", epochs=1)
    made = kdlab.train("mlp-16", data, recipe=recipe)
    assert same(bits(made.students["peer"]), bits(kdlab.build("conv-8", seed=1000)))
    list(made)


def test_an_assistant_is_a_bridge_and_sees_what_the_student_sees():
    """The teacher's view is as wide as half the student's: an assistant of the student's form could not see it."""
    data = toy()
    parts = {name: getattr(data, name) for name in ("train", "validation", "test")}
    parts = {name: replace(s, views={"plain": s.x, "half": s.x[..., :3]}) for name, s in parts.items()}
    half = replace(data, **parts, whole=parts["train"])
    teacher = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(18, 3))
    recipe = Recipe(
        scheme_variant="assistant", algorithm="cross-modal", view="plain", teacher_view="half", epochs=1, batch_size=16
    )
    made = kdlab.train(net(1), half, teacher=teacher, recipe=recipe)
    assert links(made) == [[["peer", "teacher"]], [["student", "peer"]]]


# --- who rests ---


def test_who_is_not_trained_rests():
    """Weights, buffers and gradients of the assistant stay to the bit, whatever mode somebody puts it in."""
    made = assisted(net(1, batch_norm=True, dropout=0.5), toy(labelled=30))
    student = bits(made.students["student"])
    run_to(made, 12)
    assert same(bits(made.students["student"]), student)  # in the first phase it is the student who rests
    assert all(p.grad is None for p in made.students["student"].parameters())
    next(e for e in made if isinstance(e, Phase))
    peer = made.students["peer"]
    before, grads = bits(peer), [p.grad.clone() for p in peer.parameters()]
    assert set(made.learners()) == {"student"}
    for event in made:
        peer.train()
        if isinstance(event, Step) and event.step == 15:
            said = playing(made.setup, made.resting).players["peer"].know(made.batches(15)[0])[""].logits
            asked = kdlab.players.tell(peer, made.batches(15)[0].x).logits
            torch.testing.assert_close(said, asked)  # in eval mode: dropout would show
            assert not said.requires_grad
    assert same(bits(peer), before)
    assert all(torch.equal(p.grad, g) for p, g in zip(peer.parameters(), grads, strict=True))
    assert not same(bits(made.students["student"]), student)


def test_the_assistant_is_asked_once(monkeypatch):
    made, passes = assisted(), []
    run_to(made, 13)
    made.students["peer"].register_forward_hook(lambda *_: passes.append(made.step))
    run_to(made, 17)
    assert passes == []


def test_who_rests_learns_again_when_the_scheme_says_so():
    made = assisted()
    run_to(made, 15)
    assert list(made.resting) == ["peer"]
    made.recipe = made.recipe.replace(scheme="online", scheme_variant=None)
    before = bits(made.students["peer"])
    run_to(made, 17)
    assert made.resting == {}
    assert not same(bits(made.students["peer"]), before)


def test_nobody_rests_where_all_learn():
    for scheme in ("offline", "online", "self"):
        assert training(scheme=scheme).resting == {}


@pytest.mark.parametrize("kind", ["response", "feature", "relation"])
def test_an_assistant_of_another_architecture(kind):
    recipe = Recipe(scheme_variant="assistant", type=kind, epochs=1, batch_size=16, alpha=0.5)
    made = kdlab.train(net(1), toy(), teacher=sure(), peer=narrow(), recipe=recipe)
    measured = [e.measured for e in made if isinstance(e, Epoch)]
    assert [list(m) for m in measured] == [["student", "peer"]] * 2
    assert measured[0]["peer"] == measured[1]["peer"]
    assert measured[0]["student"] != measured[1]["student"]


# --- what it needs, and what goes on ---


def test_it_needs_a_teacher_but_no_labels():
    list(assisted(alpha=1.0, epochs=1))
    with pytest.raises(ValueError, match=r"^teacher must be a trained module or a name for scheme 'offline', got None"):
        assisted(teacher=None)
    assert links(assisted(teacher=None, alpha=0.0)) == [[["student", None]]]
    assert schemes.get("offline", "assistant").needs == ", with a trained teacher"


def test_an_assistant_that_cannot_be_drawn_must_be_given():
    class Scale(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = torch.nn.Parameter(torch.ones(()))

        def forward(self, x):
            return self.factor * x

    stuck = torch.nn.Sequential(torch.nn.Flatten(), Scale(), torch.nn.Linear(36, 3))
    why = "student must have reset_parameters in every layer to get a peer, Scale at '1' has none"
    with pytest.raises(ValueError, match=f"^{why}$"):
        assisted(stuck)
    assert kdlab.explain(scheme_variant="assistant", student=stuck) == why
    given = Recipe(scheme_variant="assistant", epochs=1)
    assert list(kdlab.train(stuck, toy(), teacher=sure(), peer=net(3), recipe=given))


def test_every_phase_has_all_epochs():
    for peers in (1, 2):
        made = assisted(peers=peers)
        assert [e.step for e in made if isinstance(e, Phase)] == [12 * k for k in range(peers + 1)]
        assert made.step == made.total == 12 * (peers + 1)


@pytest.mark.parametrize("at", [5, 12, 13, 20])
def test_it_goes_on_from_a_saved_state(at):
    def fresh():
        return assisted(net(1, batch_norm=True, dropout=0.2), toy(labelled=30), type="feature", peers=1, fine_tune=1)

    first, second, straight = fresh(), fresh(), fresh()
    whole, events = list(straight), []
    for event in first:
        events.append(event)
        if first.step == at:
            break
    second.load(first.state())
    assert events + list(second) == whole
    for who in ("student", "peer"):
        assert same(bits(second.students[who]), bits(straight.students[who]))


def test_another_method_while_the_student_learns_does_not_begin_anew():
    made = assisted()
    run_to(made, 15)
    made.recipe = made.recipe.replace(type="relation", method="rkd")
    event = next(e for e in made if isinstance(e, Phase))
    assert (event.links, event.method) == ([["student", "peer"]], "rkd")
    list(made)
    assert made.step == 24


def test_a_saved_run_keeps_its_assistant(tmp_path):
    recipe = Recipe(
        data="fashion-mnist", student="mlp-16", peer="mlp-32", teacher="fashion-mnist-cnn", labelled=20, pool=0,
        epochs=1, scheme_variant="assistant",
    )  # fmt: skip
    made = kdlab.distill(recipe=recipe)
    opened = kdlab.Run.open(made.save(tmp_path / "run"))
    assert sorted(opened.students) == ["peer", "student"]
    assert all(same(bits(opened.students[who]), bits(made.students[who])) for who in made.students)
    assert opened.metrics() == made.metrics()
