"""A lane is advanced step by step, alone or beside others, and comes to the same as a training iterated at once."""

import pytest
import torch
from helpers import bits, net, same, sure, toy, training
from safetensors.torch import load_file

from kdlab import Recipe
from kdlab.events import Diverged, Epoch, Step
from kdlab.runs import Run
from kdlab.training import Training
from kdlab.ui import fields
from kdlab.ui.lab import Lab
from kdlab.ui.lanes import Lane, Lanes
from kdlab.ui.state import LabState


@pytest.mark.parametrize("settings", [{}, {"fine_tune": 2, "patience": 1}, {"scheme": "self", "epochs": 2}])
@pytest.mark.parametrize("epochs", [1, 2, 4])
@pytest.mark.parametrize("at", [3, 6, 11, 12])
def test_epochs_turned_in_mid_run_leave_no_measurement_out(at, epochs, settings):
    """Also where fewer are asked for than are done already."""
    lane = Lane("seed 0", training(**settings))
    straight, events = training(**settings), []
    for event in straight:
        events.append(event)
        if isinstance(event, Step) and event.step == at and straight.step < straight.total:
            straight.recipe = straight.recipe.replace(epochs=epochs)
    while not lane.over:
        lane.advance()
        if lane.training.step == at and not lane.over and lane.training.recipe.epochs != epochs:
            lane.training.recipe = lane.training.recipe.replace(epochs=epochs)
    assert lane.events == events
    assert [e.step for e in lane.events if isinstance(e, Epoch)][-1] == lane.training.step


# --- seeds side by side ---

BASE = Recipe(epochs=3, batch_size=16, learning_rate=0.01, order_seed=5)  # 18 steps


def made(recipe=BASE, seeds=3, data=None, student="mlp-16"):
    return Lanes(recipe, toy() if data is None else data, sure(), student, seeds)


def advance(lanes, turns=()):
    """To the end, knobs turned after so many steps; returns the reasons that were given."""
    turns, why = dict(turns), []
    while not lanes.over:
        lanes.advance()
        why.append(lanes.why_not)
        if lanes.main.training.step in turns:
            lanes.turn(lanes.main.training.recipe.replace(**turns.pop(lanes.main.training.step)))
    return why


@pytest.fixture
def stepped(monkeypatch):
    """Seeds of trainings of the run that took a step by themselves, baselines aside."""
    seen, step = [], Training.take_step

    def spy(self):
        seen.append((self.recipe.seed, self.step, self.recipe.alpha))
        return step(self)

    monkeypatch.setattr(Training, "take_step", spy)
    return seen


TURNS = {
    "nothing": {},
    "numbers": {4: {"temperature": 5.0, "learning_rate": 0.02}, 11: {"alpha": 0.2}},
    "another method": {7: {"method": "dkd"}, 12: {"type": "relation", "method": "rkd", "alpha": 0.5}},
    "an adapter": {7: {"type": "feature", "method": "hint", "alpha": 0.5}},
    "another scheme": {7: {"scheme": "online", "scheme_variant": "mutual"}},
    "fewer epochs": {8: {"epochs": 2}},
    "epochs that are over": {13: {"epochs": 1}},
    "more epochs": {17: {"epochs": 4}},
    "fine-tuning": {9: {"fine_tune": 2, "patience": 1}},
}


@pytest.mark.parametrize("what", TURNS)
def test_seeds_side_by_side_record_what_each_would_alone(what, monkeypatch, stepped):
    together, alone = made(), made()
    why = advance(together, TURNS[what])
    mine = [one for one in stepped if one[0] > 0]  # baselines have seed 0
    reason = "the scheme has several phases" if what == "fine-tuning" else None
    assert why[0] is None
    assert why[10] == reason
    assert bool(mine) == (reason is not None)
    monkeypatch.setattr(Lanes, "_advance_seeds", lambda self: self._advance(self.seeds))
    advance(alone, TURNS[what])
    for lane, other in zip(together.seeds, alone.seeds, strict=True):
        assert [type(event) for event in lane.events] == [type(event) for event in other.events]
        assert lane.trace.lines.keys() == other.trace.lines.keys()
        for event, expected in zip(lane.events, other.events, strict=True):
            if isinstance(event, Step):
                assert (event.step, event.loss) == (expected.step, pytest.approx(expected.loss, rel=1e-3, abs=1e-4))
            elif isinstance(event, Epoch):
                assert (event.step, event.epoch) == (expected.step, expected.epoch)
            else:
                assert event == expected
    assert len({lane.events[-1].measured["student"]["cross_entropy"] for lane in together.seeds}) == 3


