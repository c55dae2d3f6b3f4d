"""Algorithms, words and views in the workbench: what can be chosen, what is trained, and every panel of it."""

import pytest

import kdlab
from kdlab import algorithms
from kdlab.events import Step
from kdlab.ui import fields, options
from kdlab.ui.painter import PANELS
from kdlab.ui.state import LabState


@pytest.fixture
def bench(tmp_path):
    made = kdlab.Workbench(runs=tmp_path / "runs")
    made.state.pace = "full"
    yield made
    made.lab.runner.close()


def settled(bench):
    assert bench.lab.runner.settled()
    assert bench.lab.runner.settled()  # what a command has set off
    assert not bench.state.error


def choose(bench, **chosen):
    """Choose by the controls, as a hand does: what is grey cannot be chosen."""
    controls = bench.views["controls"]
    for name, value in chosen.items():
        key = name.replace("__", ".")
        if key in ("type", "scheme"):
            assert controls.choices[key][value] == ""
            setattr(bench.state, key, value)
        else:
            (field,) = [field for field in controls.fields if field["name"] == key]
            assert [reason for o, _, reason in field.get("options", []) if o == value] in ([], [""])
            assert field["kind"] != "choice" or value in [o[0] for o in field["options"]]
            controls._handle_custom_msg({"command": "field", "name": key, "value": value}, [])
        settled(bench)


def named(state):
    return {field["name"]: field for field in fields.fields(state)}


def reasons(field):
    return {value: reason for value, _, reason in field["options"]}


def test_what_does_not_go_together_is_grey_with_the_same_reason_as_in_python():
    state = LabState()
    told = {"type": "response", "method": "soft-targets", "scheme": "offline", "data": state.load_data()}
    for name, reason in reasons(named(state)["algorithm"]).items():
        told["method"] = None if algorithms.kind(name).methods else "soft-targets"
        assert reason == (kdlab.explain(**told, algorithm=name) or "")
    assert "feature" in reasons(named(state)["algorithm"])["attention-based"]
    state.type = "feature"
    state.algorithm = "attention-based"
    assert "works by 'attention-transfer'" in options.types_and_schemes(state)["type"]["response"]
    assert "works by 'attention-transfer'" in reasons(named(state)["method"])["hint"]
    assert reasons(named(state)["method"])["attention-transfer"] == ""


def test_an_algorithm_brings_its_method_and_its_settings():
    state = LabState()
    state.type, state.student = "feature", "conv-4"
    state.algorithm = "attention-based"
    assert state.method == "attention-transfer"
    state.algorithm = "quantised"
    assert state.method == "attention-transfer"  # goes with that too
    fields.assign(state, "algo.bits", 3)
    assert state.recipe().algorithm_knobs == {"bits": 3}
    assert fields.values(state)["algo.bits"] == 3
    state.algorithm = "standard"
    assert state.recipe().algorithm_knobs == {}
    assert "algo.bits" not in named(state)


ROOTS = ("data", "labelled", "pool", "student", "learning_rate")
CHOICES = {
    "quantised": {"algorithm": "quantised", "algo__bits": 2},
    "adversarial": {"algorithm": "adversarial"},
    "attention-based": {"student": "conv-4", "type": "feature", "algorithm": "attention-based"},
    "graph of a batch": {"type": "relation", "method": "instance-graph", "algorithm": "graph-based"},
    "cross-modal": {"view": "silhouette", "teacher_view": "picture", "algorithm": "cross-modal"},
    "lifelong": {"scheme": "self", "scheme_variant": "old-self", "algorithm": "lifelong", "algo__old": 0.3},
    "nas-based": {"algorithm": "nas-based", "algo__steps": 1},
    "data-free": {"fine_tune": 2, "algorithm": "data-free"},
    "words": {"data": "wordnet-topics", "student": "bag-of-words"},
    "words, layers": {"data": "wordnet-topics", "student": "bag-of-words", "type": "feature"},
    "words, exits": {"data": "wordnet-topics", "scheme": "self"},
    "questions": {"data": "cmudict-tasks", "task": "stress", "view": "endings", "student": "spelling-mlp"},
}


@pytest.mark.parametrize("chosen", CHOICES.values(), ids=CHOICES)
def test_what_can_be_chosen_trains_and_every_panel_shows_it(bench, chosen):
    choose(bench, **chosen)
    bench.state.epochs = 1
    bench.lab.train()
    settled(bench)
    run = bench.lab.runner.lanes.main
    assert run.training.step == bench.state.total > 0
    assert run.training.recipe.algorithm == chosen.get("algorithm", "standard")
    for panel in range(len(PANELS)):
        bench.state.panel = panel
        settled(bench)
    assert all(view.sentence() for view in bench.views.values())
    assert sum(isinstance(e, Step) for e in run.events) == run.training.step
    bench.lab.save()
    settled(bench)
    bench.lab.open(len(bench.lab.shelf.entries) - 1)
    settled(bench)
    assert bench.state.recipe().resolved() == run.training.recipe


