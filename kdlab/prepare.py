"""From names and networks to a set-up that can be trained, with every refusal made before the first step."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from kdlab import check, schemes
from kdlab.algorithms import Setup
from kdlab.arrangement import Teacher, assemble, method_of, unfit
from kdlab.batches import Batches
from kdlab.cast import PROBE, cast, exit_layers, new_peer, refuses_one
from kdlab.data import Dataset
from kdlab.events import Changed
from kdlab.initial import RANDOM, TEACHER, seeded, start, undrawable
from kdlab.knowledge import Knowledge, Pairs
from kdlab.players import tell
from kdlab.recipe import Recipe
from kdlab.taps import layers, pairing

__all__ = ["Wire", "batches", "connect", "exit_layers", "look", "missing", "prepare", "remarks", "replace"]


class Wire(NamedTuple):
    """A link with what it needs: the layers it compares, and the method's adapter for them."""

    link: schemes.Link
    pairs: Pairs
    adapter: nn.Module | None

    @property
    def name(self) -> str:
        """``"student<-teacher"``."""
        return f"{self.link.student}<-{self.link.teacher or 'labels'}"


def missing(
    recipe: Recipe,
    data: Dataset | None,
    teacher: Teacher,
    student: nn.Module | None,
    peer: nn.Module | str | None = None,
) -> str | None:
    """Why this combination cannot run, or None; what is not known yet (None) is not held against it."""
    recipe = recipe.resolved()
    variant, method = schemes.get(recipe.scheme, recipe.scheme_variant), recipe.build_method()
    scheme, compares = f"scheme {recipe.scheme!r} ({recipe.scheme_variant})", method.compares
    try:
        setup = None if data is None else assemble(recipe, data, teacher, student)
    except ValueError as error:  # a view that these data do not have
        return str(error)
    reason = unfit(recipe, setup, teacher)
    if reason:
        return reason
    if variant.answers_only and compares:
        return f"method {recipe.method!r} compares layers, and the {scheme} teaches by the mean of answers alone"
    drawn = student if peer is None or not variant.needs_peer else peer
    if variant.draws_anew and isinstance(drawn, nn.Module) and (drawn is student or recipe.peers > 1):
        stuck = undrawable(drawn)
        if stuck:
            why = "to get a peer" if variant.needs_peer else "to be born again"
            return f"student must have reset_parameters in every layer {why}, {stuck} has none"
    if setup is not None and isinstance(teacher, (list, tuple)):
        teacher = recipe.build_algorithm()(replace(setup, student=None)).teacher
    if student is not None and recipe.init != RANDOM and not (recipe.init == TEACHER and teacher is None):
        try:
            start(copy.deepcopy(student), recipe.init, teacher)
        except ValueError as error:
            return str(error)
    return None if setup is None else _layers_missing(recipe, replace(setup, teacher=teacher), peer)


def _layers_missing(recipe: Recipe, setup: Setup, peer: nn.Module | str | None) -> str | None:
    """The same, as far as the networks' layers go."""
    variant, compares = schemes.get(recipe.scheme, recipe.scheme_variant), setup.method.compares
    student, own, seen = setup.student, *(setup.data.train.seen(view)[:PROBE] for view in (None, setup.teacher_view))
    beside = variant.needs_peer and (peer is not None or (setup.teacher_view and student is not None))
    theirs = replace(setup, teacher_view=None) if variant.needs_teacher else setup  # an assistant sees as the student
    nets = {
        "teacher": (setup.teacher if variant.needs_teacher else None, seen),
        "student": (student, own),
        "peer": (new_peer(peer, theirs, 0, 0) if beside else None, own if variant.needs_teacher else seen),
    }
    try:
        shapes = {who: layers(net, x) for who, (net, x) in nets.items() if net is not None}
    except RuntimeError as error:  # torch's own words for inputs of another form
        views = f"view {setup.data.view!r}, teacher_view {setup.teacher_view!r}"
        return f"networks must take inputs of the data's form ({views}), got an error: {error}"
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


