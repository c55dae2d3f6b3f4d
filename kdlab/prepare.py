"""From names and networks to a set-up that can be trained, with every refusal made before the first step."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import nn

from kdlab import algorithms, check, models, schemes
from kdlab import data as datasets
from kdlab.algorithms import Setup
from kdlab.data import Dataset
from kdlab.knowledge import Pairs
from kdlab.players import Kept, Player, tell
from kdlab.recipe import Recipe
from kdlab.taps import layers, pairing

__all__ = ["Wire", "connect", "find_data", "find_student", "find_teacher", "missing", "prepare", "replace"]

PROBE = 4  # inputs that a network is shown to learn the shapes of its layers


class Wire(NamedTuple):
    """A link with what it needs: the layers it compares, and the method's adapter for them."""

    link: schemes.Link
    pairs: Pairs
    adapter: nn.Module | None

    @property
    def name(self) -> str:
        """``"student<-teacher"``."""
        return f"{self.link.student}<-{self.link.teacher or 'labels'}"


def find_data(data: Dataset | str | None, recipe: Recipe) -> Dataset:
    """The data set: the object, or the one that is named, with the recipe's labelled share."""
    if isinstance(data, Dataset):
        return data
    name = data or recipe.data
    if name is None:
        raise ValueError(f"data must be a Dataset or a name, got None; allowed: {', '.join(datasets.names())}")
    return datasets.load(name, labelled=recipe.labelled, pool=recipe.pool)


def find_teacher(teacher: nn.Module | str | None, recipe: Recipe) -> nn.Module | None:
    """The trained teacher: the module, or the one that is named; None where neither is."""
    name = recipe.teacher if teacher is None else teacher
    return _pretrained(name) if isinstance(name, str) else name


@lru_cache(maxsize=8)
def _pretrained(name: str) -> nn.Module:
    """One object for each name: a teacher is never changed, so what it was asked before serves again."""
    return models.pretrained(name)


def find_student(student: nn.Module | str | None, recipe: Recipe, data: Dataset) -> nn.Module:
    """A copy of the module, or a new network of that name, its weights drawn from the recipe's seed."""
    name = recipe.student if student is None else student
    if name is None:
        raise ValueError(f"student must be a module or a name, got None; allowed: {', '.join(models.names())}")
    if isinstance(name, str):
        size = tuple(data.train.x.shape[1:])
        return models.build(name, seed=recipe.seed, classes=len(data.classes), size=size)
    return copy.deepcopy(name).requires_grad_(True)


def seeded(seed: int, make: Any) -> Any:
    """``make()`` with torch's random state set by ``seed``; the caller's is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def another(net: nn.Module, seed: int) -> nn.Module:
    """A network of the same architecture with new weights.

    Raises:
        ValueError: a module with parameters of its own has no ``reset_parameters``.
    """
    twin = copy.deepcopy(net)

    def reset() -> None:
        for name, module in twin.named_modules():
            if next(module.parameters(recurse=False), None) is None:
                continue
            if not hasattr(module, "reset_parameters"):
                raise ValueError(
                    f"student must have reset_parameters in every layer to get a peer, "
                    f"{type(module).__name__} at {name!r} has none"
                )
            module.reset_parameters()

    seeded(seed, reset)
    return twin


def exit_layers(net: nn.Module, data: Dataset) -> list[str]:
    """Layers below the student's last one, at which it can answer early."""
    return list(layers(net, data.train.x[:PROBE]))[:-1]


def exit_heads(net: nn.Module, data: Dataset, seed: int) -> dict[str, nn.Module]:
    """A linear classifier for each exit layer; a feature map is pooled to 4 × 4 first."""
    shapes = layers(net, data.train.x[:PROBE])

    def head(shape: tuple[int, ...]) -> nn.Module:
        pool = len(shape) == 3 and shape[1] * shape[2] > 16
        width = shape[0] * 16 if pool else math.prod(shape)
        return nn.Sequential(
            *([nn.AdaptiveAvgPool2d(4)] if pool else []), nn.Flatten(), nn.Linear(width, len(data.classes))
        )

    return seeded(seed, lambda: {layer: head(shapes[layer]) for layer in exit_layers(net, data)})


def missing(recipe: Recipe, data: Dataset | None, teacher: nn.Module | None, student: nn.Module | None) -> str | None:
    """Why this combination cannot run, or None; what is not known yet (None) is not held against it."""
    recipe = recipe.resolved()
    variant = schemes.get(recipe.scheme, recipe.scheme_variant)
    if data is not None and student is not None and variant.needs_exits:
        found = list(layers(student, data.train.x[:PROBE]))
        if len(found) < 2:
            return (
                f"scheme 'self' ({recipe.scheme_variant}) needs a student with at least 2 hidden layers, "
                f"this one has {len(found)} ({', '.join(found)}); conv-4, conv-8 and cnn-half have enough"
            )
    kind = recipe.build_method().compares
    for who, net in (("teacher", teacher if variant.needs_teacher else None), ("student", student)):
        if data is None or net is None or not kind:
            continue
        shapes = layers(net, data.train.x[:PROBE]).values()
        if not any(len(s) == 3 or kind == "any" for s in shapes):
            what = "feature maps" if kind == "map" else "layers below the answer"
            return f"method {recipe.method!r} compares {what}, and the {who} has none"
    return None


