"""Many students at once: trainings that differ in their first weights and in numbers alone take each step together.

Their weights lie side by side in one tensor for each layer (:mod:`kdlab.sidebyside`), and the loss is worked out once
for all of them. Each training keeps its place in these tensors: after any step it can be looked at, saved, or go on by
itself.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kdlab.cast import PROBE
from kdlab.events import Diverged, Event, Step
from kdlab.players import Member, draws
from kdlab.recipe import Recipe
from kdlab.sidebyside import SideBySide
from kdlab.taps import layers
from kdlab.training import Training

__all__ = ["Stack", "alone", "even", "finish", "groups", "kind", "room", "said", "structure", "why_not"]

NUMBERS = ("seed", "order_seed", "temperature", "alpha", "method_knobs")  # what may differ, and a mix's factors
ROOM = 24e6  # bytes of activations: beyond a processor's cache, more students at once cost more time than they save


class Stack:
    """Trainings that go on side by side, each step taken by all at once where that can be done, else one by one.

    What comes of it is the same but for rounding. What cannot be stacked: dropout, schemes of several phases, members
    who follow a student from step to step, and methods whose loss asks a tensor for its value to decide something.

    Args:
        trainings: for a common step they must have one data set, one learning rate, one order of batches and one
            architecture; they may differ in first weights, temperature, alpha and the method's numbers.

    Attributes:
        why_not: why the last step was taken one by one, or None.
    """

    def __init__(self, trainings: Sequence[Training]):
        self.trainings = list(trainings)
        self.why_not: str | None = None
        self._met: list[Any] = []  # wires and recipes of those who took the last step
        self._parts: list[SideBySide] = []  # of those who are stacked

    @property
    def over(self) -> bool:
        """Whether no training has a step left to take."""
        return all(training.over for training in self.trainings)

    def run(self) -> Iterator[list[list[Event]]]:
        """Advance to the end."""
        while not self.over:
            yield self.advance()

    def advance(self) -> list[list[Event]]:
        """What happens to each training up to and with its next step, and after its last one."""
        happened = [list(training.until_step()) for training in self.trainings]
        left = [place for place, training in enumerate(self.trainings) if not training.over]
        stepped = self._step([self.trainings[place] for place in left]) if left else []  # none: fewer epochs, by a turn
        for place, event in zip(left, stepped, strict=True):
            happened[place].append(event)
        for place in left:
            if self.trainings[place].over:
                happened[place] += self.trainings[place].until_step()
        if self.over:
            self.part()
        return happened

    def part(self) -> None:
        """Give each training memory of its own again; :meth:`advance` brings them together anew."""
        for part in self._parts:
            part.part(part.trainings)
        self._parts, self._met = [], []

    def _step(self, those: list[Training]) -> list[Step | Diverged]:
        now = [part for training in those for part in (training.wires, training.recipe)]
        if len(now) != len(self._met) or any(a is not b for a, b in zip(now, self._met, strict=True)):
            self._meet(those)
            self._met = now
        if not self._parts:
            return [training.take_step() for training in those]
        return [event for part in self._parts for event in part.take_step()]

    def _meet(self, those: list[Training]) -> None:
        """Something has changed: somebody is done, or a knob was turned."""
        self.why_not = _differ(those)
        if self.why_not is None and those == [t for part in self._parts for t in part.trainings if part.holds(t)]:
            return
        self.part()
        if self.why_not is None:
            self._parts, self.why_not = _bring_together(those)


def why_not(trainings: Sequence[Training]) -> str | None:
    """Why these trainings cannot take their next step together, or None; found by trying, and nothing changes."""
    reason = _differ(trainings)
    if reason is None:
        parts, reason = _bring_together(trainings)
        for part in parts:
            part.part(part.trainings)
    return reason


def finish(trainings: Sequence[Training]) -> tuple[list[list[Event]], str | None]:
    """Take trainings to their end, side by side or else one after another.

    Returns:
        What happened to each, and why they were not stacked, or None.
    """
    stack = Stack(trainings)
    happened = stack.advance()
    if stack.why_not is not None:
        return [[*begun, *training] for begun, training in zip(happened, trainings, strict=True)], stack.why_not
    for new in stack.run():
        for events, those in zip(happened, new, strict=True):
            events += those
    return happened, None


def _bring_together(trainings: Sequence[Training]) -> tuple[list[SideBySide], str | None]:
    """The trainings side by side in parts of a size that is quick, or why a step together would fail."""
    size = even(len(trainings), room(trainings[0]))
    parts = [SideBySide(trainings[i : i + size]) for i in range(0, len(trainings), size)]
    reason = next(filter(None, (part.fault() for part in parts)), None)
    if reason is None:
        return parts, None
    for part in parts:
        part.part(part.trainings)
    return [], reason


def room(training: Training) -> int:
    """How many such students fit into :data:`ROOM` at a step, at least 2; more are stacked in parts."""
    numbers = sum(
        math.prod(shape)
        for player in training.setup.players.values()
        if player.learns
        for shape in layers(player.net, training.setup.data.train.x[:PROBE]).values()
    )
    return max(2, int(ROOM / (8 * numbers * training.batches.transfer.batch_size)))  # 4 bytes, before and after a ReLU


def even(count: int, most: int) -> int:
    """The size of parts of at most so many that are as even as can be."""
    return math.ceil(count / math.ceil(count / most))


def groups(trainings: Sequence[Training]) -> list[list[int]]:
    """Places of trainings that are worth stacking with one another: by recipe, and by order of batches."""
    kinds = [kind(training.recipe) for training in trainings]
    return [[place for place, k in enumerate(kinds) if k == one] for one in dict.fromkeys(kinds)]


def kind(recipe: Recipe) -> str:
    """As text what recipes must have in common whose trainings are worth stacking, the order of batches included."""
    return repr((structure(recipe), recipe.order))


def alone(recipes: Sequence[Recipe]) -> list[str]:
    """For each of the recipes why no other is of its :func:`kind`; empty where one is."""
    kinds, structures = [kind(recipe) for recipe in recipes], [repr(structure(recipe)) for recipe in recipes]
    same, like = Counter(kinds), Counter(structures)
    own = "each has an order of batches of its own (one order_seed would do)"
    lone = "no other has the same structure and learning rate"
    return ["" if same[k] > 1 else own if like[s] > 1 else lone for k, s in zip(kinds, structures, strict=True)]


def said(alone: Sequence[str | None]) -> str:
    """How many trained side by side and how many did not, in words: of each why it trained alone, or None."""
    why = [reason for reason in alone if reason is not None]
    reasons = Counter(filter(None, why)).most_common()
    text = f"{len(alone) - len(why)} trained side by side, {len(why)} one by one"
    return text + "".join(f"; {one} ({count})" if len(reasons) > 1 else f": {one}" for one, count in reasons)


def structure(recipe: Recipe) -> dict[str, Any]:
    """All but the numbers that may differ within a stack, and but the order of batches."""
    fields = {f.name: getattr(recipe, f.name) for f in dataclasses.fields(recipe) if f.name not in NUMBERS}
    return fields | {"method": list(recipe.method) if isinstance(recipe.method, Mapping) else recipe.method}


def _differ(trainings: Sequence[Training]) -> str | None:
    """What keeps trainings apart, as far as it can be seen without trying."""
    first, *others = trainings
    if not others:
        return "one student alone"
    if len(first.phases) > 1:
        return "the scheme has several phases"
    if any(draws(training.learners().values()) for training in trainings):
        return "dropout would draw other numbers"
    players = first.setup.players
    if any(type(player).follow is not Member.follow for player in players.values()):
        return "somebody follows the student from step to step"
    recipe, learners, others_there = structure(first.recipe), _learners(first), _others(first)
    for other in others:
        if unlike := [name for name, value in structure(other.recipe).items() if value != recipe[name]]:
            return f"{', '.join(unlike)} must be the same for all"
        if first.batches.transfer.seed != other.batches.transfer.seed:
            return "each has an order of batches of its own (one order_seed would do)"
        if any(getattr(first.batches.train, n) is not getattr(other.batches.train, n) for n in ("x", "y", "labelled")):
            return "they do not share one data set"
        if first.step != other.step:
            return f"they stand at different steps, {first.step} and {other.step}"
        if learners != _learners(other):
            return "the networks differ in their layers or in what is frozen, or one has been trained before"
        if others_there != _others(other):
            return "they do not share one teacher"
    return None


def _learners(training: Training) -> list[Any]:
    """All that is trained but for its weights, what is compared, and how many steps each optimiser remembers."""
    found: list[Any] = [(wire.link, wire.pairs) for wire in training.wires]
    for name, module in training.learners().items():
        found.append((name, repr(module), [type(m) for m in module.modules()]))
        found.append([p.requires_grad for p in module.parameters()])
        found.append({key: (tuple(t.shape), t.dtype) for key, t in module.state_dict().items()})
        optimizer = training.optimizers[name]
        states = [optimizer.state.get(parameter) for parameter in optimizer.param_groups[0]["params"]]
        found.append([state and float(state["step"]) for state in states])
    return found


def _others(training: Training) -> list[Any]:
    """Who takes part beside those who learn: the networks themselves."""
    players = training.setup.players | training.resting
    return [(name, type(p), p.members or id(p.net)) for name, p in players.items() if not p.learns]