def test_without_one_order_seeds_are_advanced_one_by_one_and_nothing_is_said(stepped):
    assert set(advance(made(BASE.replace(order_seed=None)))) == {None}
    assert len([seed for seed, *_ in stepped if seed > 0]) == 2 * 18
    stepped.clear()
    assert set(advance(made(seeds=1))) == {None}
    assert len(stepped) == 3 * 18  # the run and its two baselines


def test_what_cannot_be_stacked_is_said():
    lanes = made(student=net(dropout=0.5))
    assert set(advance(lanes)) == {"dropout would draw other numbers"}
    assert [lane.training.step for lane in lanes.seeds] == [18] * 3


def test_a_seed_that_diverges_leaves_the_others_side_by_side(stepped):
    lanes = made(seeds=4)
    with torch.no_grad():
        next(lanes.seeds[2].training.students["student"].parameters()).fill_(float("inf"))
    why = advance(lanes)
    assert isinstance(lanes.seeds[2].events[-1], Diverged)
    assert [lane.training.step for lane in lanes.seeds] == [18, 18, 0, 18]
    assert set(why) == {None}
    assert {seed for seed, *_ in stepped} == {0}


def test_a_run_is_saved_in_mid_stack_and_afterwards_none_moves_another(tmp_path):
    lanes = made()
    for _ in range(5):
        lanes.advance()
    training = lanes.seeds[1].training
    Run.of(training, lanes.seeds[1].events).save(tmp_path / "run")
    held = bits(training.students["student"])
    saved = load_file(tmp_path / "run" / "student.safetensors")
    assert same({f"net {k}": v for k, v in saved.items()}, held)
    advance(lanes)
    ended = bits(training.students["student"])
    assert not same(ended, held)
    with torch.no_grad():
        for parameter in lanes.main.training.students["student"].parameters():
            parameter.zero_()
    assert same(bits(training.students["student"]), ended)


class Silent:
    """A painter that draws nothing."""

    scene = None

    def begin(self, scene):
        self.scene = scene

    def paint(self, *_, **__):
        pass


def test_the_status_says_why_seeds_are_trained_one_by_one(tmp_path):
    state = LabState(data=toy(), teacher=sure(), student=net(dropout=0.5))
    state.seeds, state.order_seed, state.epochs, state.pace = 3, 0, 2, "full"
    lab = Lab(state, Silent(), tmp_path / "runs")
    said = "seeds are trained one by one: dropout would draw other numbers"
    for _ in range(2):  # each run says it
        lab.take_step()
        assert lab.runner.settled()
        assert state.status == said
        lab.train()
        assert lab.runner.settled()
        assert (state.status, state.error, state.step) == ("", "", 2)  # said once
    state.fine_tune = 1
    lab.take_step()
    assert lab.runner.settled()
    state.fine_tune = 0
    assert state.status == "seeds are trained one by one: the scheme has several phases"
    state.order_seed = None
    lab.reset()
    lab.take_step()
    assert lab.runner.settled()
    assert state.status == ""
    lab.runner.close()


def test_a_knob_that_brings_seeds_together_takes_back_what_was_said(tmp_path):
    state = LabState()
    state.student, state.labelled, state.pool, state.seeds, state.order_seed = "mlp-16", 250, 0, 2, 0
    state.fine_tune = 1
    lab = Lab(state, Silent(), tmp_path / "runs")
    lab.take_step()
    assert lab.runner.settled()
    assert state.status == "seeds are trained one by one: the scheme has several phases"
    state.fine_tune = 0
    lab.runner.call(lab.runner.lanes.advance)
    lab.runner.call(lab.runner.push)
    assert lab.runner.settled()
    assert state.status == ""
    help = next(field["help"] for field in fields.fields(state) if field["name"] == "order_seed")
    assert "one for all, by which seeds train side by side" in help
    lab.runner.close()
