"""Networks for the names of a scheme: peers, exits, a teacher that goes on learning, those that speak for others."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from kdlab import models, schemes
from kdlab.algorithms import Setup
from kdlab.data import Dataset
from kdlab.initial import another, seeded, trainable
from kdlab.players import Average, Kept, Member, OldSelf, Panel, Parent, Player
from kdlab.recipe import Recipe
from kdlab.taps import layers

PROBE = 4  # inputs that a network is shown to learn the shapes of its layers


def find_peer(peer: nn.Module | str | None, recipe: Recipe) -> nn.Module | str | None:
    """The network that learns beside the student: the module or name that is given, else the recipe's name, or None.

    Raises:
        ValueError: the name is unknown.
    """
    found = recipe.peer if peer is None else peer
    if isinstance(found, str):
        models.known(peer=found)
    return found


def new_peer(peer: nn.Module | str | None, setup: Setup, seed: int, place: int) -> nn.Module:
    """A network for a peer.

    Args:
        peer: a name, a module (of which the first peer is a copy, and further ones are drawn anew), or None: one of the
            student's architecture.
        setup: the data, and the view that peers see; the student.
        seed: the recipe's.
        place: 0 for the first peer.
    """
    own = seed + 1000 + place
    if isinstance(peer, str):
        return models.fitting(peer, setup.data, seed=own, view=setup.teacher_view)
    if peer is not None and place == 0:
        return trainable(peer)
    return another(setup.student if peer is None else peer, own).requires_grad_(True)


def exit_layers(net: nn.Module, data: Dataset) -> list[str]:
    """Layers below the student's last one, at which it can answer early."""
    return list(layers(net, data.train.x[:PROBE]))[:-1]


def exit_heads(net: nn.Module, x: Tensor, classes: int, seed: int) -> dict[str, nn.Module]:
    """A linear classifier for each exit layer; a feature map is pooled to 4 × 4 first.

    Args:
        net: the student.
        x: a few inputs, (batch, …).
        classes: width of the answers.
        seed: of their weights.
    """
    shapes = layers(net, x)

    def head(shape: tuple[int, ...]) -> nn.Module:
        pool = len(shape) == 3 and shape[1] * shape[2] > 16
        width = shape[0] * 16 if pool else math.prod(shape)
        return nn.Sequential(*([nn.AdaptiveAvgPool2d(4)] if pool else []), nn.Flatten(), nn.Linear(width, classes))

    return seeded(seed, lambda: {layer: head(shapes[layer]) for layer in list(shapes)[:-1]})


def cast(recipe: Recipe, setup: Setup, peer: nn.Module | str | None) -> tuple[dict[str, Member], list[schemes.Phase]]:
    """Players and phases of a recipe's scheme.

    Args:
        recipe: resolved.
        setup: data, teacher (None where the scheme needs none) and student; and the players of an earlier phase, of
            whom those that are named again go on.
        peer: as :func:`new_peer` takes it.
    """
    variant, train = schemes.get(recipe.scheme, recipe.scheme_variant), setup.data.train
    teacher, student, view, earlier = setup.teacher, setup.student, setup.teacher_view, setup.players
    players: dict[str, Member] = {}
    if teacher is not None:
        players["teacher"] = earlier.get("teacher") or Kept(teacher, train, view)
    learner = earlier.get("student") or Player(student)
    if variant.needs_exits != bool(learner.exits):
        heads = (
            exit_heads(student, train.x[:PROBE], len(setup.data.classes), recipe.seed) if variant.needs_exits else {}
        )
        learner = Player(student, heads)
    players["student"] = learner
    if variant.needs_teacher and teacher is None:  # labels alone
        return players, [(schemes.Link("student", None),)]
    peers = ["peer", *(f"peer-{i}" for i in range(2, recipe.peers + 1))] if variant.needs_peer else []
    makers: dict[str, Callable[[], Member]] = {
        "co-teacher": lambda: Player(copy.deepcopy(teacher).requires_grad_(True), view=view),
        "parent": lambda: Parent(student, train),
        "old-self": lambda: OldSelf(student, train),
        "average": lambda: Average(student),
        "ensemble": lambda: Panel(("student", *peers)),
    }
    sees = None if variant.needs_teacher else view  # an assistant sees what the student sees
    for place, name in enumerate(peers):
        makers[name] = lambda place=place: Player(
            new_peer(peer, replace(setup, teacher_view=sees), recipe.seed, place), view=sees
        )
    phases = variant.phases(learner.exits, peers, recipe.generations)
    named = dict.fromkeys(who.partition(":")[0] for phase in phases for link in phase for who in link if who)
    for name in sorted(
        named, key=lambda name: name in ("ensemble", "average", "parent", "old-self")
    ):  # those that speak for others last
        if name not in players:
            players[name] = earlier.get(name) or makers[name]()
    return players, phases


def resting(setup: Setup, learners: Iterable[str]) -> dict[str, Member]:
    """Stand-ins for the networks that a phase does not train: frozen, in eval mode, and asked once.

    Args:
        setup: of the training.
        learners: names of the players that the phase trains.
    """
    train = setup.data.train
    idle = {name: player for name, player in setup.players.items() if player.learns and name not in learners}
    return {name: Kept(player.net, train, player.view) for name, player in idle.items()}


def playing(setup: Setup, resting: Mapping[str, Member]) -> Setup:
    """The set-up with stand-ins for those who rest."""
    return replace(setup, players=setup.players | resting) if resting else setup


def refuses_one(net: nn.Module, x: Tensor) -> bool:
    """Whether a network cannot be trained on a batch of one, as BatchNorm on vectors cannot; it stays as it is."""
    twin = copy.deepcopy(net).train()
    try:
        with torch.no_grad():
            seeded(0, lambda: twin(x[:1]))
    except ValueError:
        return True
    return False
