"""The scheme's diagram against the training that it draws, and in words; the run's ledger panel."""

import math
from itertools import combinations

import pytest
from helpers import bits, net, training

from kdlab import schemes
from kdlab.cast import playing
from kdlab.ledger import Entry, ledger
from kdlab.ui import diagram
from kdlab.ui.painter import PANELS
from kdlab.ui.panels.run_ledger import RunLedger
from kdlab.ui.panels.scheme import Scheme
from kdlab.ui.scales import Scales
from kdlab.ui.shown import Shown
from kdlab.ui.workbench import Workbench

EVERY = [(scheme, variant) for scheme in schemes.names() for variant in schemes.variants(scheme)]
PEERS = ["student", "peer", "peer-2", "peer-3"]
LINKS = {
    "four peers": [[a, b] for a in PEERS for b in PEERS if a != b],
    "ensemble of three": [[a, "ensemble"] for a in PEERS[:3]],
    "three teachers": [["student", t] for t in ("teacher", "teacher-2", "teacher-3")],
    "three exits": [["student", None], *([f"student:stage{k}", "student"] for k in (1, 2, 3))],
    "a chain": [["student", "assistant"], ["assistant", "teacher"]],
    "an assistant who rests": [["student", "peer"]],
}


def drawn(links, alpha=0.9):
    found, flows = diagram.nodes(links), diagram.arrows(links, alpha)
    return found, flows, diagram.place(found, flows)


# --- the drawing tells what the trainer does ---


@pytest.mark.parametrize(("scheme", "variant"), EVERY)
def test_who_learns_in_the_diagram_is_who_is_trained(scheme, variant):
    made = training(net(1), scheme=scheme, scheme_variant=variant, alpha=0.7)
    for _ in made:
        links = [list(wire.link) for wire in made.wires]
        found, flows, _ = drawn(links, 0.7)
        trained = {name for name in made.learners() if "<-" not in name}
        assert {n.name for n in found if n.mode == "learns"} == trained
        resting = {n.name for n in found if n.mode in ("frozen", "follows")}
        for name in resting:
            player = playing(made.setup, made.resting).players[name]
            assert not player.learns
            assert not player.know(made.batches(made.step)[0])[""].logits.requires_grad
        assert [(a.target, a.source) for a in flows if a.kind == "knowledge"] == [(s, t) for s, t in links if t]


@pytest.mark.parametrize(("scheme", "variant"), EVERY)
def test_weights_are_those_of_the_loss(scheme, variant):
    made = training(net(1), scheme=scheme, scheme_variant=variant, alpha=0.7)
    terms = made.terms(*made.batches(0))
    _, flows, _ = drawn([list(wire.link) for wire in made.wires], 0.7)
    for arrow in flows:
        if arrow.kind == "labels":
            assert terms[f"{arrow.target}/labels"].weight == pytest.approx(arrow.weight)
        elif arrow.kind == "knowledge":
            assert terms[f"{arrow.target}/soft targets"].weight == pytest.approx(arrow.weight)


def test_without_knowledge_there_is_no_arrow_and_without_labels_neither():
    assert [a.kind for a in diagram.arrows([["student", "teacher"]], 0.0)] == ["labels"]
    assert [a.kind for a in diagram.arrows([["student", "teacher"]], 1.0)] == ["knowledge"]


@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
def test_nothing_overlaps_and_arrows_end_at_what_they_join(links):
    found, flows, height = drawn(links)
    boxes = [(n.x - n.w / 2, n.y - n.h / 2, n.x + n.w / 2, n.y + n.h / 2) for n in found]
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= diagram.WIDTH
        assert 0 <= top < bottom <= height
    by_name = {n.name: n for n in found}
    for arrow in flows:
        for name, (x, y) in ((arrow.source, arrow.path[:2]), (arrow.target, arrow.path[4:])):
            u, v, w, h = diagram.spot(name, by_name)
            assert abs(x - u) <= w / 2 + 0.1
            assert abs(y - v) <= h / 2 + 0.1
            assert abs(x - u) == pytest.approx(w / 2, abs=0.1) or abs(y - v) == pytest.approx(h / 2, abs=0.1)
    assert len({tuple(a.path) for a in flows}) == len(flows)


# --- in words ---


