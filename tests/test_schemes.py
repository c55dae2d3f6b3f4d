"""Who teaches whom: schemes as data, and what a training makes of them."""

import pytest
import torch
from helpers import net, sure, toy, training
from torch import nn

import kdlab
from kdlab import algorithms, schemes
from kdlab.events import Epoch, Step
from kdlab.schemes import Link


def test_links_of_each_scheme():
    assert schemes.get("offline").phases([]) == [(Link("student", "teacher"),)]
    assert schemes.get("online").phases([]) == [(Link("student", "peer"), Link("peer", "student"))]
    taught = schemes.get("self").phases(["stage1", "stage2"])
    assert taught == [(Link("student", None), Link("student:stage1", "student"), Link("student:stage2", "student"))]
    assert schemes.names() == ["offline", "online", "self"]


def test_peers_start_apart_and_both_learn():
    made = training(scheme="online")
    a, b = made.students["student"], made.students["peer"]
    assert not torch.equal(a.head.weight, b.head.weight)
    before = [p.clone() for p in (a.head.weight, b.head.weight)]
    made.take_step()
    assert not torch.equal(before[0], a.head.weight)
    assert not torch.equal(before[1], b.head.weight)


def test_peers_are_detached_from_each_other():
    """What a peer loses by its student's answer pulls at the peer alone, and the other way round."""
    made = training(scheme="online")
    terms = made.terms(*made.batches(0))
    for who, other in (("student", "peer"), ("peer", "student")):
        pull = torch.autograd.grad(
            terms[f"{who}/soft targets"].value,
            list(made.students[other].parameters()),
            retain_graph=True,
            allow_unused=True,
        )
        assert all(g is None for g in pull)


def test_a_mutual_step_by_hand():
    made = training(scheme="online", alpha=0.6, temperature=3.0)
    terms = made.terms(*made.batches(0))
    batch, _ = made.batches(0)
    a, b = (made.students[who](batch.x) for who in ("student", "peer"))
    assert terms["student/labels"].value == nn.functional.cross_entropy(a, batch.labels)
    assert terms["peer/soft targets"].value == kdlab.losses.soft_targets(b, a, temperature=3.0)
    assert [t.weight for t in terms.values()] == pytest.approx([0.4, 0.6, 0.4, 0.6])


def test_exits_average_and_the_deepest_learns_from_labels_alone():
    made = training(scheme="self", alpha=0.6)
    terms = made.terms(*made.batches(0))
    assert {name: term.weight for name, term in terms.items()} == {
        "student/labels": pytest.approx(0.5),
        "student:stage1/labels": pytest.approx(0.5 * 0.4),
        "student:stage1/soft targets": pytest.approx(0.5 * 0.6),
    }


def test_the_exits_teacher_is_detached_and_its_head_is_trained():
    made = training(scheme="self", alpha=0.6)
    value = made.terms(*made.batches(0))["student:stage1/soft targets"].value
    head = made.students["student"].head.weight
    assert torch.autograd.grad(value, head, retain_graph=True, allow_unused=True)[0] is None
    exit_head = made.setup.players["student"].heads[0][-1].weight
    before = exit_head.clone()
    made.take_step()
    assert not torch.equal(before, exit_head)
    assert torch.autograd.grad(value, made.students["student"].stage1[0].weight)[0].abs().max() > 0


def test_every_student_and_exit_is_measured():
    for scheme, names in (("online", ["student", "peer"]), ("self", ["student", "student:stage1"])):
        events = list(training(scheme=scheme, epochs=1))
        assert [list(e.measured) for e in events if isinstance(e, Epoch)] == [names]


@pytest.mark.parametrize("kind", ["response", "feature", "relation"])
@pytest.mark.parametrize("scheme", schemes.names())
def test_every_type_runs_with_every_scheme(kind, scheme):
    events = list(training(type=kind, scheme=scheme, epochs=1))
    assert sum(isinstance(e, Step) for e in events) == 6
    made = training(type=kind, scheme=scheme, epochs=1, data=toy(labelled=30))  # and with a pool
    assert sum(isinstance(e, Step) for e in made) == 6
    assert kdlab.explain(type=kind, scheme=scheme, data=toy(), teacher=sure(), student=net()) is None


