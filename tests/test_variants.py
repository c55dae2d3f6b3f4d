"""The further variants of the schemes: ensembles, co-trained teachers, generations, moving averages, unequal peers."""

import copy
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from helpers import bits, net, same, sure, toy, training
from torch import nn

import kdlab
from kdlab import Recipe, schemes
from kdlab.batches import Batches
from kdlab.events import Changed, Epoch, Phase, Step
from kdlab.players import Average, Panel, Parent, Player
from kdlab.schemes import Link


def run_to(made, step):
    """Iterate until ``step`` steps are done, and no further; returns what happened."""
    return [next(iter(made)) for _ in iter(lambda: made.step < step, False)]


def narrow(seed: int = 0) -> nn.Sequential:
    """A network of another architecture: no maps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = {"embedding": nn.Sequential(nn.Flatten(), nn.Linear(36, 5), nn.ReLU()), "head": nn.Linear(5, 3)}
        return nn.Sequential(OrderedDict(layers))


# --- as data ---


def test_links_of_each_variant():
    def phases(scheme, variant, **given):
        return schemes.get(scheme, variant).phases(**given)

    assert phases("online", "mutual", peers=["peer", "peer-2"]) == [
        tuple(
            Link(a, b)
            for a, b in [
                ("student", "peer"), ("student", "peer-2"), ("peer", "student"), ("peer", "peer-2"),
                ("peer-2", "student"), ("peer-2", "peer"),
            ]
        )
    ]  # fmt: skip
    assert phases("online", "ensemble") == [(Link("student", "ensemble"), Link("peer", "ensemble"))]
    assert phases("online", "co-trained") == [(Link("student", "co-teacher"), Link("co-teacher", None))]
    generation = (Link("student", "parent"),)
    assert phases("self", "born-again", generations=3) == [(Link("student", None),), generation, generation]
    assert phases("self", "old-self") == [(Link("student", None),), (Link("student", "old-self"),)]
    assert phases("self", "moving-average") == [(Link("student", "average"),)]
    assert schemes.variants("online") == ["mutual", "ensemble", "co-trained"]
    assert schemes.variants("self") == ["exits", "born-again", "old-self", "moving-average"]


# --- ensemble ---


def test_the_ensembles_voice_is_the_mean_of_probabilities():
    logits = torch.tensor([[0.0, 1.0]]), torch.tensor([[3.0, -2.0]]), torch.tensor([[500.0, -500.0]])
    voice = Panel(["a", "b", "c"]).voice(logits)
    assert torch.allclose(voice.softmax(1), sum(z.softmax(1) for z in logits) / 3)
    assert voice.isfinite().all()
    assert torch.allclose(voice.exp().sum(), torch.tensor(1.0))  # log-probabilities


def test_an_ensemble_step_by_hand():
    made = training(scheme="online", scheme_variant="ensemble", alpha=0.6, temperature=3.0, peers=2)
    assert list(made.students) == ["student", "peer", "peer-2"]
    terms = made.terms(*made.batches(0))
    batch, _ = made.batches(0)
    said = {who: model(batch.x) for who, model in made.students.items()}
    mean = sum(z.detach().softmax(1) for z in said.values()) / 3
    for who, z in said.items():
        assert terms[f"{who}/labels"].weight == pytest.approx(0.4)
        by_hand = kdlab.losses.soft_targets(z, mean.log(), temperature=3.0)
        assert terms[f"{who}/soft targets"].value.item() == pytest.approx(by_hand.item(), abs=1e-6)
    pull = terms["student/soft targets"].value
    for who, model in made.students.items():
        found = torch.autograd.grad(pull, list(model.parameters()), retain_graph=True, allow_unused=True)
        assert all((g is not None) == (who == "student") for g in found)


def test_each_of_an_ensemble_answers_once_a_step():
    made = training(net(1, batch_norm=True), scheme="online", scheme_variant="ensemble")
    made.take_step()
    assert {int(model.stage1[1].num_batches_tracked) for model in made.students.values()} == {1}


def test_the_ensemble_is_measured():
    made = training(scheme="online", scheme_variant="ensemble", epochs=1)
    measured = list(made)[-1].measured
    assert list(measured) == ["student", "peer", "ensemble"]
    x, y = made.data.validation.x, made.data.validation.y
    mean = sum(model.eval()(x).softmax(1) for model in made.students.values()) / 2
    assert measured["ensemble"]["accuracy"] == pytest.approx((mean.argmax(1) == y).float().mean().item())
    assert measured["ensemble"]["cross_entropy"] == pytest.approx(F.nll_loss(mean.log(), y).item(), rel=1e-4)


# --- mutual learning of several, and of unequal peers ---


def test_a_student_with_two_teachers_has_its_labels_once_and_the_mean_of_both():
    made = training(scheme="online", peers=2, alpha=0.6)
    terms = made.terms(*made.batches(0))
    mine = {name: term.weight for name, term in terms.items() if name.startswith("student/")}
    assert mine == {
        "student/labels": pytest.approx(0.4),
        "student/soft targets of peer": pytest.approx(0.3),
        "student/soft targets of peer-2": pytest.approx(0.3),
    }
    weights = [made.students[who].head.weight for who in ("peer", "peer-2")]
    assert not torch.equal(*weights)


@pytest.mark.parametrize("kind", ["response", "feature", "relation"])
def test_unequal_peers_teach_each_other(kind):
    peer = narrow(3)
    before = bits(peer)
    made = kdlab.train(
        net(1), toy(), peer=peer, recipe=Recipe(scheme="online", type=kind, epochs=2, batch_size=16, alpha=0.5)
    )
    start = [bits(model) for model in made.students.values()]
    measured = list(made)[-1].measured
    assert list(measured) == ["student", "peer"]
    assert all(not same(a, bits(model)) for a, model in zip(start, made.students.values(), strict=True))
    assert same(bits(peer), before)
    assert same(start[1], before)  # a module starts as it is


def test_a_peer_by_name_has_weights_of_its_own_seed():
    data = kdlab.load("fashion-mnist", labelled=60, pool=0)
    recipe = Recipe(scheme="online", peer="conv-4", student="mlp-16", epochs=1, peers=2)
    made = kdlab.train("mlp-16", data, recipe=recipe)
    assert [type(m[0][0]).__name__ for m in made.students.values()] == ["Flatten", "Conv2d", "Conv2d"]
    assert same(bits(made.students["peer"]), bits(kdlab.build("conv-4", seed=1000)))
    assert same(bits(made.students["peer-2"]), bits(kdlab.build("conv-4", seed=1001)))
    named = kdlab.train("mlp-16", data, peer="conv-8", recipe=recipe)
    assert named.recipe.peer == "conv-8"
    assert kdlab.train("mlp-16", data, peer=kdlab.build("conv-8"), recipe=recipe).recipe.peer is None
    list(named)


def test_what_a_peer_must_be():
    with pytest.raises(ValueError, match=r"^peer must answer the data's 3 classes, got one of 4$"):
        kdlab.train(net(1), toy(), peer=net(2, classes=4), recipe=Recipe(scheme="online"))
    with pytest.raises(ValueError, match=r"^peer must be one of .*, got 'cnov-8'; did you mean 'conv-8'"):
        kdlab.train(net(1), toy(), peer="cnov-8", recipe=Recipe(scheme="online"))
    feature = Recipe(scheme="online", type="feature", method="attention-transfer")
    with pytest.raises(ValueError, match=r"^method 'attention-transfer' compares feature maps, and the peer has none$"):
        kdlab.train(net(1), toy(), peer=narrow(), recipe=feature)
    list(kdlab.train(net(1), toy(), peer=net(3), recipe=feature))


# --- co-trained ---


def test_a_co_trained_step_by_hand():
    teacher = sure()
    made = training(teacher=teacher, scheme="online", scheme_variant="co-trained", alpha=0.7, temperature=3.0)
    terms = made.terms(*made.batches(0))
    batch, _ = made.batches(0)
    s, t = made.students["student"](batch.x), made.students["co-teacher"](batch.x)
    assert {name: term.weight for name, term in terms.items()} == {
        "student/labels": pytest.approx(0.3),
        "student/soft targets": pytest.approx(0.7),
        "co-teacher/labels": 1.0,
    }
    assert terms["co-teacher/labels"].value == F.cross_entropy(t, batch.labels)
    assert terms["student/soft targets"].value == kdlab.losses.soft_targets(s, t, temperature=3.0)


def test_a_co_trained_teacher_learns_as_it_would_alone_and_the_given_one_stays():
    """The student follows, and does not pull."""
    teacher = sure()
    before = bits(teacher)
    made, alone = (
        training(teacher=teacher, scheme="online", scheme_variant="co-trained"),
        training(teacher, teacher=None, alpha=0.0),
    )
    events = list(made)
    list(alone)
    assert same(bits(teacher), before)
    assert same(bits(made.students["co-teacher"]), bits(alone.students["student"]))
    assert not same(bits(made.students["co-teacher"]), before)
    last = events[-1].measured
    assert list(last) == ["student", "co-teacher"]
    assert last["co-teacher"]["agreement"] == 1  # students are compared with the teacher as it is now
    run = kdlab.Run.of(made, events)
    assert run.teacher is made.students["co-teacher"]


def test_a_co_trained_teacher_may_be_followed_alone_but_must_be_there():
    list(training(scheme="online", scheme_variant="co-trained", alpha=1.0, epochs=1))
    with pytest.raises(ValueError, match=r"^teacher must be a trained module or a name for scheme 'online', got None"):
        training(teacher=None, scheme="online", scheme_variant="co-trained")


# --- born again ---


def born(**settings):
    return training(scheme="self", scheme_variant="born-again", teacher=None, **{"epochs": 1} | settings)


def test_generations_by_hand():
    """Labels alone; then new weights, a new optimiser, and the frozen generation before as the teacher."""
    made = born(generations=3, alpha=0.6, temperature=3.0)
    first, data = net(1), toy()
    batches = Batches(data, 16, 0)
    events = run_to(made, 6)
    assert [e.links for e in events if isinstance(e, Phase)] == [[["student", None]]]
    alone = training(first, teacher=None, alpha=0.0, epochs=1)
    list(alone)
    assert same(bits(alone.students["student"]), bits(made.students["student"]))
    for start in (6, 12):
        parent = copy.deepcopy(made.students["student"])
        rest = []
        while not rest or not isinstance(rest[-1], Phase):
            rest.append(next(iter(made)))
        student = copy.deepcopy(made.students["student"])
        assert not any(torch.equal(a, b) for a, b in zip(student.parameters(), parent.parameters(), strict=True))
        optimizer = torch.optim.Adam(student.parameters(), 0.01, fused=True)
        said = kdlab.players.ask(parent, data.train.x).logits
        for step in range(start, start + 6):
            batch, _ = batches(step)
            z = student.train()(batch.x)
            soft = kdlab.losses.soft_targets(z, said[batch.index], temperature=3.0)
            loss = 0.4 * F.cross_entropy(z, batch.labels) + 0.6 * soft
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        run_to(made, start + 6)
        assert same(bits(student), bits(made.students["student"]))
        assert same(bits(made.setup.players["parent"].net), bits(parent))
    assert made.step == made.total == 18


def test_a_generations_teacher_is_a_copy_that_stays():
    made = born(generations=2, alpha=1.0)
    run_to(made, 7)
    parent = made.setup.players["parent"]
    assert isinstance(parent, Parent)
    assert parent.net is not made.students["student"]
    then = bits(parent.net)
    list(made)
    assert same(bits(parent.net), then)
    assert all(p.grad is None for p in parent.net.parameters())
    assert list(made.students) == ["student"]


def test_every_generation_has_all_epochs_and_weights_of_its_own():
    made = born(generations=4, epochs=2)
    starts = []
    for event in made:
        if isinstance(event, Phase):
            starts.append(made.students["student"].head.weight.clone())
    assert made.step == made.total == 4 * 2 * 6 == made.recipe.total_steps(90)
    assert len(starts) == 4
    assert not any(torch.equal(a, b) for i, a in enumerate(starts) for b in starts[:i])


@pytest.mark.parametrize("at", [3, 9])
def test_another_method_within_a_generation_does_not_begin_anew(at):
    made = born(generations=2)
    run_to(made, at)
    before = bits(made.students["student"])
    made.recipe = made.recipe.replace(type="relation", method="rkd")
    event = next(e for e in made if isinstance(e, Phase))
    assert event.links == [["student", None if at < 6 else "parent"]]
    assert same(bits(made.students["student"]), before)
    list(made)
    assert made.step == 12


def test_a_layer_that_cannot_be_drawn_anew_has_no_second_generation():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.ones(()))

        def forward(self, x):
            return self.factor * x

    own = nn.Sequential(nn.Flatten(), Scale(), nn.Linear(36, 3))
    why = "student must have reset_parameters in every layer to be born again, Scale at '1' has none"
    with pytest.raises(ValueError, match=why):
        training(own, scheme="self", scheme_variant="born-again")
    assert kdlab.explain(scheme="self", scheme_variant="born-again", student=own) == why


# --- moving average ---


def test_the_average_by_hand():
    student = net(1, batch_norm=True)
    made = training(student, scheme="self", scheme_variant="moving-average", decay=0.5)
    average = bits(made.students["student"])
    for step in range(1, 13):
        run_to(made, step)
        now = bits(made.students["student"])
        way = 1 - min(0.5, (step + 1) / (step + 10))
        for key, value in now.items():
            average[key] = average[key].lerp(value, way) if value.is_floating_point() else value
        kept = bits(made.students["average"])
        assert all(torch.allclose(kept[key], average[key], atol=1e-6) for key in kept)
    assert way == 0.5
    counted, mean = "net stage1.1.num_batches_tracked", "net stage1.1.running_mean"
    assert int(kept[counted]) == 12
    assert not torch.equal(kept[mean], now[mean])
    assert kept[mean].abs().max() > 0


def test_the_average_speaks_in_eval_mode_and_is_not_trained():
    made = training(net(1, dropout=0.5), scheme="self", scheme_variant="moving-average", alpha=0.5)
    run_to(made, 4)
    average = made.setup.players["average"]
    assert isinstance(average, Average)
    batch, _ = made.batches(4)
    said = average.know(batch)[""].logits
    assert torch.equal(said, average.know(batch)[""].logits)  # nothing is dropped
    assert not said.requires_grad
    assert not any(p.requires_grad for p in average.net.parameters())
    assert set(made.learners()) == {"student"}
    assert list(list(made)[-1].measured) == ["student", "average"]


def test_decay_is_read_at_every_step():
    made, still = (training(scheme="self", scheme_variant="moving-average", decay=0.0) for _ in range(2))
    run_to(made, 5)
    assert same(bits(made.students["average"]), bits(made.students["student"]))  # it keeps nothing
    made.recipe = made.recipe.replace(decay=0.9)
    run_to(made, 8)
    assert not same(bits(made.students["average"]), bits(made.students["student"]))
    list(still)
    assert same(bits(still.students["average"]), bits(still.students["student"]))


def test_nobody_can_learn_from_himself_alone():
    for variant, where in (("moving-average", "where a student learns from itself"), ("ensemble", "online")):
        scheme = "online" if variant == "ensemble" else "self"
        with pytest.raises(ValueError, match=rf"^alpha must be below 1 {where}, got 1: nobody knows anything yet"):
            Recipe(scheme=scheme, scheme_variant=variant, alpha=1)
    for variant in ("exits", "born-again"):
        Recipe(scheme="self", scheme_variant=variant, alpha=1)


# --- data that come later ---


def test_late_labels_come_when_they_were_to_come():
    made = training(scheme="online", scheme_variant="co-trained", late=0.6, late_after=2)
    happened = list(made)
    told = [e for e in happened if isinstance(e, Changed)]
    assert told == [Changed(12, "labels at hand", 36, 90)]
    assert happened[happened.index(told[0]) + 1].step == 13
    assert made.step == 18
    poisoned = toy()
    early = torch.cat([made.batches(step)[1].index for step in range(12)]).unique()
    poisoned.train.x[[i for i in range(90) if i not in early]] = 9.0
    again, until = training(data=poisoned, late=0.6, late_after=2), training(late=0.6, late_after=2)
    run_to(again, 12)
    run_to(until, 12)
    assert same(bits(again), bits(until))  # until they come, nobody has seen them
    list(again)
    list(until)
    assert not same(bits(again), bits(until))


# --- all of them ---


def test_phases_without_a_teacher_do_not_look_at_the_pool():
    """Else BatchNorm would count images that teach nothing."""
    made = training(
        net(1, batch_norm=True), toy(labelled=30), teacher=None, scheme="self", scheme_variant="born-again", epochs=1
    )
    run_to(made, 6)
    assert int(made.students["student"].stage1[1].num_batches_tracked) == 6


def test_the_teachers_learners_are_players():
    """What a link trains must be a player; what speaks for others must not."""
    for scheme in schemes.names():
        for variant in schemes.variants(scheme):
            made = training(scheme=scheme, scheme_variant=variant)
            for phase in made.phases:
                for link in phase:
                    assert isinstance(made.setup.players[link.student.partition(":")[0]], Player)
            assert sum(isinstance(e, Step) for e in made) == made.step
            assert made.total == made.step == made.recipe.total_steps(90)


@pytest.mark.parametrize("variant", ["ensemble", "co-trained", "born-again", "moving-average"])
def test_equal_calls_give_equal_bits(variant):
    scheme = "online" if variant in ("ensemble", "co-trained") else "self"
    first, again = (training(net(1, dropout=0.2), scheme=scheme, scheme_variant=variant, epochs=1) for _ in range(2))
    assert list(first) == list(again)
    assert same(bits(first), bits(again))


def test_marks_are_few():
    """No variant tells more than phases, steps and epochs, unless something is out of the ordinary."""
    for variant in ("ensemble", "co-trained"):
        kinds = {type(e) for e in training(scheme="online", scheme_variant=variant, epochs=1)}
        assert kinds == {Phase, Step, Epoch}
        assert Changed not in kinds