def view(links, **names):
    made = Scheme()
    made.show(diagram.nodes(links, names), diagram.arrows(links, 0.9), title="a scheme", method="soft-targets")
    return made


def test_self_in_words():
    made = view([["student", None], ["student:stage1", "student"]], student="conv-8")
    assert made.lines == [
        "student teaches student's exit at stage1 by soft-targets, weight 0.45; no gradient flows back.",
        "Labels teach student by cross-entropy, weight 0.50.",
        "Labels teach student's exit at stage1 by cross-entropy, weight 0.05.",
        "student (conv-8) learns.",
    ]
    assert made.sentence() == f"a scheme: {' '.join(made.lines)}"


def test_an_ensemble_has_no_weights_and_an_average_no_gradient():
    lines = view([["student", "ensemble"], ["peer", "ensemble"]]).lines
    assert "ensemble (mean of all answers) has no weights of its own, and no gradient reaches it." in lines
    lines = view([["student", "average"]]).lines
    assert "average (moving average of student) is in eval mode, and no gradient reaches it." in lines


def test_an_assistant_learns_first_and_rests_then():
    first, then = (
        view([link], teacher="cnn", peer="conv-8").lines for link in (["peer", "teacher"], ["student", "peer"])
    )
    assert first[-2:] == ["teacher (cnn) is frozen, in eval mode.", "peer (conv-8) learns."]
    assert then[0] == "peer teaches student by soft-targets, weight 0.90; no gradient flows back."
    assert then[-2:] == ["peer (conv-8) is frozen, in eval mode.", "student learns."]


def test_the_layers_that_a_link_compares_are_said():
    made, links = Scheme(), [["student", "teacher"]]
    pairs = {"student<-teacher": [["stage1", "embedding"]]}
    made.show(diagram.nodes(links), diagram.arrows(links, 0.5), title="offline", method="hint", pairs=pairs)
    assert made.lines[0].startswith("teacher teaches student by hint (stage1 with embedding), weight 0.50")


@pytest.mark.parametrize("links", LINKS.values(), ids=LINKS)
def test_every_scheme_has_a_still(links):
    assert 1000 < len(view(links).picture()) <= 40_000
    assert Scheme().sentence() == "No scheme yet."
    assert Scheme().picture()


# --- in the workbench ---


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Workbench(runs=tmp_path_factory.mktemp("runs"))
    made.state.panel = PANELS.index("Scheme")
    yield made
    made.lab.runner.close()


def test_the_diagram_shows_what_is_asked_for_then_what_runs_then_what_comes(bench):
    state, scheme = bench.state, bench.views["scheme"]
    bench.lab.reset()
    state.scheme, state.scheme_variant, state.epochs = "self", "born-again", 1
    assert bench.lab.runner.settled()
    assert (scheme.title, scheme.note) == ("self · born-again", "once the run begins")
    assert [p["state"] for p in scheme.phases] == ["next", "next"]
    bench.lab.take_step()
    assert bench.lab.runner.settled()
    assert scheme.note == ""
    assert [n["name"] for n in scheme.nodes] == ["student", "labels"]
    assert scheme.phases[-1] == {"text": "parent → student", "state": "next"}
    for _ in range(4):
        bench.lab.take_step()
    assert bench.lab.runner.settled()
    assert [n["name"] for n in scheme.nodes] == ["parent", "student", "labels"]
    assert [p["state"] for p in scheme.phases] == ["past", "now"]
    state.scheme = "offline"
    assert bench.lab.runner.settled()
    assert (scheme.title, scheme.note) == ("offline · frozen", "from the next step on")
    assert "teacher (fashion-mnist-cnn) is frozen, in eval mode." in scheme.lines


