"""The workbench without its views: state, runner, lanes and shelf."""

import time

import pytest
import torch
import traitlets

import kdlab
from kdlab.events import Changed, Phase, Step
from kdlab.ui import fields
from kdlab.ui.lab import Lab
from kdlab.ui.lanes import HARD, LABELS, Lanes
from kdlab.ui.state import LabState


class Silent:
    """A painter that draws nothing, and remembers what it was given."""

    def __init__(self):
        self.scene, self.painted = None, []

    def begin(self, scene):
        self.scene = scene

    def paint(self, shown, panel, sample, *, whole):
        self.painted.append((shown.step, whole))


@pytest.fixture
def lab(tmp_path):
    state = LabState()
    state.epochs, state.pace = 5, "full"
    made = Lab(state, Silent(), tmp_path / "runs")
    yield made
    made.runner.close()


def trained(lab):
    lab.train()
    assert lab.runner.settled()
    assert not lab.state.error
    return lab.runner.lanes


def weights(net):
    return {k: v.clone() for k, v in net.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[k], b[k]) for k in a)


def test_a_run_in_the_workbench_has_the_bits_of_one_without(lab):
    lanes = trained(lab)
    run = kdlab.distill(recipe=lab.state.recipe())
    assert same(weights(lanes.main.training.students["student"]), weights(run.student))
    assert lab.state.step == lab.state.total == 20


def test_pausing_and_going_on_changes_no_bits(lab):
    lab.take_step()
    lab.take_step()
    assert lab.runner.settled()
    assert lab.state.step == 2
    assert not lab.state.running
    lanes = trained(lab)
    assert same(
        weights(lanes.main.training.students["student"]), weights(kdlab.distill(recipe=lab.state.recipe()).student)
    )


def test_a_turned_knob_counts_from_the_next_step(lab):
    lab.take_step()
    assert lab.runner.settled()
    lab.state.temperature, lab.state.alpha = 4.0, 0.25
    lab.take_step()
    assert lab.runner.settled()
    events = lab.runner.lanes.main.events
    changed = {e.knob: (e.step, e.old, e.new) for e in events if isinstance(e, Changed)}
    assert changed == {"temperature": (1, 2.0, 4.0), "alpha": (1, 0.9, 0.25)}
    steps = [e for e in events if isinstance(e, Step)]
    assert [s.weights["student/labels"] for s in steps] == pytest.approx([0.1, 0.75])


def test_another_type_begins_a_phase_and_the_student_goes_on(lab):
    lab.take_step()
    assert lab.runner.settled()
    before = weights(lab.runner.lanes.main.training.students["student"])
    lab.state.type = "feature"
    assert (lab.state.method, lab.state.alpha) == ("hint", 0.5)
    assert lab.runner.settled()
    assert same(before, weights(lab.runner.lanes.main.training.students["student"]))
    lab.take_step()
    assert lab.runner.settled()
    events = lab.runner.lanes.main.events
    assert [e.method for e in events if isinstance(e, Phase)] == ["soft-targets", "hint"]
    assert "student/hint" in [e for e in events if isinstance(e, Step)][-1].terms


def test_baselines_go_along_and_are_not_trained_again(lab):
    lanes = trained(lab)
    assert set(lanes.baselines) == {LABELS, HARD}
    assert all(b.training.step == 20 for b in lanes.baselines.values())
    labels = kdlab.distill(recipe=lab.state.recipe().replace(alpha=0.0))
    assert same(weights(lanes.baselines[LABELS].training.students["student"]), weights(labels.student))
    lab.reset()
    lab.state.temperature = 5.0
    again = trained(lab)
    assert again is not lanes
    assert again.baselines[LABELS] is lanes.baselines[LABELS]


def test_pause_answers_while_the_pace_is_slow(lab):
    lab.state.pace = "1"
    lab.train()
    time.sleep(0.3)
    lab.pause()
    assert lab.runner.settled()
    assert not lab.state.running
    assert lab.state.step < 20


def test_self_distillation_brings_a_deeper_student(lab):
    lab.state.scheme = "self"
    assert lab.state.student == "conv-8"
    assert "needs depth" in lab.state.notice
    lab.take_step()
    assert lab.runner.settled()
    assert not lab.state.error
    assert "student:stage1/soft targets" in lab.runner.lanes.main.events[-1].terms


def test_what_is_refused_is_said_and_the_run_goes_on(lab):
    lab.take_step()
    assert lab.runner.settled()
    lab.state.alpha = 1.0
    lab.state.scheme = "online"
    assert "alpha must be below 1 online" in lab.state.error
    lab.state.alpha = 0.5
    assert not lab.state.error
    trained(lab)


