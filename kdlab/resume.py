"""What a training must remember to go on: of its optimisers from phase to phase, of everything from state to state."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from kdlab import tuning
from kdlab.recipe import Recipe

Optimizers = dict[str, torch.optim.Optimizer]
Training = Any  # a kdlab.training.Training, which builds on this module


def optimizers(
    learners: Mapping[str, nn.Module], earlier: Optimizers, learning_rate: float, forget: Iterable[nn.Module] = ()
) -> Optimizers:
    """An optimiser for each learner; what earlier ones remember of a weight stays with it.

    Args:
        learners: name -> module.
        earlier: optimisers of the phase before.
        learning_rate: above 0.
        forget: networks that have been drawn anew, of whose weights there is nothing to remember.
    """
    new = {p for net in forget for p in net.parameters()}
    remembered = {p: s for optimizer in earlier.values() for p, s in optimizer.state.items() if p not in new}
    made: Optimizers = {}
    for name, module in learners.items():
        made[name] = torch.optim.Adam(module.parameters(), learning_rate, fused=True)
        made[name].state.update({p: remembered[p] for p in module.parameters() if p in remembered})
    return made


def state(training: Training) -> dict[str, Any]:
    """A copy of all that is needed to go on from here to the same bits."""
    t = training
    found = {
        "recipe": t._recipe.to_dict(),
        "pending": None if t._pending is None else t._pending.to_dict(),
        "cursor": [t.step, t.measured, t.phase, t.phase_step, t.announced, t.remarked, t._begun],
        "weights": {name: module.state_dict() for name, module in t.learners().items()},
        "players": {name: player.state() for name, player in t.setup.players.items()},
        "best": None if t.best is None else t.best.state(),
        "optimizers": {name: optimizer.state_dict() for name, optimizer in t.optimizers.items()},
    }
    return copy.deepcopy(found)


def load(training: Training, state: Mapping[str, Any]) -> None:
    """Put a training where another one stood: see :meth:`kdlab.training.Training.load`."""
    t, state = training, copy.deepcopy(state)
    t.recipe = Recipe.from_dict(state["recipe"])
    list(t._turn_knobs())
    *cursor, begun = state["cursor"]
    t.step, t.measured, t.phase, t.phase_step, t.announced, t.remarked = cursor
    t._connect()
    t._begun, t.diverged, t.best = begun, False, None
    if state["best"] is not None:
        t.best = tuning.Best(t.setup.players["student"].modules(), 0.0, 0)
        t.best.load(state["best"])
    if state["pending"] is not None:
        t.recipe = Recipe.from_dict(state["pending"])
    for name, player in t.setup.players.items():
        player.load(state["players"][name])
    for name, module in t.learners().items():
        module.load_state_dict(state["weights"][name])
        t.optimizers[name].load_state_dict(state["optimizers"][name])
