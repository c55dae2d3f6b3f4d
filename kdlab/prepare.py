"""From names and networks to a set-up that can be trained, with every refusal made before the first step."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from kdlab import algorithms, check, models, schemes
from kdlab import data as datasets
from kdlab.algorithms import Setup
from kdlab.batches import Batches
from kdlab.cast import PROBE, cast, exit_layers, new_peer, refuses_one
from kdlab.data import Dataset
from kdlab.events import Changed
from kdlab.initial import RANDOM, TEACHER, seeded, start, undrawable
from kdlab.knowledge import Pairs
from kdlab.players import Member, tell
from kdlab.recipe import Recipe
from kdlab.taps import layers, pairing

__all__ = [
    "Wire", "batches", "connect", "exit_layers", "find_data", "find_student", "find_teacher", "missing", "prepare",
    "remarks", "replace",
]  # fmt: skip


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


def missing(
    recipe: Recipe,
    data: Dataset | None,
    teacher: nn.Module | None,
    student: nn.Module | None,
    peer: nn.Module | str | None = None,
) -> str | None:
    """Why this combination cannot run, or None; what is not known yet (None) is not held against it."""
    recipe = recipe.resolved()
    variant, method = schemes.get(recipe.scheme, recipe.scheme_variant), recipe.build_method()
    scheme, compares = f"scheme {recipe.scheme!r} ({recipe.scheme_variant})", method.compares
    if variant.answers_only and compares:
        return f"method {recipe.method!r} compares layers, and the {scheme} teaches by the mean of answers alone"
    drawn = student if peer is None or not variant.needs_peer else peer
    if variant.draws_anew and isinstance(drawn, nn.Module) and (drawn is student or recipe.peers > 1):
        stuck = undrawable(drawn)
        if stuck:
            why = "to get a peer" if variant.needs_peer else "to be born again"
            return f"student must have reset_parameters in every layer {why}, {stuck} has none"
    if student is not None and recipe.init != RANDOM and not (recipe.init == TEACHER and teacher is None):
        try:
            start(copy.deepcopy(student), recipe.init, teacher)
        except ValueError as error:
            return str(error)
    return None if data is None else _layers_missing(recipe, data, teacher, student, peer)


def _layers_missing(
    recipe: Recipe,
    data: Dataset,
    teacher: nn.Module | None,
    student: nn.Module | None,
    peer: nn.Module | str | None,
) -> str | None:
    """The same, as far as the networks' layers go."""
    variant, compares = schemes.get(recipe.scheme, recipe.scheme_variant), recipe.build_method().compares
    nets = {
        "teacher": teacher if variant.needs_teacher else None,
        "student": student,
        "peer": new_peer(peer, student, data, 0, 0) if variant.needs_peer and peer is not None else None,
    }
    shapes = {who: layers(net, data.train.x[:PROBE]) for who, net in nets.items() if net is not None}
    found = shapes.get("student", {})
    if variant.needs_exits and student is not None and len(found) < 2:
        return (
            f"scheme 'self' ({recipe.scheme_variant}) needs a student with at least 2 hidden layers, "
            f"this one has {len(found)} ({', '.join(found)}); conv-4, conv-8 and cnn-half have enough"
        )
    for who, those in shapes.items() if compares else ():
        if not any(len(s) == 3 or compares == "any" for s in those.values()):
            what = "feature maps" if compares == "map" else "layers below the answer"
            return f"method {recipe.method!r} compares {what}, and the {who} has none"
    flat = [layer for layer in list(found)[:-1] if len(found[layer]) != 3]
    if variant.needs_exits and compares == "map" and flat:
        return f"method {recipe.method!r} compares feature maps, and the exit at {flat[0]!r} has none"
    return None


def require_teacher(recipe: Recipe, teacher: nn.Module | None) -> None:
    """Refuse a scheme that needs a teacher where there is none, but for labels alone (alpha 0)."""
    needed = schemes.get(recipe.scheme, recipe.scheme_variant).needs_teacher
    if needed and teacher is None and recipe.highest_alpha > 0:
        raise ValueError(
            f"teacher must be a trained module or a name for scheme {recipe.scheme!r}, got None "
            f"(allowed: {', '.join(models.pretrained_names())}; or alpha 0, to train on labels alone)"
        )


def prepare(
    recipe: Recipe,
    data: Dataset,
    teacher: nn.Module | None,
    student: nn.Module,
    peer: nn.Module | str | None = None,
    players: dict[str, Member] | None = None,
) -> Setup:
    """Everything a training works on, checked.

    Args:
        recipe: resolved.
        data: the data set.
        teacher: the frozen teacher, or None where the scheme needs none.
        student: the network that will be trained, itself and no copy.
        peer: a module or a name for the networks that learn beside it; None: its own architecture.
        players: those of an earlier phase; they go on if the recipe names them.

    Raises:
        ValueError: the combination cannot run; the message says why.
    """
    require_teacher(recipe, teacher)
    for who, net in (("teacher", teacher), ("student", student), ("peer", peer)):
        if isinstance(net, nn.Module):
            answers = tell(net, data.train.x[:PROBE]).logits.shape[1]
            if answers != len(data.classes):
                raise ValueError(f"{who} must answer the data's {len(data.classes)} classes, got one of {answers}")
    reason = missing(recipe.replace(init=RANDOM), data, teacher, student, peer)
    if reason:
        raise ValueError(reason)
    who, phases = cast(recipe, data, teacher, student, peer, players or {})
    setup = Setup(who, phases, recipe.build_method(), data, dict(recipe.taps))
    setup = algorithms.get(recipe.algorithm)(setup)
    for phase in setup.phases:
        connect(setup, phase, recipe.seed)  # for its refusals: later phases must not come as a surprise
    return setup


def batches(setup: Setup, recipe: Recipe) -> Batches:
    """What each step sees; a last batch of one is avoided where a network could not be trained on it."""
    make = partial(Batches, setup.data, recipe.batch_size, recipe.seed, late=recipe.late, late_after=recipe.late_after)
    made = make()
    if made.shortest > 1:
        return made
    learners = [player.net for player in setup.players.values() if player.learns]
    adapters = [wire.adapter for phase in setup.phases for wire in connect(setup, phase, recipe.seed) if wire.adapter]
    pairs = any(refuses_one(net, setup.data.train.x) for net in learners)
    return make(pairs=pairs or any(isinstance(m, _BatchNorm) for adapter in adapters for m in adapter.modules()))


def remarks(batches: Batches, init: str, copied: list[str], step: int) -> list[Changed]:
    """What is to be known beside the knobs by this step: see :class:`kdlab.events.Changed`."""
    found = []
    if copied:
        found.append(Changed(step, "first weights", RANDOM, f"{init}: {', '.join(copied)}"))
    if batches.pairs:
        found.append(Changed(step, "last batch", 1, 2))
    if batches.early is not batches.whole and step >= batches.arrival:
        found.append(Changed(step, "labels at hand", len(batches.early.labelled), len(batches.whole.labelled)))
    return found


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
        player.taps = set(player.exits)
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