def test_a_diverging_run_stops_with_its_step_and_is_kept(lab):
    lab.state.learning_rate = 1e30
    lab.train()
    assert lab.runner.settled()
    assert lab.state.error.startswith("diverged at step ")
    assert len(lab.shelf.entries) - sum(e.run is None for e in lab.shelf.entries) == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("temperature", 0.0, "temperature must be a finite number above 0, got 0.0"),
        ("temperature", float("nan"), "temperature must be a finite number above 0, got nan"),
        ("alpha", 1.5, r"alpha must be a number in \[0, 1\], got 1.5"),
        ("epochs", 0, "epochs must be a whole number of at least 1, got 0"),
        ("type", "respnse", "did you mean 'response'"),
    ],
)
def test_the_state_refuses_bad_values(name, value, said):
    state = LabState()
    before = getattr(state, name)
    with pytest.raises(traitlets.TraitError, match=said):
        setattr(state, name, value)
    assert getattr(state, name) == before


def test_the_view_temperature_follows_only_while_locked():
    state = LabState()
    state.temperature = 7.0
    assert state.view_temperature == 7.0
    state.locked = False
    state.temperature = 3.0
    assert state.view_temperature == 7.0
    state.locked = True
    assert state.view_temperature == 3.0


def test_save_and_open_again(lab):
    lanes = trained(lab)
    lab.save()
    assert lab.runner.settled()
    assert not lab.state.error
    (folder,) = lab.shelf.folder.iterdir()
    run = kdlab.Run.open(folder)
    assert same(weights(run.student), weights(lanes.main.training.students["student"]))
    assert set(run.beside) == {LABELS, HARD}
    fresh = Lab(LabState(), Silent(), lab.shelf.folder)
    place = [e.name for e in fresh.shelf.entries].index(folder.name)
    fresh.open(place)
    assert fresh.runner.settled()
    assert fresh.state.epochs == 5
    assert fresh.state.step == 20
    fresh.runner.close()


def test_nothing_to_save_is_said(lab):
    lab.save()
    assert lab.runner.settled()
    assert "no run to save" in lab.state.error
    assert not lab.shelf.folder.exists()


def test_seeds_go_side_by_side_each_with_its_own_weights():
    state = LabState()
    state.epochs = 1
    data, teacher = state.load_data(), state.find_teacher()
    lanes = Lanes(state.recipe(), data, teacher, "mlp-16", seeds=3)
    while not lanes.over:
        lanes.advance()
    assert [lane.training.step for lane in lanes.seeds] == [4, 4, 4]
    one = weights(lanes.seeds[1].training.students["student"])
    alone = kdlab.distill(
        "mlp-16", state.load_data(), teacher=state.find_teacher(), recipe=state.recipe().replace(seed=1)
    )
    assert same(one, weights(alone.student))
    assert not same(one, weights(lanes.seeds[0].training.students["student"]))


def test_the_variant_is_the_schemes_own_and_goes_into_the_recipe(lab):
    state = lab.state
    for scheme in ("offline", "online"):
        state.scheme = scheme
        (field,) = [field for field in fields.fields(state) if field["name"] == "scheme_variant"]
        assert [name for name, *_ in field["options"]] == kdlab.schemes.variants(scheme)
    fields.assign(state, "scheme_variant", "ensemble")
    assert state.recipe().scheme_variant == fields.values(state)["scheme_variant"] == "ensemble"
    lab.take_step()
    assert lab.runner.settled()
    assert not state.error
    assert [e.links for e in lab.runner.lanes.main.events if isinstance(e, Phase)] == [
        [["student", "ensemble"], ["peer", "ensemble"]]
    ]
    state.scheme = "offline"
    assert state.scheme_variant == "frozen"


def test_a_variant_that_does_not_go_says_why_and_is_refused(lab):
    state = lab.state
    state.scheme, state.type = "online", "feature"
    (field,) = [field for field in fields.fields(state) if field["name"] == "scheme_variant"]
    reasons = {name: reason for name, _, reason in field["options"]}
    assert reasons["mutual"] == ""
    assert "compares layers" in reasons["ensemble"]
    with pytest.raises(traitlets.TraitError, match="scheme_variant must be one of 'mutual'"):
        state.scheme_variant = "frozen"
    assert state.scheme_variant == "mutual"


def test_links_are_forgotten_with_the_networks_that_had_the_layers(lab):
    lab.state.type, lab.state.student = "feature", "conv-4"
    lab.state.taps = {"stage1": "stage2"}
    lab.state.student = "mlp-16"
    assert lab.state.taps == {}
    recipe = lab.state.recipe().replace(
        taps={"stage1": "embedding"}, student="mlp-32", scheme="online", scheme_variant=None
    )
    lab.state.take(recipe)
    assert (lab.state.taps, lab.state.scheme_variant) == ({"stage1": "embedding"}, "mutual")
