"""Every knob of a recipe in the workbench: reachable, shown where it counts, and set again by a run that is opened."""

import dataclasses

import pytest
import traitlets
from test_lab import Silent

from kdlab import Recipe
from kdlab.events import Changed, Step
from kdlab.ui import fields, paths
from kdlab.ui.lab import Lab
from kdlab.ui.state import LabState

OFFLINE = {"type": "feature", "method": "vid", "taps": {"embedding": "embedding"}, "method_knobs": {"vid_weight": 0.5}}
ONLINE = {"scheme": "online", "scheme_variant": "ensemble", "peers": 2, "peer": "mlp-16", "late": 0.3, "late_after": 2}
ONLINE |= {"shifts": 4}
SELF = {"scheme": "self", "scheme_variant": "born-again", "generations": 3, "decay": 0.9}
LINES = {"temperature": [[0.0, 4.0], [1.0, 1.0]], "learning_rate": [[0.0, 0.01], [0.5, 0.02], [1.0, 1e-3]]}
COMMON = {
    "temperature": 3.0, "alpha": 0.4, "learning_rate": 0.02, "batch_size": 64, "epochs": 7, "seed": 2, "order_seed": 5,
    "label_smoothing": 0.1, "data": "fashion-mnist", "labelled": 250, "pool": 2000, "teacher": "fashion-mnist-cnn",
    "student": "mlp-32", "init": "teacher", "fine_tune": 2, "patience": 5, "schedule": LINES,
}  # fmt: skip
WORDS = {
    "data": "cmudict-tasks", "task": "stress", "view": "endings", "teacher_view": "letters", "student": "linear",
    "algorithm": "multi-teacher", "algorithm_knobs": {"combine": "logits", "weights": [1.0, 2.0]},
    "teacher": ("one", "two"),
}  # fmt: skip
MIXED = {"method": {"soft-targets": 1.0, "hint": 0.25}}


@pytest.fixture
def lab(tmp_path):
    made = Lab(LabState(), Silent(), tmp_path / "runs")
    made.state.epochs, made.state.pace = 5, "full"
    yield made
    made.runner.close()


def named(state):
    return {field["name"]: field for field in fields.fields(state)}


@pytest.mark.parametrize("own", [{}, OFFLINE | {"method_knobs": {}}, ONLINE, SELF, WORDS, MIXED], ids=str)
def test_what_a_recipe_says_every_knob_says(own):
    recipe = Recipe(**COMMON | own).resolved()
    state = LabState()
    state.take(Recipe(scheme="self", scheme_variant="born-again", generations=4, schedule={"alpha": [[0.0, 0.1]]}))
    state.take(recipe)
    assert state.recipe().resolved() == recipe
    assert state.notice == ""  # an opened run is no hand


def test_no_knob_of_a_recipe_is_forgotten():
    given = set().union(*(part for part in (COMMON, OFFLINE, ONLINE, SELF, WORDS)))
    assert {f.name for f in dataclasses.fields(Recipe)} == given


@pytest.mark.parametrize(
    ("traits", "shown"),
    [
        ({}, set()),
        ({"scheme": "online"}, {"peers", "peer"}),
        ({"scheme": "online", "scheme_variant": "co-trained"}, {"late"}),
        ({"late": 0.5}, {"late", "late_after"}),
        ({"scheme": "self", "scheme_variant": "born-again"}, {"generations"}),
        ({"scheme": "self", "scheme_variant": "moving-average"}, {"decay"}),
        ({"fine_tune": 3}, {"patience"}),
        ({"schedule": {"alpha": [[0.0, 0.9], [1.0, 0.1]]}}, {"end.alpha"}),
    ],
    ids=lambda case: str(case) if isinstance(case, dict) else "+".join(sorted(case)),
)
def test_what_does_not_count_is_not_shown(traits, shown):
    state = LabState()
    always = {*named(state), "scheme_variant"}
    for name, value in traits.items():
        setattr(state, name, value)
    assert {*named(state)} - always == shown
    assert set(named(state)) - set(fields.values(state)) == {"teach"}  # each has a value, but the button


