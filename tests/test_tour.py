"""The tour ticks what was done, and nothing else."""

import time
from types import SimpleNamespace

import pytest

from kdlab.ui.lab import FIRST_LOOK, Lab
from kdlab.ui.panels.curves import Curves
from kdlab.ui.state import LabState
from kdlab.ui.tour import STOPS, Tour

NAMES = [stop.name for stop in STOPS]
CHART = {
    "name": "accuracy",
    "title": "Validation accuracy",
    "unit": "%",
    "series": [
        {"name": "student", "role": "student", "x": [1, 2], "y": [50.0, 80.5]},
        {"name": "labels only", "role": "labels", "x": [1, 2], "y": [85.0, 78.0]},
    ],
    "lines": [{"name": "teacher", "role": "teacher", "y": 87.0}],
}


@pytest.fixture
def state():
    return LabState()


@pytest.fixture
def tour(state):
    return Tour(SimpleNamespace(state=state, views={"curves": Curves()}))


def becomes(state, **traits):
    """Readings as the lab sets them: several at once."""
    with state.hold_trait_notifications():
        for name, value in traits.items():
            setattr(state, name, value)


def test_at_first_nothing_is_done(tour):
    assert tour.done == []
    assert [stop["name"] for stop in tour.stops] == NAMES
    assert [stop["name"] for stop in tour.stops if stop["asks"]] == ["curves"]


def test_the_temperature_counts_while_the_bars_are_on_show(state, tour):
    state.panel = 3
    state.temperature = 4.0
    assert tour.done == []
    state.panel = 0
    state.alpha = 0.5  # nothing trains
    assert tour.done == []
    state.temperature = 5.0
    assert tour.done == ["temperature"]
    state.temperature = 6.0
    assert tour.done == ["temperature"]


def test_an_open_lock_alone_is_not_another_view(state, tour):
    state.view_temperature = 8.0  # locked: the other slider follows in a moment
    assert tour.done == []
    state.view_temperature = 2.0
    state.locked = False
    assert tour.done == []
    state.view_temperature = 8.0
    assert tour.done == ["lock"]


def test_a_temperature_that_is_trained_at_is_not_one_that_is_looked_at(state, tour):
    state.locked = False
    state.panel = 1
    state.temperature = 3.0
    assert tour.done == []


def test_train_pace_alpha_pause_step_reset(state, tour):
    state.pace = "1"  # nothing trains yet
    becomes(state, running=True, step=1, total=240)
    assert tour.done == ["train"]
    state.pace = "10"
    assert tour.done[-1] == "pace"
    state.alpha = 0.4
    assert tour.done[-1] == "alpha"
    becomes(state, step=7)
    assert len(tour.done) == 3
    state.pauses += 1
    becomes(state, running=False, step=8)  # a pause that shows one more step is no single step
    assert tour.done[3:] == ["pause"]
    becomes(state, step=9)
    assert tour.done[4:] == ["step"]
    becomes(state, step=0)
    assert tour.done[5:] == ["reset"]


def test_the_end_of_a_run_is_no_pause(state, tour):
    becomes(state, running=True, step=239, total=240)
    becomes(state, running=False, step=240)
    state.pauses += 1  # too late
    assert tour.done == ["train"]


def test_the_first_step_of_a_new_student_is_no_step_after_a_pause(state, tour):
    becomes(state, step=1, total=240)
    assert tour.done == []


def test_another_type_sets_alpha_and_that_is_no_turn_of_it(state, tour):
    becomes(state, running=True, step=1, total=240)
    state.type = "feature"
    assert state.alpha == 0.5
    assert tour.done == ["train"]


def test_all_four_other_panels(state, tour):
    for panel in (1, 3, 0, 3, 4):
        state.panel = panel
        assert tour.done == []
    state.panel = 2
    assert tour.done == ["panels"]


def test_a_run_counts_that_was_saved_and_then_opened(state, tour):
    state.saved = "a run"
    state.opened = "another"
    state.opened = ""
    assert tour.done == []
    state.opened = "a run"
    assert tour.done == ["save"]


def test_the_recorded_run_counts_neither_saved_nor_opened(state, tour):
    state.opened = FIRST_LOOK
    state.saved = FIRST_LOOK
    state.opened = ""
    state.opened = FIRST_LOOK
    assert tour.done == []


def test_the_question_is_answered_by_the_curves_on_show(state, tour):
    tour.answer("student")
    assert tour.done == []  # there are no curves yet
    tour._curves.charts = [CHART]
    assert tour.choices == ["student", "labels only"]
    becomes(state, step=5, total=240)
    tour._handle_custom_msg({"answer": "student"}, [])
    assert tour.verdict == "Let it train to its end first."
    becomes(state, step=240)
    tour._handle_custom_msg({"answer": "labels only"}, [])
    assert tour.done == []
    assert tour.verdict.startswith("Not that one")
    tour._handle_custom_msg({"answer": "student"}, [])
    assert tour.done == ["curves"]
    assert tour.verdict == ""


def test_what_is_stored_is_the_list_whatever_was_done(state, tour):
    before = tour._repr_mimebundle_()[0]["text/plain"]
    state.temperature = 9.0
    assert tour.done
    assert tour._repr_mimebundle_()[0]["text/plain"] == before
    assert "1. Move Temperature up and down." in before
    assert f"{len(STOPS)}. " in before
    assert "**" not in before


class Silent:
    """A painter that draws nothing."""

    scene = None

    def begin(self, scene):
        self.scene = scene

    def paint(self, *_, **__):
        pass


def test_with_a_lab_that_trains_saves_and_opens(state, tmp_path):
    state.pace = "full"
    tour = Tour(SimpleNamespace(state=state, views={"curves": Curves()}))
    lab = Lab(state, Silent(), tmp_path)

    def settled():
        assert lab.runner.settled()
        assert not state.error

    lab.open_first()
    settled()
    state.panel = 1
    state.temperature = 8.0
    state.panel = 0
    lab.open_first()  # sets the temperature back, which nobody turned
    settled()
    assert (state.opened, state.temperature) == (FIRST_LOOK, 2.0)
    state.epochs = 3
    lab.take_step()
    settled()
    assert state.step == 1
    assert tour.done == []
    lab.take_step()
    settled()
    assert tour.done == ["step"]
    lab.train()
    settled()
    assert state.step == 12
    lab.save()
    settled()
    assert [p.name for p in tmp_path.iterdir()] == [state.saved]
    place = next(i for i, e in enumerate(lab.shelf.entries) if e.name == state.saved)
    lab.open(place)
    settled()
    assert tour.done == ["step", "train", "save"]
    lab.reset()
    settled()
    assert tour.done[-1] == "reset"
    lab.runner.close()


def test_only_the_button_pauses_not_a_loss_that_diverges_nor_save(state, tmp_path):
    tour = Tour(SimpleNamespace(state=state, views={"curves": Curves()}))
    lab = Lab(state, Silent(), tmp_path)

    def stands(act):
        lab.train()
        while not (state.running and state.step):
            time.sleep(0.01)
        act()
        assert lab.runner.settled()
        assert 0 < state.step < state.total
        return tour.done

    assert stands(lab.save) == ["train"]
    assert stands(lambda: setattr(state, "learning_rate", 1e30)) == ["train"]
    assert state.error.startswith("diverged")
    state.learning_rate = 1e-3
    assert stands(lab.pause) == ["train", "pause"]
    lab.runner.close()