def prepare(
    recipe: Recipe,
    setup: Setup,
    peer: nn.Module | str | None = None,
) -> Setup:
    """Everything a training works on, checked: players for the scheme's names.

    Args:
        recipe: resolved.
        setup: from :func:`arrange`; or of an earlier phase, whose players go on if the recipe names them.
        peer: a module or a name for the networks that learn beside the student; None: its own architecture.

    Raises:
        ValueError: the combination cannot run; the message says why.
    """
    setup = replace(setup, method=method_of(recipe, setup.data), taps=dict(recipe.taps))
    data, teacher, student = setup.data, setup.teacher, setup.student
    variant, view = schemes.get(recipe.scheme, recipe.scheme_variant), setup.teacher_view
    beside = None if variant.needs_teacher else view  # an assistant sees what the student sees
    asked = [("teacher", teacher, view), ("student", student, None)]
    for who, net, view in [*asked, ("peer", peer, beside)] if variant.needs_peer else asked:
        if isinstance(net, nn.Module):
            x = data.train.seen(view)[:PROBE]
            answers = tell(net, x).logits.shape[1]
            if answers != len(data.classes):
                raise ValueError(f"{who} must answer the data's {len(data.classes)} classes, got one of {answers}")
    reason = missing(recipe.replace(init=RANDOM), data, teacher, student, peer)
    if reason:
        raise ValueError(reason)
    who, phases = cast(recipe, setup, peer)
    setup = replace(setup, players=who, phases=phases)
    for phase in setup.phases:
        connect(setup, phase, recipe.seed)  # for its refusals: later phases must not come as a surprise
    return setup


def batches(setup: Setup, recipe: Recipe) -> Batches:
    """What each step sees; a last batch of one is avoided where a network could not be trained on it."""
    if recipe.late and setup.eras is not None:
        raise ValueError(
            f"late must be 0 for algorithm {recipe.algorithm!r}, where classes come late, got {recipe.late}"
        )
    late_after = recipe.late_after if setup.eras is None else recipe.epochs
    make = partial(
        Batches, setup.data, recipe.batch_size, recipe.order, late=recipe.late, late_after=late_after, eras=setup.eras
    )
    made = make()
    if made.shortest > 1:
        return made
    learners = [player for player in setup.players.values() if player.learns]
    adapters = [wire.adapter for phase in setup.phases for wire in connect(setup, phase, recipe.seed) if wire.adapter]
    pairs = any(refuses_one(player.net, setup.data.train.seen(player.view)) for player in learners)
    return make(pairs=pairs or any(isinstance(m, _BatchNorm) for adapter in adapters for m in adapter.modules()))


def remarks(batches: Batches, classes: list[str], init: str, copied: list[str], step: int) -> list[Changed]:
    """What is to be known beside the knobs by this step: see :class:`kdlab.events.Changed`."""
    found = []
    if copied:
        found.append(Changed(step, "first weights", RANDOM, f"{init}: {', '.join(copied)}"))
    if batches.pairs:
        found.append(Changed(step, "last batch", 1, 2))
    both = batches.early, batches.later
    if batches.later is not batches.whole:
        eras = [", ".join(classes[c] for c in batches.train.y[e.rows].unique()) for e in both]
        found += [Changed(step, "classes at hand", *eras)] if step >= batches.arrival else []
    elif batches.early is not batches.whole and step >= batches.arrival:
        found.append(Changed(step, "labels at hand", len(batches.early.labelled), len(batches.later.labelled)))
    return found


def connect(setup: Setup, phase: schemes.Phase, seed: int) -> list[Wire]:
    """Wires for the links of a phase: layers are paired, adapters sized by one probe batch and newly drawn.

    Nothing about the players changes: see :func:`look`.

    Raises:
        ValueError: a layer does not exist, or there is none to compare.
    """
    wires, nothing = [], Knowledge(torch.zeros(PROBE, len(setup.data.classes)), {})  # all answer the data's classes
    for place, link in enumerate(phase):
        pairs, adapter, said = (), None, [nothing, nothing]
        if link.teacher is not None and setup.method.compares:
            both = [setup.players[who.partition(":")[0]] for who in (link.teacher, link.student)]
            seen = [(player.net, setup.data.train.seen(player.view)[:PROBE]) for player in both]
            pairs = _pairs(setup, link, *seen)
            said = [tell(net, x, {p[i] for p in pairs}) for i, (net, x) in enumerate(seen)]
        if link.teacher is not None:
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


def _pairs(setup: Setup, link: schemes.Link, *seen: tuple[nn.Module, Tensor]) -> Pairs:
    """Layers to compare; ``seen`` are teacher and student, each with a few of its inputs."""
    named = bool(setup.taps) and not any(":" in who for who in link)
    teacher, student = (layers(net, x, nested=named) for net, x in seen)
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