def test_what_is_at_its_defaults_is_folded():
    state = LabState()
    folded = {field["group"] for field in named(state).values() if field.get("folded")}
    assert folded == {"Fine-tuning", "Over the run"}
    state.fine_tune = 1
    assert {field["group"] for field in named(state).values() if field.get("folded")} == {"Over the run"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("generations", 1, "generations must be a whole number of at least 2, got 1"),
        ("fine_tune", -1, "fine_tune must be a whole number of at least 0, got -1"),
        ("decay", 1.5, r"decay must be a number in \[0, 1\], got 1.5"),
        ("peers", 0, "peers must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_values_are_refused(name, value, said):
    with pytest.raises(traitlets.TraitError, match=said):
        setattr(LabState(), name, value)


def test_a_knob_moves_in_a_line_and_stands_where_it_is_said(lab):
    state = lab.state
    state.epochs = 3  # 12 steps
    state.temperature = 4.0
    fields.assign(state, "path.temperature", "line")
    assert state.schedule == {"temperature": [[0.0, 4.0], [1.0, 1.0]]}  # from the slider's value
    fields.assign(state, "end.temperature", 2.0)
    assert fields.values(state)["path.temperature"] == "line"
    (way,) = [label for value, label, _ in named(state)["path.temperature"]["options"] if value == "line"]
    assert way == "falls to"
    seen = []
    state.observe(lambda change: seen.append((change.new.get("temperature"), state.view_temperature)), "now")
    for step in range(6):
        lab.take_step()
        assert lab.runner.settled()
        assert state.now == {"temperature": pytest.approx(4 - 2 * (step + 1) / 11)}
        assert state.view_temperature == state.now["temperature"]  # what is looked at is what is trained at
    assert state.temperature == 4.0
    steps = [e for e in lab.runner.lanes.main.events if isinstance(e, Step)]
    assert [e.knobs["temperature"] for e in steps] == pytest.approx([4 - 2 * i / 11 for i in range(6)])


def test_a_hand_ends_the_line_and_that_is_said(lab):
    state = lab.state
    state.schedule = dict(LINES)
    lab.take_step()
    assert lab.runner.settled()
    state.temperature = 3.0
    assert state.schedule == {"learning_rate": LINES["learning_rate"]}
    assert set(state.now) == {"learning_rate"}
    assert state.notice == "turned by hand: T no longer follows its schedule"
    state.hold("learning_rate", state.learning_rate)  # to the value that it has anyway: held there all the same
    assert state.schedule == {}
    lab.take_step()
    assert lab.runner.settled()
    events = lab.runner.lanes.main.events
    assert [e.knobs for e in events if isinstance(e, Step)][1] == {}
    assert {e.knob for e in events if isinstance(e, Changed)} >= {"temperature", "schedule"}
    assert lab.runner.lanes.main.training.knobs.temperature == 3.0


def test_held_again_a_knob_stays_where_it_has_come_to(lab):
    state = lab.state
    fields.assign(state, "path.temperature", "line")
    lab.take_step()
    assert lab.runner.settled()
    stands = state.now["temperature"]
    assert 1.0 < stands < 2.0
    fields.assign(state, "path.temperature", "held")
    assert (state.temperature, state.schedule, state.notice) == (stands, {}, "")


def test_another_type_ends_alphas_line():
    state = LabState()
    state.schedule = {"alpha": [[0.0, 0.9], [1.0, 0.2]]}
    state.type = "feature"
    assert (state.alpha, state.schedule) == (0.5, {})


def test_a_line_of_a_recipe_is_kept_as_it_is():
    state = LabState()
    state.schedule = dict(LINES)
    assert paths.kind(state, "learning_rate") == "other"
    options_ = [label for _, label, _ in named(state)["path.learning_rate"]["options"]]
    assert options_[-1] == "0.01 – 0.02 – 0.001"
    assert "end.learning_rate" not in named(state)
    fields.assign(state, "path.learning_rate", "line")
    assert state.schedule["learning_rate"] == [[0.0, 0.01], [1.0, 0.001]]
