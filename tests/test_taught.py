"""The student of a saved run teaches the next one."""

import pytest
import torch
from helpers import net, toy

import kdlab
from kdlab import Recipe, taught
from kdlab.players import tell

ALONE = Recipe(alpha=0.0, epochs=1)


def test_the_student_of_a_saved_run_can_be_a_teacher(tmp_path):
    run = kdlab.distill("mlp-16", toy(), recipe=ALONE)
    folder = str(run.save(tmp_path / "run"))
    assert taught.is_run(folder)
    teacher = taught.student_of(folder)
    x = toy().test.x
    assert torch.equal(teacher(x), run.student(x))
    assert not teacher.training
    next_run = kdlab.distill("mlp-16", toy(), teacher=folder, recipe=ALONE.replace(alpha=0.5))
    assert next_run.recipe.teacher == folder
    assert next_run.metrics()["teacher_accuracy"] == run.metrics()["accuracy"]
    assert kdlab.Run.open(next_run.save(tmp_path / "next")).teacher is next_run.teacher


def test_it_sees_what_it_has_learned_from_and_rounds_as_it_did(tmp_path):
    recipe = ALONE.replace(data="wordnet-topics", view="spelling", student="bag-of-words", labelled=500, pool=0)
    run = kdlab.distill(recipe=recipe.replace(algorithm="quantised", algorithm_knobs={"bits": 2}))
    teacher = taught.student_of(str(run.save(tmp_path / "run")))
    assert teacher.sees == "spelling"
    x = run.data.test.x
    assert torch.equal(tell(teacher, x).logits, tell(run.student, x).logits)
    other = kdlab.distill(teacher=str(tmp_path / "run"), recipe=recipe.replace(view="gloss", alpha=0.5))
    assert other.metrics()["teacher_accuracy"] == run.metrics()["accuracy"]


def test_a_module_of_ones_own_cannot_be_built_again(tmp_path):
    folder = kdlab.distill(net(), toy(), recipe=ALONE).save(tmp_path / "own")
    with pytest.raises(ValueError, match=r"teacher must be a run whose student has a name, got .*own'"):
        taught.student_of(str(folder))
    assert not taught.is_run("fashion-mnist-cnn")
