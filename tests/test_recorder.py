"""Recordings: what they refuse, what they leave, and what they cost; their bits are in test_recorder_bits.py."""

import copy
import io
from itertools import pairwise

import pytest
from helpers import bits, net, same, sure, toy, training
from kills import contents
from torch import nn

import kdlab
from kdlab import Recipe, Recording, recorder, resume
from kdlab.events import Step
from kdlab.recorder import draft_of

RECIPE = Recipe(epochs=3, batch_size=16, learning_rate=0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A checkpoint after every step, where `every` is 0; and nothing waits for the disk."""
    monkeypatch.setattr(recorder, "SHARE", 0)
    monkeypatch.setattr(recorder.os, "fsync", lambda _: None)


def broken_off(folder, events=9, every=0.0, **settings):
    """A recording that was left after so many events."""
    recording = Recording(training(net(1), **settings), folder, every=every)
    for _ in recording:
        if len(recording.events) == events:
            return recording
    raise AssertionError("the run is shorter")


def test_distill_records_and_goes_on_and_says_so(tmp_path, capsys):
    given = {"student": net(1), "data": toy(), "teacher": sure(), "recipe": RECIPE}
    plain = kdlab.distill(**given)
    recorded = kdlab.distill(**given, save=tmp_path / "new")
    assert capsys.readouterr().out == ""
    assert recorded.events == plain.events
    assert contents(tmp_path / "new") == contents(plain.save(tmp_path / "plain"))
    broken_off(tmp_path / "begun")
    assert not (tmp_path / "begun").exists()
    with pytest.raises(ValueError, match=r"which has no recipe.toml; .*begun\.unfinished can go on$"):
        kdlab.Run.open(tmp_path / "begun")
    run = kdlab.distill(**given, save=tmp_path / "begun")
    assert capsys.readouterr().out == f"{tmp_path / 'begun'}: goes on from step 6 of 18\n"
    assert run.events == plain.events
    assert contents(tmp_path / "begun") == contents(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begun", "new", "plain"]
    broken_off(tmp_path / "silent")
    kdlab.distill(**given, save=tmp_path / "silent", progress=False)
    assert capsys.readouterr().out == ""


def test_a_folder_that_exists_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "run").mkdir()
    begun = broken_off(tmp_path / "other").draft
    before = contents(begun)
    begun.rename(draft_of(tmp_path / "run"))  # of another run than the one that is there
    with pytest.raises(ValueError, match=r"^save must name a new folder, got '.*run', which exists$"):
        Recording(training(net(1)), tmp_path / "run")
    assert contents(draft_of(tmp_path / "run")) == before
    assert contents(tmp_path / "run") == {}


def test_a_run_has_the_same_bytes_where_lines_end_otherwise(tmp_path, monkeypatch):
    """Else a recording would not know the draft of its own finished run again on Windows."""
    list(Recording(training(net(1)), tmp_path / "run"))
    plain = io.open

    def windows(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, *others):
        newline = "\r\n" if newline is None and "r" not in mode and "b" not in mode else newline
        return plain(file, mode, buffering, encoding, errors, newline, *others)

    monkeypatch.setattr(io, "open", windows)  # what pathlib calls
    (tmp_path / "text").write_text("a\n")
    assert (tmp_path / "text").read_bytes() == b"a\r\n"
    list(Recording(training(net(1)), tmp_path / "there"))
    assert contents(tmp_path / "there") == contents(tmp_path / "run")


def test_a_folder_that_has_come_to_exist_meanwhile_is_not_overwritten(tmp_path):
    recording = Recording(training(net(1)), tmp_path / "run")
    events = iter(recording)
    next(events)
    (tmp_path / "run").mkdir()
    with pytest.raises(ValueError, match=r"got '.*run', which has come to exist$"):
        list(events)
    assert contents(tmp_path / "run") == {}
    (tmp_path / "run").rmdir()
    assert list(Recording(training(net(1)), tmp_path / "run"))  # nothing was lost


OTHER = {
    "a knob": (
        {"temperature": 3.0},
        r"temperature must be 2.0, as in the unfinished run in '.*\.unfinished', got 3",
    ),
    "data": ({"data": toy(labelled=80)}, "data must be that of the unfinished run in .*, got another"),
    "a teacher": ({"teacher": sure(8)}, "teacher must be that of the unfinished run in .*, got another"),
    "no teacher": ({"teacher": None, "alpha": 0.0}, "alpha must be 0.9, as in the unfinished run"),
    "a student": ({"student": net(2)}, "student must be that of the unfinished run in .*, got another"),
    "measured": ({"measure_every": 2}, "measure_every must be that of the unfinished run in .*, got another"),
}


@pytest.mark.parametrize(("change", "message"), OTHER.values(), ids=OTHER)
def test_another_run_is_refused_by_name_and_nothing_changes(change, message, tmp_path):
    begun = broken_off(tmp_path / "run").draft
    before = contents(begun)
    given = {"student": net(1)} | change
    with pytest.raises(ValueError, match=rf"^{message}.*; save into another folder, or remove that one$"):
        Recording(training(**given), tmp_path / "run")
    assert contents(begun) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (nn.ReLU(), nn.Tanh()),
        (nn.Dropout(0.1), nn.Dropout(0.9)),
        (nn.LeakyReLU(0.01), nn.LeakyReLU(0.9)),
        (nn.BatchNorm1d(8, momentum=0.1), nn.BatchNorm1d(8, momentum=0.9)),
    ],
)
def test_layers_of_another_kind_or_setting_are_another_student(one, other, tmp_path):
    """Their weights are the same, and what comes of them is not."""
    first, twin, equal = net(1), net(1), net(1)
    first.embedding[2], twin.embedding[2], equal.embedding[2] = one, other, copy.deepcopy(one)
    recording = Recording(training(first), tmp_path / "run", every=0)
    next(iter(recording))
    with pytest.raises(ValueError, match=r"^student must be that of the unfinished run"):
        Recording(training(twin), tmp_path / "run")
    assert Recording(training(equal), tmp_path / "run").resumed == 0


def test_where_a_function_lies_does_not_make_another_network():
    class Bent(nn.Module):
        def __init__(self):
            super().__init__()
            self.bend = lambda x: x

        def extra_repr(self):
            return f"{self.bend}"

    one, other = Bent(), Bent()
    assert repr(one) != repr(other)
    assert resume.digest(one) == resume.digest(other)


def test_a_peer_is_known_again(tmp_path):
    def online(peer):
        return kdlab.train(net(1), toy(), peer=peer, recipe=RECIPE.replace(scheme="online"))

    recording = Recording(online(net(5)), tmp_path / "run", every=0)
    next(iter(recording))
    for other, got in ((net(6), "another"), (None, "none")):
        with pytest.raises(ValueError, match=rf"^peer must be that of the unfinished run in .*, got {got};"):
            Recording(online(other), tmp_path / "run")
    assert list(Recording(online(net(5)), tmp_path / "run"))


def test_a_training_that_has_begun_is_refused(tmp_path):
    begun = training(net(1))
    next(iter(begun))
    with pytest.raises(ValueError, match=r"^training must be new to be recorded, got one that has taken 0 steps$"):
        Recording(begun, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("every", [-1.0, float("nan")])
def test_bad_seconds_are_refused(every, tmp_path):
    with pytest.raises(ValueError, match=r"^every must be a number at least 0, got"):
        Recording(training(net(1)), tmp_path / "run", every=every)


def test_a_folder_of_somebody_elses_is_neither_used_nor_emptied(tmp_path):
    draft = draft_of(tmp_path / "run")
    draft.mkdir()
    (draft / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match=r"'.*run\.unfinished' holds no checkpoint, but thesis\.tex$"):
        Recording(training(net(1)), tmp_path / "run")
    (draft / "thesis.tex").rename(tmp_path / "thesis.tex")
    recording = Recording(training(net(1)), tmp_path / "run")
    for event in recording:
        if event.step == 5:
            (draft / "notes.txt").write_text("mine")
    assert contents(draft) == {"notes.txt": b"mine"}
    assert kdlab.Run.open(tmp_path / "run", student=net(1)).events == recording.events


def test_two_do_not_write_into_one_folder(tmp_path):
    first = iter(Recording(training(net(1)), tmp_path / "run", every=0))
    for _ in range(5):
        next(first)
    second = Recording(training(net(1)), tmp_path / "run", every=0)
    with pytest.raises(BlockingIOError, match=r"run\.unfinished must have one writer, got a second one"):
        next(iter(second))
    next(first)
    first.close()
    with pytest.raises(ValueError, match=r"^save must .* nobody else writes, got '.*run', into which somebody has"):
        next(iter(second))
    assert list(Recording(training(net(1)), tmp_path / "run"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("checkpoint.safetensors", b"half", r"checkpoint\.safetensors' must be a checkpoint, and cannot be read"),
        ("events.jsonl", b"", r"events\.jsonl in '.*' must be as long as .*, got 0 of \d+ bytes$"),
    ],
)
def test_damaged_files_are_named(name, content, message, tmp_path):
    draft = broken_off(tmp_path / "run").draft
    (draft / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        Recording(training(net(1)), tmp_path / "run")


def test_an_error_in_mid_step_loses_no_more_than_since_the_checkpoint(tmp_path, monkeypatch):
    made = training(net(1))
    recording = Recording(made, tmp_path / "run", every=0)
    for event in recording:
        if event.step == 5:
            break
    monkeypatch.setattr(made, "take_step", lambda: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        list(recording)
    with pytest.raises(RuntimeError, match=r"^recording was cut off in the middle of a step"):
        list(recording)
    again = Recording(training(net(1)), tmp_path / "run")
    assert again.resumed == 4
    list(again)
    straight = training(net(1))
    assert again.run.events == list(straight)
    assert same(bits(again.run.student), bits(straight.students["student"]))


def test_checkpoints_take_a_small_part_of_the_time(tmp_path, monkeypatch):
    """One that takes a second is not written again within twenty, whatever was asked for."""
    monkeypatch.setattr(recorder, "SHARE", 20)
    now = [0.0]
    monkeypatch.setattr(recorder, "_clock", lambda: now[0])
    pack, times = recorder.checkpoint.pack, []

    def slow(state):
        times.append(now[0])
        now[0] += 1.0
        return pack(state)

    monkeypatch.setattr(recorder.checkpoint, "pack", slow)
    for event in Recording(training(net(1)), tmp_path / "run", every=5.0):
        now[0] += 4.0 if isinstance(event, Step) else 0.0
    assert [later - earlier for earlier, later in pairwise(times)] == [21.0, 21.0, 21.0]