def test_online_and_self_need_no_teacher():
    for scheme in ("online", "self"):
        measured = list(training(teacher=None, scheme=scheme, epochs=1))[-1].measured
        assert "agreement" not in measured["student"]


def test_a_perceptron_has_no_exits():
    made = kdlab.Dataset.from_tensors(
        torch.rand(20, 1, 28, 28), torch.arange(20) % 10, validation=(torch.rand(9, 1, 28, 28), torch.arange(9)),
        test=(torch.rand(9, 1, 28, 28), torch.arange(9)), classes=[str(c) for c in range(10)],
    )  # fmt: skip
    why = r"scheme 'self' \(exits\) needs a student with at least 2 hidden layers, this one has 1 \(embedding\)"
    with pytest.raises(ValueError, match=rf"^{why}"):
        kdlab.train("mlp-64", made, recipe=kdlab.Recipe(scheme="self"))
    assert kdlab.explain(scheme="self", data=made, student=kdlab.build("mlp-64")).startswith("scheme 'self' (exits)")
    assert kdlab.explain(scheme="self", data=made, student=kdlab.build("conv-4")) is None


def test_an_exit_without_maps_cannot_be_compared_by_maps():
    """Refused before the first step; by vectors it goes."""
    student = net(1)
    student.embedding = nn.Sequential(nn.Flatten(), nn.Linear(144, 12), nn.ReLU())
    student.head = nn.Linear(12, 8)
    student.second = nn.Sequential(nn.ReLU(), nn.Linear(8, 3))
    why = "method 'attention-transfer' compares feature maps, and the exit at 'embedding' has none"
    with pytest.raises(ValueError, match=rf"^{why}$"):
        training(student, scheme="self", type="feature", method="attention-transfer")
    explained = {
        method: kdlab.explain(scheme="self", type="feature", method=method, data=toy(), student=student)
        for method in kdlab.methods.names("feature")
    }
    maps = {name for name in explained if kdlab.methods.kind(name).compares == "map"}
    assert {name for name, reason in explained.items() if reason} == maps
    list(training(student, scheme="self", type="feature", method="hint", epochs=1))


def test_a_student_that_cannot_be_drawn_anew_gets_no_peer():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = nn.Parameter(torch.ones(()))

        def forward(self, x):
            return self.factor * x

    own = nn.Sequential(nn.Flatten(), Scale(), nn.Linear(36, 3))
    with pytest.raises(
        ValueError, match=r"^student must have reset_parameters in every layer .* Scale at '1' has none$"
    ):
        training(own, scheme="online")
    list(training(own, epochs=1))  # offline it learns


def test_a_peer_of_a_trained_student_starts_from_scratch():
    trained = net(1, batch_norm=True)
    trained(toy().train.x)  # its running mean has moved
    peer = training(trained, scheme="online").students["peer"]
    assert peer.stage1[1].running_mean.abs().max() == 0
    assert not torch.equal(peer.head.weight, trained.head.weight)


def test_unknown_names_suggest_the_near_miss():
    for call, message in (
        (lambda: schemes.get("ofline"), "scheme must be one of .*, got 'ofline'; did you mean 'offline'"),
        (
            lambda: schemes.get("online", "mutul"),
            "scheme_variant must be one of 'mutual', .*, got 'mutul'; did you mean",
        ),
        (lambda: schemes.variants("slf"), "scheme must be one of .*; did you mean 'self'"),
        (lambda: algorithms.get("standart"), "algorithm must be one of 'standard', .*, got 'standart'; did you mean"),
    ):
        with pytest.raises(ValueError, match=rf"^{message}"):
            call()