def require_teacher(recipe: Recipe, teacher: nn.Module | None) -> None:
    """Refuse a scheme that needs a teacher where there is none, but for labels alone (alpha 0)."""
    needed = schemes.get(recipe.scheme, recipe.scheme_variant).needs_teacher
    if needed and teacher is None and recipe.alpha > 0:
        raise ValueError(
            f"teacher must be a trained module or a name for scheme {recipe.scheme!r}, got None "
            f"(allowed: {', '.join(models.pretrained_names())}; or alpha 0, to train on labels alone)"
        )


def prepare(
    recipe: Recipe, data: Dataset, teacher: nn.Module | None, student: nn.Module, players: dict[str, Any] | None = None
) -> Setup:
    """Everything a training works on, checked.

    Args:
        recipe: resolved.
        data: the data set.
        teacher: the frozen teacher, or None where the scheme needs none.
        student: the network that will be trained, itself and no copy.
        players: those of an earlier phase; they go on if the recipe names them.

    Raises:
        ValueError: the combination cannot run; the message says why.
    """
    require_teacher(recipe, teacher)
    variant = schemes.get(recipe.scheme, recipe.scheme_variant)
    for who, net in (("teacher", teacher), ("student", student)):
        if net is not None:
            answers = tell(net, data.train.x[:PROBE]).logits.shape[1]
            if answers != len(data.classes):
                raise ValueError(f"{who} must answer the data's {len(data.classes)} classes, got one of {answers}")
    reason = missing(recipe, data, teacher, student)
    if reason:
        raise ValueError(reason)
    earlier, players = players or {}, {}
    if teacher is not None:
        players["teacher"] = earlier.get("teacher") or Kept(teacher, data.train.x)
    players["student"] = earlier.get("student") or Player(student)
    if variant.needs_exits != bool(players["student"].exits):
        players["student"] = Player(student, exit_heads(student, data, recipe.seed) if variant.needs_exits else {})
    if variant.needs_peer:
        players["peer"] = earlier.get("peer") or Player(another(student, recipe.seed + 1000))
    untaught = variant.needs_teacher and teacher is None
    phases = [(schemes.Link("student", None),)] if untaught else variant.phases(players["student"].exits)
    setup = Setup(players, phases, recipe.build_method(), data, dict(recipe.taps))
    return algorithms.get(recipe.algorithm)(setup)


def connect(setup: Setup, phase: schemes.Phase, seed: int) -> list[Wire]:
    """Wires for the links of a phase: layers are paired, adapters sized by one probe batch and newly drawn.

    Nothing about the players changes: see :func:`look`.

    Raises:
        ValueError: a layer does not exist, or there is none to compare.
    """
    x = setup.data.train.x[:PROBE]
    wires = []
    for place, link in enumerate(phase):
        pairs, adapter = (), None
        if link.teacher is not None and setup.method.compares:
            nets = [setup.players[who.partition(":")[0]].net for who in (link.teacher, link.student)]
            pairs = _pairs(setup, link, *nets)
            said = [tell(net, x, {p[i] for p in pairs}) for i, net in enumerate(nets)]
            adapter = seeded(seed + place, lambda said=said, pairs=pairs: setup.method.adapter(said[1], said[0], pairs))
        wires.append(Wire(link, pairs, adapter))
    return wires


def look(setup: Setup, wires: list[Wire]) -> None:
    """Let each player look at the layers that the wires compare, and at those of its exits."""
    for player in setup.players.values():
        player.taps = set(getattr(player, "exits", ()))
    for link, pairs, _ in wires:
        for i, who in enumerate((link.teacher, link.student)):
            if pairs:
                setup.players[who.partition(":")[0]].taps |= {p[i] for p in pairs}


def _pairs(setup: Setup, link: schemes.Link, teacher_net: nn.Module, student_net: nn.Module) -> Pairs:
    x = setup.data.train.x[:PROBE]
    named = bool(setup.taps) and not any(":" in who for who in link)
    teacher, student = (layers(net, x, nested=named) for net in (teacher_net, student_net))
    exit_layer = link.student.partition(":")[2]
    if exit_layer:  # the deepest layer teaches the exit's own
        maps = [name for name, shape in teacher.items() if len(shape) == 3]
        return ((maps[-1] if setup.method.compares == "map" else list(teacher)[-1], exit_layer),)
    if not named:
        return pairing(teacher, student, setup.method.compares)
    for t, s in setup.taps.items():
        check.choice(teacher, **{"taps (teacher's layer)": t})
        check.choice(student, **{"taps (student's layer)": s})
    return tuple(setup.taps.items())