def test_while_an_assistant_learns_the_student_waits(bench):
    """Layers that teacher and assistant compare are not taken for the student's."""
    state, scheme = bench.state, bench.views["scheme"]
    bench.lab.reset()
    state.scheme, state.scheme_variant, state.epochs, state.type = "offline", "assistant", 1, "feature"
    state.panel = PANELS.index("Layer features")
    bench.lab.take_step()
    assert bench.lab.runner.settled()
    shown = Shown.of_lanes(bench.lab.runner.lanes, {})
    assert (shown.pairs, shown.adapter, shown.source) == ((), None, None)
    assert {link["state"] for link in bench.views["features"].links} == {"next"}
    for _ in range(4):
        bench.lab.take_step()
    assert bench.lab.runner.settled()
    shown = Shown.of_lanes(bench.lab.runner.lanes, {})
    assert shown.source.name == bench.views["features"].source == "peer"
    assert shown.pairs == (("embedding", "embedding"),)
    state.panel = PANELS.index("Scheme")
    assert bench.lab.runner.settled()
    assert scheme.title == "offline · assistant"
    assert [(p["text"].partition(",")[0], p["state"]) for p in scheme.phases] == [
        ("teacher → peer", "past"),
        ("peer → student", "now"),
    ]
    state.type, state.scheme_variant = "response", "frozen"


def test_a_recorded_run_has_a_diagram(bench):
    bench.lab.open_first()
    assert bench.lab.runner.settled()
    assert (bench.views["scheme"].title, bench.views["scheme"].note) == ("offline · frozen", "")


# --- the ledger ---


def test_the_ledger_panel_has_the_ledgers_numbers(bench):
    bench.lab.reset()
    bench.state.panel = PANELS.index("Ledger")
    bench.state.scheme, bench.state.type, bench.state.epochs = "offline", "relation", 3
    bench.lab.take_step()
    assert bench.lab.runner.settled()
    rows = {row["name"]: row for row in bench.views["ledger"].rows}
    entries = ledger(bench.lab.runner.lanes.main.training)
    assert list(rows) == list(entries)
    for name, entry in entries.items():
        for number, wanted in entry._asdict().items():
            assert rows[name][number] == pytest.approx(wanted, rel=1e-5)
    assert rows["labels"]["role"] == "labels"
    assert f"labels {100 * entries['labels'].share:.0f} %" in bench.views["ledger"].sentence()
    bench.state.panel = 0
    bench.lab.train()
    assert bench.lab.runner.settled()
    bench.state.panel = PANELS.index("Ledger")  # the run is over: of its last step
    assert bench.lab.runner.settled()
    assert bench.views["ledger"].step == bench.state.total


def test_exits_pull_at_the_student_too():
    made = training(net(1), scheme="self")
    found = ledger(made, exits=True)
    assert list(found) == ["labels", "stage1/labels", "stage1/soft targets"]
    assert sum(e.share for e in found.values()) == pytest.approx(1)
    assert found["stage1/soft targets"].norm > 0


def test_a_run_is_weighed_twice_a_second_at_most(monkeypatch):
    monkeypatch.setattr("kdlab.ui.scales.time.perf_counter", lambda: 7.0)  # no time passes
    scales, made = Scales(), training()
    first = scales.weigh(made, running=True)
    made.take_step()
    assert scales.weigh(made, running=True) is first
    again = scales.weigh(made, running=False)  # it stands still: now it counts
    assert again == ledger(made)
    assert scales.weigh(made, running=False) is again
    other = training(alpha=0.2)
    assert scales.weigh(other, running=True) == ledger(other)


def test_weighing_changes_no_bits():
    looked, plain, scales = (
        training(net(1, batch_norm=True), scheme="self"),
        training(net(1, batch_norm=True), scheme="self"),
        Scales(),
    )
    for _ in looked:
        scales.weigh(looked, running=False)
    list(plain)
    assert all((bits(looked)[k] == v).all() for k, v in bits(plain).items())


def test_history_grows_with_the_steps_and_begins_anew_with_a_run():
    panel = RunLedger()
    one = {"labels": Entry(1.0, 0.5, 0.2, 0.4, 1.0), "hint": Entry(2.0, 0.5, 0.3, 0.6, math.nan)}
    for step in (1, 5, 5, 9):
        panel.show(one, step)
    share, cosine = panel.charts
    assert [s["x"] for s in share["series"]] == [[1, 5, 9]] * 2
    assert cosine["series"] == []
    assert panel.rows[1]["cosine"] is None  # what is no number never travels
    panel.show(one, 2)
    assert panel.charts[0]["series"][0]["x"] == [2]
    panel.show({}, 0, "nothing")
    assert (panel.rows, panel.charts, panel.sentence()) == ([], [], "No ledger yet.")
    assert panel.picture()
