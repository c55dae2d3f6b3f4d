"""The layer matcher without a browser: what is joined, what is refused and why, and what a link does to the run."""

import pytest

from kdlab import methods
from kdlab.events import Phase
from kdlab.ui import matching, readings
from kdlab.ui.lab import Lab
from kdlab.ui.painter import PANELS, Painter
from kdlab.ui.state import LabState
from kdlab.ui.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Workbench(runs=tmp_path_factory.mktemp("runs"))
    made.state.panel = PANELS.index("Layer features")
    yield made
    made.lab.runner.close()


def begin(bench, **knobs):
    bench.lab.reset()
    knobs = {"student": "mlp-64", "scheme": "offline", "type": "feature", **knobs}
    for name, value in {"method": methods.DEFAULTS[knobs["type"]], "taps": {}, **knobs}.items():
        setattr(bench.state, name, value)
    assert bench.lab.runner.settled()
    return bench.views["features"]


def step(bench):
    bench.lab.take_step()
    assert bench.lab.runner.settled()
    assert not bench.state.error


def link(bench, teacher, student, command="link"):
    bench._link_command({"command": command, "teacher": teacher, "student": student})
    assert bench.lab.runner.settled()


def shown(view):
    return {(one["teacher"], one["student"]): one["state"] for one in view.links}


def test_the_default_pair_is_joined_from_the_first_step_on(bench):
    view = begin(bench)
    assert shown(view) == {("embedding", "embedding"): "next"}
    step(bench)
    assert shown(view) == {("embedding", "embedding"): "compared"}
    assert [one["name"] for one in view.teacher_layers] == ["stage1", "stage2", "embedding"]
    assert view.student_layers == [{"name": "embedding", "shape": "64", "reason": ""}]
    assert view.sentence().endswith("; the loss compares embedding with embedding.")


def test_a_link_ends_the_phase_and_the_next_one_compares_it_too(bench):
    view = begin(bench)
    step(bench)
    link(bench, "stage2", "embedding")
    assert bench.state.taps == {"embedding": "embedding", "stage2": "embedding"}
    assert shown(view) == {("embedding", "embedding"): "compared", ("stage2", "embedding"): "next"}
    assert view.taps[view.tap] == ["stage2", "embedding"]  # it is looked at
    step(bench)
    assert set(shown(view).values()) == {"compared"}
    phases = [e for e in bench.lab.runner.lanes.main.events if isinstance(e, Phase)]
    assert [p.pairs["student<-teacher"] for p in phases] == [
        [["embedding", "embedding"]],
        [["embedding", "embedding"], ["stage2", "embedding"]],
    ]


def test_a_dropped_link_is_compared_until_the_next_step(bench):
    view = begin(bench)
    link(bench, "stage1", "embedding")
    step(bench)
    link(bench, "embedding", "embedding", "drop")
    assert bench.state.taps == {"stage1": "embedding"}
    assert shown(view) == {("stage1", "embedding"): "compared", ("embedding", "embedding"): "last"}
    step(bench)
    assert shown(view) == {("stage1", "embedding"): "compared"}


def test_the_last_link_stays(bench):
    view = begin(bench)
    link(bench, "embedding", "embedding", "drop")
    assert bench.state.taps == {}
    assert view.refused == "hint needs a link: draw another one first"
    link(bench, "stage1", "embedding")
    assert view.refused == ""


def test_each_layer_of_the_teacher_has_one_link(bench):
    view = begin(bench, student="conv-4")
    link(bench, "embedding", "stage1")
    assert shown(view) == {("embedding", "stage1"): "next"}


def test_layers_without_maps_are_refused_where_maps_are_compared(bench):
    view = begin(bench, student="conv-4", method="attention-transfer")
    assert [one["name"] for one in view.student_layers if one["reason"]] == ["embedding"]
    link(bench, "stage1", "embedding")
    assert view.refused == "attention-transfer compares feature maps, and embedding is a vector"
    assert bench.state.taps == {}


def test_a_layer_that_does_not_exist_is_refused(bench):
    view = begin(bench)
    link(bench, "stage9", "embedding")
    assert "stage9" in view.refused
    assert bench.state.taps == {}


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        ({"type": "response"}, "soft-targets compares answers, no layers"),
        ({"scheme": "self", "student": "conv-8"}, "an exit compares its own layer"),
        ({"scheme": "online"}, "who teaches here is made when the run begins"),
    ],
)
def test_why_there_is_nothing_to_join_is_said(bench, knobs, reason):
    view = begin(bench, **knobs)
    assert view.refusal.startswith(reason)
    link(bench, "stage2", "embedding")
    assert view.refused == view.refusal
    assert bench.state.taps == {}


def test_online_the_peers_layers_are_joined(bench):
    view = begin(bench, scheme="online", student="conv-4")
    step(bench)
    assert view.source == "peer"
    assert [one["shape"] for one in view.teacher_layers] == [one["shape"] for one in view.student_layers]
    link(bench, "stage1", "stage2")
    step(bench)
    assert shown(view) == {("embedding", "embedding"): "compared", ("stage1", "stage2"): "compared"}


def test_units_are_sorted_by_the_class_they_answer_most(bench):
    view = begin(bench)
    step(bench)
    groups = {g["name"]: g for g in view.groups}
    assert groups["units-student"]["kind"] == "units"
    assert (groups["units-student"]["rows"], groups["units-student"]["cols"]) == (11, 64)
    scene = bench.lab.painter.scene
    means = scene.units(bench.lab.runner.lanes.main.training.students["student"], "embedding")
    order = readings.by_class(means)
    drawn = view.values(groups["units-student"])[0, 1:]
    assert (
        abs(drawn - means[:, order]).max() <= (groups["units-student"]["high"] - groups["units-student"]["low"]) / 255
    )
    best = means[:, order].argmax(0)[means[:, order].max(0) > 0]
    assert (best[1:] >= best[:-1]).all()


def test_what_attention_transfer_compares_is_shown_and_gives_its_loss(bench):
    view = begin(bench, student="conv-4", method="attention-transfer")
    step(bench)
    loss = {g["who"]: view.values(g)[0] for g in view.groups if g["part"] == "loss"}
    assert list(loss) == ["teacher", "student", "difference"]
    assert loss["teacher"].shape == (7, 7)
    assert (loss["teacher"] ** 2).sum() == pytest.approx(1, abs=0.02)
    said = float(view.note.rpartition(" ")[2].rstrip("."))
    assert ((loss["teacher"] - loss["student"]) ** 2).mean() == pytest.approx(said, rel=0.05, abs=1e-4)


def test_a_recorded_run_has_nothing_that_is_compared_now(tmp_path):
    state = LabState()
    bench = Workbench(runs=tmp_path)
    lab = Lab(state, Painter(bench.views), tmp_path)
    lab.open_first()
    assert lab.runner.settled()
    match = matching.match(lab.painter.scene, lab._shown(None))
    assert match.links() == []
    assert match.refusal.startswith("soft-targets compares answers")
    lab.runner.close()
    bench.lab.runner.close()
