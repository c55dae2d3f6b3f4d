"""Events: plain numbers, JSON both ways."""

import pytest
from helpers import training
from hypothesis import given
from hypothesis import strategies as st

from kdlab import events
from kdlab.events import Changed, Diverged, Epoch, Phase, Step

names = st.text(max_size=9)
numbers = st.floats(allow_nan=False)
values = st.none() | numbers | st.integers() | names | st.dictionaries(names, numbers, max_size=2)
counts = st.integers(0, 10**6)
tables = st.dictionaries(names, numbers, max_size=3)
links = st.lists(st.lists(st.none() | names, min_size=2, max_size=2), max_size=2)
any_event = st.one_of(
    st.builds(
        Phase, counts, counts, links, st.dictionaries(names, st.lists(st.lists(names), max_size=2), max_size=2), names
    ),
    st.builds(Step, counts, numbers, tables, tables),
    st.builds(Epoch, counts, counts, st.dictionaries(names, tables, max_size=2)),
    st.builds(Changed, counts, names, values, values),
    st.builds(Diverged, counts, st.sampled_from(["nan", "inf", "-inf"])),
)


@given(any_event)
def test_json_both_ways(event):
    line = events.to_line(event)
    assert "\n" not in line
    assert events.from_line(line) == event


def test_a_run_is_written_and_read(tmp_path):
    made = training(type="feature", epochs=2)
    happened = []
    for event in made:
        happened.append(event)
        if len(happened) == 5:
            made.recipe = made.recipe.replace(temperature=4.0, method={"hint": 1.0, "soft-targets": 2.0})
    assert {type(e) for e in happened} == {Phase, Step, Epoch, Changed}
    events.write(happened, tmp_path / "events.jsonl")
    assert events.read(tmp_path / "events.jsonl") == happened


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path):
    path, happened = tmp_path / "events.jsonl", list(training(epochs=1))
    events.write(happened, path)
    whole = path.read_bytes()
    for cut in (1, 2, 40):
        path.write_bytes(whole[:-cut])
        assert events.read(path) == happened[:-1]
    path.write_bytes(b"")
    assert events.read(path) == []


def test_another_line_that_is_no_event_is_named(tmp_path):
    path = tmp_path / "events.jsonl"
    for line in ("nonsense", "[]", "3", '{"event": "unknown"}', '{"event": "step", "step": 1}', '{"step": 1}'):
        path.write_text(line + "\n" + events.to_line(Changed(1, "alpha", 0.5, 0.6)) + "\n")
        with pytest.raises(ValueError, match=r"^line must be an event in JSON, got "):
            events.read(path)


def test_a_drag_between_two_steps_makes_one_mark():
    turned = [
        Changed(3, "temperature", 2.0, 3.0),
        Changed(3, "temperature", 3.0, 4.0),
        Changed(5, "alpha", 0.5, 0.9),
        Changed(6, "epochs", 3, 4),
        Changed(6, "epochs", 4, 3),
        Changed(7, "method_knobs", {}, {"weight": 2.0}),
    ]
    assert events.marks(turned) == [
        {"x": 3, "text": "T 2 → 4"},
        {"x": 5, "text": "α 0.5 → 0.9"},
        {"x": 7, "text": "method_knobs default → weight 2"},
    ]


def test_a_run_is_told_in_sentences():
    told = list(
        events.replay(
            [
                Phase(0, 0, [["student", "teacher"], ["peer", None]], {}, "soft-targets"),
                Step(1, 1.25, {}, {}),
                Changed(1, "temperature", 2.0, 4.0),
                Epoch(1, 1, {"student": {"accuracy": 0.5}, "peer": {"accuracy": 0.25}}),
                Diverged(2, "nan"),
            ]
        )
    )
    assert told == [
        "step     0  phase 1: teacher → student, labels → peer, soft-targets",
        "step     1  temperature: 2 → 4",
        "step     1  epoch   1: loss 1.250, validation accuracy student 50.0%, peer 25.0%",
        "step     2  diverged: the loss was nan",
    ]


def test_phases_that_follow_of_themselves_are_marked_and_those_of_a_knob_have_its_mark():
    made = training(scheme="self", scheme_variant="born-again", epochs=1, fine_tune=2)
    happened = []
    for event in made:
        happened.append(event)
        if isinstance(event, Step) and event.step == 8:
            made.recipe = made.recipe.replace(method="dkd")
    texts = [(mark["x"], mark["text"]) for mark in events.marks(happened)]
    assert texts[0] == (8, "method soft-targets → dkd")
    assert (6, "phase 2") in texts
    assert (12, "fine-tuning") in texts
    assert [x for x, _ in texts if x == 8] == [8]
    assert events.marks(training()) == []
