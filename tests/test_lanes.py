"""A lane is advanced step by step, and comes to the same as a training that is iterated at once."""

import pytest
from helpers import training

from kdlab.events import Epoch, Step
from kdlab.ui.lanes import Lane


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
