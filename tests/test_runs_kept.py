"""What a run keeps beside its student: exits, unequal peers, a co-trained teacher, an average."""

import pytest
import torch
from helpers import bits, net, same, sure, toy
from torch import nn

import kdlab
from kdlab import Recipe, Run

RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=0.01)
NAMED = Recipe(data="fashion-mnist", labelled=60, pool=0, student="conv-4", epochs=1)


def test_exits_are_opened_as_they_were(tmp_path):
    made = kdlab.distill(net(1), toy(), recipe=RECIPE.replace(scheme="self"))
    assert list(made.exits) == ["stage1"]
    opened = Run.open(made.save(tmp_path / "run"), student=net(5))
    assert same(bits(opened.exits["stage1"]), bits(made.exits["stage1"]))
    assert not same(bits(opened.exits["stage1"]), bits(made.exits["stage1"][:2]))
    with torch.no_grad():
        test = made.data.test
        early = made.exits["stage1"](made.student.eval().stage1(test.x)).argmax(1)
    by_hand = (early == test.y).double().mean().item()
    assert made.exit_accuracies() == {"": made.metrics()["accuracy"], "stage1": pytest.approx(by_hand)}
    assert opened.exit_accuracies() == made.exit_accuracies()  # its data are not known by name: the card says it
    assert list(opened.students) == ["student"]


def test_exits_of_a_named_run_answer_anew(tmp_path):
    made = kdlab.distill(recipe=NAMED.replace(scheme="self"))
    opened = Run.open(made.save(tmp_path / "run"))
    opened.card.pop("exits")
    assert opened.exit_accuracies() == made.exit_accuracies()
    assert list(opened.exits) == ["stage1", "stage2"]
    assert kdlab.distill(net(1), toy(), teacher=sure(), recipe=RECIPE).exits == {}


def test_unequal_peers_are_opened_each_as_itself(tmp_path):
    made = kdlab.distill(recipe=NAMED.replace(scheme="online", peer="mlp-16", peers=2))
    opened = Run.open(made.save(tmp_path / "run"))
    assert sorted(opened.students) == ["peer", "peer-2", "student"]
    assert all(same(bits(opened.students[who]), bits(made.students[who])) for who in made.students)
    assert opened.card["peer"] == "mlp-16"
    own = kdlab.distill("conv-4", peer=kdlab.build("mlp-16"), recipe=NAMED.replace(scheme="online", alpha=0.5))
    folder = own.save(tmp_path / "own")
    assert same(bits(Run.open(folder, peer=kdlab.build("mlp-16")).students["peer"]), bits(own.students["peer"]))
    with pytest.raises(ValueError, match=r"^peer must be given to open a run whose peer was somebody's own module"):
        Run.open(folder)


def test_a_co_trained_teacher_and_an_average_are_opened(tmp_path):
    recipe = NAMED.replace(scheme="online", scheme_variant="co-trained", teacher="fashion-mnist-cnn", labelled=20)
    made = kdlab.distill(recipe=recipe)
    opened = Run.open(made.save(tmp_path / "run"))
    assert same(bits(opened.teacher), bits(made.students["co-teacher"]))
    assert not same(bits(opened.teacher), bits(kdlab.pretrained("fashion-mnist-cnn")))
    assert opened.metrics() == made.metrics()
    own = kdlab.distill("conv-4", teacher=kdlab.pretrained("fashion-mnist-cnn"), recipe=recipe.replace(teacher=None))
    folder = own.save(tmp_path / "own")
    with pytest.raises(ValueError, match=r"^teacher must be given to open a run whose co-teacher was"):
        Run.open(folder)
    assert same(bits(Run.open(folder, teacher=kdlab.build("cnn")).teacher), bits(own.teacher))
    averaged = kdlab.distill(recipe=NAMED.replace(scheme="self", scheme_variant="moving-average"))
    opened = Run.open(averaged.save(tmp_path / "averaged"))
    assert same(bits(opened.students["average"]), bits(averaged.students["average"]))
    assert isinstance(opened.students["average"], nn.Module)
