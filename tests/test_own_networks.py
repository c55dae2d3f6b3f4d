"""Anybody's network as teacher or student: no name, no layer and no kind of answer is taken for granted."""

from collections import OrderedDict
from types import SimpleNamespace

import pytest
import torch
from helpers import bits, same, sure, toy, training
from torch import nn

from kdlab import Recipe, explain
from kdlab.events import Step
from kdlab.training import Training


class Hugging(nn.Module):
    """Answers an object with ``.logits``; nested encoder, in-place activation, normalisation, dropout."""

    def __init__(self):
        super().__init__()
        cell = [nn.Linear(36, 10), nn.BatchNorm1d(10), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.Linear(10, 6)]
        self.encoder = nn.ModuleDict(
            {"first": nn.Sequential(*cell), "second": nn.Sequential(nn.Tanh(), nn.Linear(6, 5))}
        )
        self.classifier = nn.Linear(5, 3)

    def forward(self, x):
        hidden = self.encoder["second"](self.encoder["first"](x.flatten(1)))
        return SimpleNamespace(logits=self.classifier(hidden), hidden=hidden)


class Recurrent(nn.Module):
    """Reads the rows of an image; layers and answer are tuples."""

    def __init__(self):
        super().__init__()
        self.ears = nn.GRU(6, 7, batch_first=True)
        self.brain = nn.Linear(7, 5)
        self.mouth = nn.Linear(5, 3)

    def forward(self, x):
        _, last = self.ears(x.squeeze(1))
        return self.mouth(torch.relu_(self.brain(last[0]))), last


class Wrapped(nn.Module):
    """One wrapper around all, as data parallelism makes it."""

    def __init__(self):
        super().__init__()
        self.module = nn.Sequential(nn.Flatten(), nn.Linear(36, 9), nn.ReLU(inplace=True), nn.Linear(9, 3))

    def forward(self, x):
        return self.module(x)


def made(kind):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kind()


@pytest.mark.parametrize("kind", ["response", "feature", "relation"])
@pytest.mark.parametrize("scheme", ["offline", "online"])
@pytest.mark.parametrize("student", [Hugging, Recurrent, Wrapped])
def test_they_learn(kind, scheme, student):
    training_ = training(made(student), toy(labelled=30), type=kind, scheme=scheme, epochs=2)
    before = bits(training_)
    steps = [e for e in training_ if isinstance(e, Step)]
    assert len(steps) == 12
    assert any(name.startswith("student/") and name != "student/labels" for name in steps[0].terms)
    assert not same(bits(training_), before)


@pytest.mark.parametrize("teacher", [Hugging, Recurrent, Wrapped])
def test_they_teach(teacher):
    net = made(teacher).train()
    before = bits(net)
    for kind in ("response", "feature", "relation"):
        list(training(teacher=net, type=kind, epochs=1))
    assert same(bits(net), before)
    assert net.training


def test_layers_are_named_by_taps_also_where_they_are_nested():
    taps = {"encoder.first.0": "ears", "encoder.second": "brain"}
    run = training(made(Recurrent), teacher=made(Hugging), type="feature", taps=taps)
    assert run.wires[0].pairs == tuple(taps.items())
    batch, _ = run.batches(0)
    said = run.setup.players["student"].know(batch)[""].features
    assert {name: tuple(f.shape[1:]) for name, f in said.items()} == {"ears": (6, 7), "brain": (5,)}
    list(run)
    online = training(made(Hugging), scheme="online", type="relation", taps={"encoder.first.4": "encoder.second.0"})
    assert [wire.pairs for wire in online.wires] == [(("encoder.first.4", "encoder.second.0"),)] * 2


def test_an_unknown_tap_is_named_with_the_near_miss():
    with pytest.raises(
        ValueError, match=r"^taps \(teacher's layer\) must be one of .*, got 'embeding'; did you mean 'embedding'"
    ):
        training(made(Recurrent), type="feature", taps={"embeding": "brain"})
    with pytest.raises(
        ValueError, match=r"^taps \(student's layer\) must be one of 'ears', 'brain', got 'brian'; did you"
    ):
        training(made(Recurrent), type="feature", taps={"embedding": "brian"})


def test_a_network_without_hidden_layers_has_nothing_to_compare():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.only = nn.Linear(36, 3)

        def forward(self, x):
            return self.only(x.flatten(1))

    why = "method 'hint' compares layers below the answer, and the student has none"
    assert explain(type="feature", data=toy(), student=Bare()) == why
    with pytest.raises(ValueError, match=rf"^{why}$"):
        training(Bare(), type="feature")
    list(training(Bare(), epochs=1))


@pytest.mark.parametrize(("who", "classes"), [("teacher", 4), ("student", 2)])
def test_other_class_counts_are_refused(who, classes):
    other = nn.Sequential(OrderedDict(flat=nn.Flatten(), head=nn.Linear(36, classes)))
    given = {"teacher": sure(), "student": None} | {who: other}
    with pytest.raises(ValueError, match=rf"^{who} must answer the data's 3 classes, got one of {classes}$"):
        training(given["student"], teacher=given["teacher"])


def test_tied_weights_are_trained_and_counted_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.head = nn.Linear(36, 36), nn.Linear(36, 36), nn.Linear(36, 3)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.head(torch.relu(self.b(torch.relu(self.a(x.flatten(1))))))

    run = training(made(Tied))
    list(run)
    student = run.students["student"]
    assert student.a.weight is student.b.weight


@pytest.mark.parametrize("scheme", [{}, {"scheme": "self", "scheme_variant": "born-again", "generations": 2}])
def test_layers_that_are_frozen_in_a_student_stay_as_they_are(scheme):
    student = sure(3)
    student.stage1.requires_grad_(False)
    made = training(student, epochs=1, **scheme)
    list(made)
    learned = made.students["student"]
    assert same(bits(learned.stage1), bits(student.stage1))
    assert not same(bits(learned.embedding), bits(student.embedding))
    assert not same(bits(learned.head), bits(student.head))


def test_a_peer_keeps_its_frozen_layers_and_a_network_frozen_as_a_whole_learns():
    peer = sure(4)
    peer.head.requires_grad_(False)
    recipe = Recipe(scheme="online", epochs=1, batch_size=16, learning_rate=0.01)
    made = Training(sure(5).requires_grad_(False), toy(), peer=peer, recipe=recipe)
    list(made)
    assert same(bits(made.students["peer"].head), bits(peer.head))
    assert not same(bits(made.students["peer"].stage1), bits(peer.stage1))
    for part, before in zip(made.students["student"], sure(5), strict=True):
        if list(part.parameters()):
            assert not same(bits(part), bits(before))


def test_what_is_no_network_is_refused():
    with pytest.raises(TypeError, match=r"^student must be a module or a name, got 3$"):
        training(3)
