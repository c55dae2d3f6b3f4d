"""What a training must remember to go on: of its optimisers from phase to phase, of everything from state to state."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

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


def made_of(training: Training) -> dict[str, Any]:
    """What a new training has been given, by which it is known again: the recipe, and a hash of all else."""
    t = training
    given = {"data": t.data, "teacher": t.teacher, "student": t.students["student"], "peer": t.peer}
    hashes = {name: None if thing is None else digest(thing) for name, thing in given.items()}
    return {"recipe": t.recipe.to_dict(), **hashes, "measure_every": t.measure_every}


def refuse_another(then: Mapping[str, Any], now: Mapping[str, Any], where: Path) -> None:
    """Refuse to go on with a run that was made of something else.

    Args:
        then: what :func:`made_of` said when the run began.
        now: what it says of the training that is to go on.
        where: the folder of the unfinished run.

    Raises:
        ValueError: a knob, the data or a network is another.
    """
    what, remedy = f"the unfinished run in {str(where)!r}", "save into another folder, or remove that one"
    for name, (old, new) in Recipe.from_dict(then["recipe"]).differences(Recipe.from_dict(now["recipe"])).items():
        raise ValueError(f"{name} must be {old!r}, as in {what}, got {new!r}; {remedy}")
    for name, its in now.items():
        if name != "recipe" and then.get(name) != its:
            raise ValueError(f"{name} must be that of {what}, got {'none' if its is None else 'another'}; {remedy}")


def digest(thing: Any) -> str:
    """A hash of networks, data sets, or lists of them: their tensors, their names, and the layers with their settings.

    Of a layer's settings those count that its text shows, such as a dropout's share; of other objects nothing does.
    """
    found = blake2b(digest_size=16)

    def take(thing: Any) -> None:
        if isinstance(thing, Tensor):
            found.update(f"{thing.dtype} {tuple(thing.shape)}".encode())
            found.update(thing.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        elif isinstance(thing, nn.Module):
            take([(name, type(module).__qualname__) for name, module in thing.named_modules()])
            take(re.sub(r" at 0x[0-9a-fA-F]+", "", repr(thing)))  # where a function lies in memory does not count
            take(dict(chain(thing.named_parameters(), thing.named_buffers())))
        elif dataclasses.is_dataclass(thing):
            # ``whole``: all training samples, of which a data set has a share; they take no part.
            take({f.name: getattr(thing, f.name) for f in dataclasses.fields(thing) if f.name != "whole"})
        elif isinstance(thing, Mapping):
            take(list(thing.items()))
        elif isinstance(thing, (list, tuple)):
            for part in thing:
                take(part)
        elif thing is None or isinstance(thing, (str, int, float)):
            found.update(f"{thing!r};".encode())

    take(thing)
    return found.hexdigest()
