"""What a run in the workbench is watched against, and what becomes of its student: a teacher, or first weights."""

import pytest
from test_lab import Silent, same, trained, weights

import kdlab
from kdlab.events import Changed, Phase, Step
from kdlab.ui import fields, options
from kdlab.ui.lab import Lab
from kdlab.ui.state import LabState

RATE = {"learning_rate": [[0.0, 0.01], [0.5, 0.02], [1.0, 1e-3]]}


@pytest.fixture
def lab(tmp_path):
    made = Lab(LabState(), Silent(), tmp_path / "runs")
    made.state.epochs, made.state.pace = 5, "full"
    yield made
    made.runner.close()


def named(state):
    return {field["name"]: field for field in fields.fields(state)}


def reasons(field):
    return {value: reason for value, _, reason in field["options"]}


def test_generations_and_fine_tuning_go_into_the_run_and_the_baselines_have_as_many_steps(lab):
    state = lab.state
    state.scheme, state.scheme_variant, state.epochs, state.fine_tune, state.patience = "self", "born-again", 2, 3, 3
    lanes = trained(lab)
    phases = [e for e in lanes.main.events if isinstance(e, Phase)]
    assert [e.method for e in phases] == ["soft-targets", "soft-targets", "fine-tuning"]
    assert lanes.main.training.step == (2 * 2 + 3) * 4
    assert [lane.training.step for lane in lanes.baselines.values()] == [28, 28]
    assert all(len([e for e in b.events if isinstance(e, Phase)]) == 1 for b in lanes.baselines.values())
    lab.reset()
    state.temperature = 5.0
    again = trained(lab)
    assert again.baselines == lanes.baselines  # not trained again


def test_baselines_stop_with_a_run_whose_tuning_stops_early(lab):
    state = lab.state
    state.learning_rate, state.epochs, state.fine_tune, state.patience = 0.02, 1, 60, 1
    lanes = trained(lab)
    assert lanes.main.training.step < 61 * 4
    assert {lane.training.step for lane in lanes.all()} == {lanes.main.training.step}


def test_baselines_go_on_with_a_run_that_gets_longer(lab):
    lab.take_step()
    assert lab.runner.settled()
    lab.state.epochs = 8
    lanes = trained(lab)
    assert {lane.training.step for lane in lanes.all()} == {32}


def test_the_same_learning_rate_at_every_step_of_all(lab):
    lab.state.epochs = 1
    lab.state.schedule = {**RATE, "alpha": [[0.0, 0.9], [1.0, 0.0]]}
    lanes = trained(lab)
    for lane in lanes.baselines.values():
        steps = [e for e in lane.events if isinstance(e, Step)]
        assert [set(e.knobs) for e in steps] == [{"learning_rate"}] * 4
        ours = [e.knobs["learning_rate"] for e in lanes.main.events if isinstance(e, Step)]
        assert [e.knobs["learning_rate"] for e in steps] == ours


def test_from_labels_alone_to_a_teacher_of_ones_own(lab):
    state = lab.state
    state.teacher, state.student = "", "mlp-32"
    recipe = state.recipe()
    assert (recipe.teacher, recipe.alpha, state.alpha) == (None, 0.0, 0.9)
    lanes = trained(lab)
    assert lanes.baselines == {}  # it is one itself
    alone = kdlab.distill(recipe=recipe)
    assert same(weights(lanes.main.training.students["student"]), weights(alone.student))
    lab.teach()
    assert lab.runner.settled()
    assert lab.runner.settled()  # what the new teacher has set off
    assert not state.error
    (folder,) = lab.shelf.folder.iterdir()
    assert state.teacher == str(folder)
    accuracy = lab.shelf.entries[-1].last("accuracy")
    assert options.teacher_name(state) == f"own: mlp-32, 5 epochs, {100 * accuracy:.1f} %"
    assert options.teacher_name(state) in state.notice
    assert (state.step, state.alpha) == (0, 0.9)
    state.student = "mlp-16"
    taught = trained(lab)
    assert same(weights(taught.main.training.teacher), weights(alone.student))
    assert taught.main.training.recipe.alpha == 0.9


def test_a_saved_student_can_be_chosen_in_a_later_session(lab):
    lab.state.teacher = ""
    trained(lab)
    lab.save()
    assert lab.runner.settled()
    (folder,) = lab.shelf.folder.iterdir()
    later = type(lab)(LabState(), lab.painter, lab.shelf.folder)
    choice = reasons(named(later.state)["teacher"])
    assert choice[str(folder)] == ""
    later.state.teacher = str(folder)
    assert same(weights(later.state.find_teacher()), weights(kdlab.Run.open(folder).student))
    later.open([e.folder for e in later.shelf.entries].index(folder))
    assert later.runner.settled()
    assert (later.state.teacher, later.state.recipe().alpha) == ("", 0.0)
    later.state.teacher = "fashion-mnist-cnn"
    assert later.state.alpha == 0.9  # nobody wants a teacher that counts nothing
    later.runner.close()


def test_first_weights_are_offered_where_they_fit(lab):
    state = lab.state
    state.student = "mlp-16"
    trained(lab)
    lab.save()
    assert lab.runner.settled()
    (folder,) = map(str, lab.shelf.folder.iterdir())
    choice = reasons(named(state)["init"])
    assert choice["random"] == choice[folder] == ""
    assert "none of its layers" in choice["teacher"]
    state.init = folder
    assert lab.runner.settled()
    assert same(weights(lab.painter.scene.first), weights(kdlab.Run.open(folder).student))
    lab.take_step()
    assert lab.runner.settled()
    told = [e for e in lab.runner.lanes.main.events if isinstance(e, Changed)]
    assert [e.knob for e in told] == ["first weights"]
    state.student = "cnn-half"
    assert (state.init, state.error) == ("random", "")
    assert "drawn at random" in state.notice


def test_nobody_teaches_and_nobody_lends_weights():
    state = LabState()
    state.student, state.init, state.teacher = "cnn", "teacher", ""
    assert state.init == "random"
    assert reasons(named(state)["init"])["teacher"] == "there is no teacher"


def test_a_run_that_goes_on_after_it_was_saved_is_saved_again(lab):
    lab.take_step()
    lab.save()
    lab.take_step()
    lab.save()
    lab.save()
    assert lab.runner.settled()
    assert sorted(kdlab.Run.open(f).card["steps"] for f in lab.shelf.folder.iterdir()) == [1, 2]


def test_without_a_run_there_is_nobody_to_teach(lab):
    assert named(lab.state)["teach"]["reason"] == "train a student first"
    lab.teach()
    assert lab.runner.settled()
    assert lab.state.error == "there is no student that could teach: train one first"
    lab.take_step()
    assert lab.runner.settled()
    assert named(lab.state)["teach"]["reason"] == ""
