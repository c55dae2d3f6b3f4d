"""Recordings that are left and go on: with the same bits, and with knobs turned while they catch up."""

from itertools import count

import pytest
import torch
from helpers import bits, net, same, training
from hypothesis import given, settings
from hypothesis import strategies as st
from kills import ALL, contents, follow, made, whole
from torch import nn

from kdlab import Recording, recorder
from kdlab.events import Changed, Step


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A checkpoint after every step, where `every` is 0; and nothing waits for the disk."""
    monkeypatch.setattr(recorder, "SHARE", 0)
    monkeypatch.setattr(recorder.os, "fsync", lambda _: None)


@pytest.mark.parametrize("case", ALL)
def test_a_run_broken_off_anywhere_goes_on_to_the_same_files(case, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    whole(case, folder / "whole")
    last = len((folder / "whole" / "events.jsonl").read_text().splitlines())
    places = (folder / f"{i}" for i in count())

    @settings(max_examples=6)
    @given(st.lists(st.tuples(st.integers(1, last), st.integers(0, 9)), min_size=1, max_size=3))
    def goes_on(breaks):
        place = next(places)
        for at, every in [*breaks, (last + 1, 0)]:
            if place.exists():
                break
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(recorder, "_clock", count().__next__)
                recording = Recording(made(case), place, every=every)
                follow(case, until(recording, at), recording.training)
        assert contents(place) == contents(folder / "whole")

    goes_on()


def until(recording, at):
    """The events of a recording that is left while somebody handles the one of this number."""
    for event in recording:
        yield event
        if len(recording.events) == at:
            return


def test_one_may_pause_turn_a_knob_and_go_on_with_the_same_recording(tmp_path):
    recording = Recording(training(net(1)), tmp_path / "run")
    for event in recording:
        if event.step == 7:
            break
    recording.training.recipe = recording.training.recipe.replace(temperature=7.0)
    first = next(event for event in recording)
    assert first == Changed(7, "temperature", 2.0, 7.0)
    list(recording)
    assert list(recording) == []
    assert recording.run.recipe.temperature == 7.0


def turned(folder, by_step, until=99):
    """Record with knobs turned after so many steps, until some step; what has been changed, if it came to the end."""
    recording = Recording(training(net(1)), folder, every=99)
    made = recording.training
    made.recipe = made.recipe.replace(**by_step.get(0, {}))
    for event in recording:
        if isinstance(event, Step) and event.step in by_step:
            made.recipe = made.recipe.replace(**by_step[event.step])
        if event.step == until:
            return []
    return [(e.step, e.knob, e.new) for e in recording.run.events if isinstance(e, Changed)]


FIRST = {0: {"learning_rate": 0.02}, 2: {"temperature": 4.0}, 5: {"alpha": 0.3}}


def test_knobs_are_turned_again_where_they_were(tmp_path):
    turned(tmp_path / "run", FIRST, until=8)
    expected = [(0, "learning_rate", 0.02), (2, "temperature", 4.0), (5, "alpha", 0.3)]
    assert turned(tmp_path / "run", {}) == expected


@pytest.mark.parametrize("again", [False, True])
def test_a_knob_turned_by_hand_takes_the_place_of_those_to_come(again, tmp_path):
    turned(tmp_path / "run", FIRST, until=8)
    by_hand = {3: {"temperature": 9.0}}
    if again:
        turned(tmp_path / "run", by_hand, until=8)
    expected = [(0, "learning_rate", 0.02), (2, "temperature", 4.0), (3, "temperature", 9.0)]
    assert turned(tmp_path / "run", {} if again else by_hand) == expected


def test_a_turn_that_was_noted_by_half_has_never_been(tmp_path):
    turned(tmp_path / "run", {2: {"temperature": 4.0}}, until=8)
    with open(tmp_path / "run.unfinished" / "knobs.jsonl", "a") as noted:
        noted.write('{"events": 7, "rec')
    turned(tmp_path / "run", {5: {"alpha": 0.3}}, until=8)
    assert turned(tmp_path / "run", {}) == [(2, "temperature", 4.0), (5, "alpha", 0.3)]


class Chancy(nn.Module):
    """A layer that draws from the global random state, which no list of layers that draw knows."""

    def forward(self, x):
        return x + torch.rand(x.shape) if self.training else x


def test_torchs_random_state_goes_on(tmp_path):
    def chancy():
        torch.manual_seed(5)
        return training(nn.Sequential(Chancy(), nn.Flatten(), nn.Linear(36, 3)))

    straight = chancy()
    list(straight)
    for event in Recording(chancy(), tmp_path / "run", every=0):
        if event.step == 7:
            break
    again = Recording(chancy(), tmp_path / "run")
    list(again)
    assert same(bits(again.run.student), bits(straight.students["student"]))


def test_weights_keep_their_place_in_memory(tmp_path):
    """Moments that lie otherwise than their weights would be mixed up by a fused optimiser."""

    def channels_last():
        maps = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.Flatten(), nn.Linear(24, 3))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            for layer in (maps[0], maps[2], maps[4]):
                layer.reset_parameters()
        return training(maps.to(memory_format=torch.channels_last))

    straight = channels_last()
    list(straight)
    for event in Recording(channels_last(), tmp_path / "run", every=0):
        if event.step == 7:
            break
    again = Recording(channels_last(), tmp_path / "run")
    list(again)
    assert same(bits(again.run.student), bits(straight.students["student"]))