def test_the_student_that_an_algorithm_chooses_is_the_one_of_all_lanes(bench):
    choose(bench, algorithm="nas-based", algo__steps=1, seeds=2, epochs=1)
    assert bench.state.student == ""
    assert bench.views["transport"].title.startswith("nas-based ←")
    bench.lab.train()
    settled(bench)
    lanes = bench.lab.runner.lanes
    (name,) = {lane.training.recipe.student for lane in lanes.all()}
    assert len(lanes.seeds) == 2
    assert lanes.main.training.setup.chosen == name
    scene = bench.lab.painter.scene
    assert str(scene.untrained) == str(lanes.main.training.students["student"])
    choose(bench, type="feature", method="attention-transfer")  # needs maps: another student
    assert bench.lab.runner.lanes is None
    assert "Conv2d" in str(bench.lab.painter.scene.untrained)
    choose(bench, algorithm="standard")
    assert bench.state.student == options.students(bench.state)[0][0]


def test_without_data_there_are_no_labels_but_the_baseline_has_them(bench):
    choose(bench, fine_tune=2, algorithm="data-free", algo__inputs="noise")
    state, controls = bench.state, bench.views["controls"]
    assert (state.recipe().alpha, state.recipe().fine_tune, state.alpha) == (1.0, 0, 0.9)
    assert (controls.alpha_fixed, controls.alpha_note) == (1.0, "data-free has no labels")
    assert not {"fine_tune", "path.alpha"} & set(named(state))
    state.epochs = 1
    bench.lab.train()
    settled(bench)
    labels = bench.lab.runner.lanes.baselines["labels only"].training
    alone = kdlab.distill(recipe=kdlab.Recipe(alpha=0.0, epochs=1, **{n: getattr(state, n) for n in ROOTS}))
    assert all(
        a.equal(b) for a, b in zip(labels.students["student"].parameters(), alone.student.parameters(), strict=True)
    )
    choose(bench, algorithm="standard")
    assert state.recipe().alpha == 0.9


def test_two_teachers_speak_with_one_voice(bench):
    choose(bench, teacher="", labelled=250)
    bench.state.epochs = 1
    bench.lab.train()
    settled(bench)
    bench.lab.teach()
    settled(bench)
    own = bench.state.teacher
    choose(bench, algorithm="multi-teacher")
    assert reasons(named(bench.state)["more.0"])[own] == "it teaches already"
    choose(bench, more__0="fashion-mnist-cnn", weight__1=3.0, algo__combine="logits")
    recipe = bench.state.recipe()
    assert recipe.teacher == (own, "fashion-mnist-cnn")
    assert recipe.algorithm_knobs == {"weights": [1.0, 3.0], "combine": "logits"}
    bench.lab.train()
    settled(bench)
    trained = bench.lab.runner.lanes.main.training
    assert [type(one) for one in trained.teacher.children()] == [type(bench.state.find_teacher()[0])] * 2
    assert "own: mlp-64" in bench.views["transport"].title
    assert "+ fashion-mnist-cnn" in bench.views["transport"].title
    choose(bench, more__0="")
    assert "weights" not in bench.state.recipe().algorithm_knobs


def test_words_are_read_where_images_are_seen(bench):
    choose(bench, data="wordnet-topics", teacher="", student="bag-of-words")
    data, state = bench.state.load_data(), bench.state
    lines = [data.lines[row] for row in data.validation.rows.tolist()]
    soft, features, relations = (bench.views[name] for name in ("soft", "features", "relations"))
    assert (soft.lines, soft.images) == (lines, b"")
    state.sample = 7
    state.panel = PANELS.index("Layer features")
    settled(bench)
    assert (features.line, features.image) == (lines[7], b"")
    bench.lab.take_step()
    settled(bench)
    bench.lab.teach()
    settled(bench)
    state.panel = PANELS.index("Relations")
    settled(bench)
    related = bench.lab.painter.scene.related.tolist()
    assert relations.lines == [lines[i] for i in related]
    assert "words" in bench.views["curves"].note
    assert named(state)["labelled"]["label"] == "Labelled words"
    choose(bench, data="fashion-mnist")
    assert (soft.lines, features.line, relations.lines) == ([], "", [])
    assert len(soft.images) == 2000 * 784


def test_what_does_not_go_with_other_data_is_let_go_and_said(bench):
    state = bench.state
    state.init = "teacher"
    choose(bench, student="cnn")
    state.more_teachers = ["fashion-mnist-cnn"]
    choose(bench, data="cmudict-tasks")
    assert (state.student in [o[0] for o in options.students(state)], state.teacher, state.init) == (True, "", "random")
    assert "the student is now" in state.notice
    assert "nobody is left who could teach" in state.notice
    assert reasons(named(state)["teacher"])["fashion-mnist-cnn"] != ""
    assert state.more_teachers == []
    choose(bench, data="fashion-mnist")
    assert reasons(named(state)["teacher"])["fashion-mnist-cnn"] == ""
