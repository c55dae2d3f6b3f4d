"""Recordings of teachers who see what their student does not, another view or a graph: killed, and gone on with."""

import json
import signal
from dataclasses import replace
from itertools import count

import kills
import pytest
import torch
from helpers import images, net, sure
from kills import contents, follow, process

from kdlab import Dataset, Recipe, Recording, models, recorder
from kdlab.texts import NODE
from kdlab.training import Training

SIZES = 48, 20, 20  # of training, validation and test
CASES = {
    "cross-modal": {"algorithm": "cross-modal", "teacher_view": "picture", "type": "feature"},
    "cross-modal, peers see what the teacher would": {
        "algorithm": "cross-modal", "teacher_view": "picture", "scheme": "online", "type": "relation",
    },
    "graph-based": {"algorithm": "graph-based", "teacher_view": NODE},
    "graph-based, the graph of a batch": {
        "algorithm": "graph-based", "type": "relation", "method": "instance-graph", "teacher_view": "picture",
    },
}  # fmt: skip
TURNS = {1: {"temperature": 5.0}, 2: {"alpha": 0.3}, 4: {"learning_rate": 0.02}}


def seen() -> Dataset:
    """The same samples as nodes of a graph, as pictures, and as the lower halves of these."""
    start, parts = 0, []
    for seed, n in enumerate(SIZES, 1):
        picture, y = images(n, seed)
        node = torch.arange(start, start + n, dtype=torch.float32)[:, None]
        start, views = start + n, {NODE: node, "picture": picture, "half": picture[:, :, 3:]}
        parts.append((views, y))
    (x, y), validation, test = parts
    data = Dataset.from_tensors(x, y, validation=validation, test=test, labelled=16, classes=list("abc"))
    ring = torch.arange(sum(SIZES))
    return replace(data, edges=torch.stack([ring, (ring + 1) % len(ring)], 1)).with_view("half")


def lower_half(seed: int) -> torch.nn.Module:
    """A student with BatchNorm and dropout, who sees half a picture."""
    student = net(seed, batch_norm=True, dropout=0.3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        student.embedding[1] = torch.nn.Linear(72, 8)
    return student


def made(case: str) -> Training:
    settings, data, teacher, peer = CASES[case], seen(), sure(), None
    if settings["teacher_view"] == NODE:
        teacher = models.fitting("gcn", data, seed=3, view=NODE)
    if settings.get("scheme") == "online":
        teacher, peer = None, net(5, dropout=0.3)
    recipe = Recipe(**settings, epochs=2, batch_size=16, learning_rate=0.01)
    return Training(lower_half(1), data, teacher=teacher, peer=peer, recipe=recipe)


def installed() -> None:
    """These cases in place of the others."""
    kills.ALL.update({case: settings | {"turns": TURNS} for case, settings in CASES.items()})
    kills.made = made


def record(*arguments) -> None:
    """Record a case, in a process of its own."""
    installed()
    kills.record(*arguments)


@pytest.fixture(params=CASES)
def case(request, tmp_path, monkeypatch):
    """A case, and what its run comes to when nobody records it."""
    monkeypatch.setattr(kills, "ALL", dict(kills.ALL))
    monkeypatch.setattr(kills, "made", made)
    installed()
    kills.whole(request.param, tmp_path / "whole")
    return request.param, contents(tmp_path / "whole")


def test_what_is_compared_hangs_on_views_and_graph(case):
    name, _ = case
    new = made(name)
    batch, _ = new.batches(0)
    assert batch.x.shape[1:] == (1, 3, 6)
    other = new.setup.players["peer" if "online" in CASES[name].values() else "teacher"]
    expected = (1,) if CASES[name]["teacher_view"] == NODE else (1, 6, 6)
    assert batch.seen(other.view).shape[1:] == expected


def test_a_run_that_is_killed_goes_on_to_the_same_bits(case, tmp_path):
    """At moments spread over the whole of it, in processes of their own."""
    name, expected = case
    assert process(record, name, tmp_path / "all", None, True, 4, tmp_path / "moments.json") == 0
    assert contents(tmp_path / "all") == expected
    moments = json.loads((tmp_path / "moments.json").read_text())
    last_turn = max(i for i, moment in enumerate(moments) if moment == "knobs")
    for at in (last_turn // 2, (last_turn + len(moments)) // 2):
        folder = tmp_path / f"{at}"
        assert process(record, name, folder, at, True, 4) == -signal.SIGKILL
        assert not folder.exists()
        turned = at > last_turn  # then nobody is there to turn knobs again: what was noted must do
        assert process(record, name, folder, None, not turned, 4) == 0
        assert contents(folder) == expected, moments[at]


def test_a_run_that_is_left_after_any_event_goes_on_to_the_same_bits(case, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "SHARE", 0)
    monkeypatch.setattr(recorder, "_clock", count().__next__)
    monkeypatch.setattr(recorder.os, "fsync", lambda _: None)
    name, expected = case
    events = len(expected["events.jsonl"].splitlines())
    for at in range(1, events, 2):
        folder = tmp_path / f"{at}"
        recording = Recording(made(name), folder, every=at % 3)
        follow(name, until(recording, at), recording.training)
        again = Recording(made(name), folder, every=0)
        follow(name, again, again.training)
        assert contents(folder) == expected


def until(recording, at):
    """The events of a recording that is left while somebody handles the one of this number."""
    for event in recording:
        yield event
        if len(recording.events) == at:
            return
