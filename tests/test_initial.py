"""The first weights of a student: drawn, or taken layer by layer from its teacher or from a saved run."""

import pytest
import torch
from helpers import bits, net, same, sure, toy, training
from torch import nn

import kdlab
from kdlab import Recipe, events
from kdlab.events import Changed, Step
from kdlab.initial import fitting, start

RECIPE = Recipe(epochs=1, batch_size=16, alpha=0.5)


def test_layers_whose_names_and_shapes_agree_are_copied_and_no_others():
    student, teacher = kdlab.build("cnn-half", seed=1), kdlab.build("cnn", seed=2)
    fresh = bits(student)
    assert start(student, "teacher", teacher) == ["stage1.0"]
    for key, value in bits(student).items():
        name = key.removeprefix("net ")
        if name.startswith("stage1"):
            assert torch.equal(value, teacher.state_dict()[name])
        else:
            assert torch.equal(value, fresh[key])  # of the head, the bias would fit, but the weights do not


def test_a_layer_comes_with_its_buffers():
    student, teacher = net(1, batch_norm=True), sure(batch_norm=True)
    teacher(toy().train.x)  # its running mean has moved
    assert start(student, "teacher", teacher) == ["stage1.0", "stage1.1", "embedding.1", "head"]
    assert same(bits(student), bits(teacher))
    assert student.head.weight.data_ptr() != teacher.head.weight.data_ptr()
    assert fitting(net(1), net(2, batch_norm=True).state_dict()) == ["stage1.0", "embedding.1", "head"]
    assert fitting(net(1, batch_norm=True), net(2).state_dict()) == ["stage1.0", "embedding.1", "head"]


def test_a_training_says_which_layers_it_took():
    teacher = net(3)
    teacher.embedding = nn.Sequential(nn.Flatten(), nn.Linear(144, 9), nn.ReLU())
    teacher.head = nn.Linear(9, 3)
    made = kdlab.train(net(1), toy(), teacher=teacher, recipe=RECIPE.replace(init="teacher"))
    assert made.copied == ["stage1.0"]
    assert torch.equal(made.students["student"].stage1[0].weight, teacher.stage1[0].weight)
    assert torch.equal(made.students["student"].head.weight, net(1).head.weight)
    happened = list(made)
    said = [e for e in happened if isinstance(e, Changed)]
    assert said == [Changed(0, "first weights", "random", "teacher: stage1.0")]
    assert "step     0  first weights: random → teacher: stage1.0" in list(events.replay(happened))
    assert kdlab.Run.of(made, happened).card["first_weights"] == {"teacher": ["stage1.0"]}
    assert not torch.equal(made.students["student"].stage1[0].weight, teacher.stage1[0].weight)  # it learns on


def test_a_student_starts_from_a_saved_run(tmp_path):
    first = kdlab.distill(net(1), toy(), teacher=sure(), recipe=RECIPE)
    folder = first.save(tmp_path / "run")
    made = kdlab.train(net(2), toy(), teacher=sure(), recipe=RECIPE.replace(init=str(folder)))
    assert same(bits(made.students["student"]), bits(first.student))
    assert made.copied == ["stage1.0", "embedding.1", "head"]
    assert same(bits(training(net(2)).students["student"]), bits(net(2)))  # random: as it is given


@pytest.mark.parametrize("given", ["teecher", "."])
def test_a_folder_without_a_run_is_refused(given):
    with pytest.raises(
        ValueError,
        match=rf"^init must be 'random', 'teacher' or the folder of a saved run, got '{given}', which has no",
    ):
        training(init=given)


def test_where_nothing_fits_it_is_refused(tmp_path):
    why = r"^init must fit the student, got 'teacher': none of its layers \(embedding.1 16×784, head 10×16\) has a name"
    data = kdlab.load("fashion-mnist", labelled=60, pool=0)
    with pytest.raises(ValueError, match=why):
        kdlab.train("mlp-16", data, teacher=kdlab.build("cnn"), recipe=RECIPE.replace(init="teacher"))
    folder = kdlab.distill("mlp-64", data, recipe=RECIPE.replace(alpha=0.0)).save(tmp_path / "run")
    with pytest.raises(ValueError, match=r"^init must fit the student, got '.*run': none of its layers"):
        kdlab.train("mlp-16", data, recipe=RECIPE.replace(alpha=0.0, init=str(folder)))
    (folder / "student.safetensors").write_bytes(b"no weights")
    with pytest.raises(
        ValueError, match=r"^init must be the folder of a saved run, '.*student.safetensors' cannot be read"
    ):
        kdlab.train("mlp-16", data, recipe=RECIPE.replace(alpha=0.0, init=str(folder)))


def test_a_teacher_is_needed_and_explained():
    with pytest.raises(ValueError, match=r"^init 'teacher' needs a teacher, got None$"):
        training(teacher=None, alpha=0.0, init="teacher")
    assert (
        kdlab.explain(init="teacher", student=net(1)) is None
    )  # a teacher that is not known yet is not held against it
    assert kdlab.explain(init="teacher", student=net(1), teacher=sure()) is None
    other = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    assert kdlab.explain(init="teacher", student=other, teacher=sure()).startswith("init must fit the student")


def test_a_born_again_student_starts_from_its_teacher_once():
    made = training(sure(1), scheme="self", scheme_variant="born-again", init="teacher", epochs=1)
    teacher = bits(made.teacher)
    assert same(bits(made.students["student"]), teacher)
    for event in made:
        if isinstance(event, Step) and event.step == 6:
            first = bits(made.students["student"])
    assert not same(bits(made.students["student"]), first)


def test_init_belongs_to_the_whole_run():
    made = training()
    with pytest.raises(ValueError, match=r"^init must stay 'random' within a run, got 'teacher'$"):
        made.recipe = made.recipe.replace(init="teacher")
