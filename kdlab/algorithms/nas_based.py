"""A student picked under a budget of bytes, with the teacher's help."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn

from kdlab import models
from kdlab.algorithms.base import Algorithm, Setup, register
from kdlab.batches import Order
from kdlab.data import Dataset
from kdlab.losses import soft_targets
from kdlab.methods import knob
from kdlab.players import ask, fingerprint, tell
from kdlab.progress import bar

WIDTHS = (2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96, 128)
CHANNELS = tuple(w for w in WIDTHS if w <= 32)  # of a first convolution; more of them would take minutes to try
LARGEST = 4  # of each kind of network
TEMPERATURE, LEARNING_RATE, BATCH = 4.0, 5e-3, 128


class Candidate(NamedTuple):
    """A network that took part in a search.

    Attributes:
        name: as :func:`kdlab.models.build` takes it.
        bytes: of its weights, four for each.
        rounds: in how many it trained.
        agreement: with the teacher on the validation set after the last of these, a share in [0, 1].
    """

    name: str
    bytes: int
    rounds: int
    agreement: float


def size_of(net: nn.Module) -> int:
    """Bytes of parameters and buffers, as they are stored."""
    return sum(t.numel() * t.element_size() for t in (*net.parameters(), *net.buffers()))


def families(data: Dataset, *, maps: bool = False) -> list[dict[str, int]]:
    """Networks that could be a student by kind, each name -> bytes, the smallest first.

    Perceptrons of one and two hidden layers, and for images stacks of two and three convolutions.

    Args:
        data: what it sees and answers.
        maps: only networks that have feature maps.
    """
    size = tuple(data.train.x.shape[1:])
    made = [] if maps else [[f"mlp-{w}" for w in WIDTHS], [f"mlp-{w}-{w}" for w in WIDTHS]]
    if len(size) == 3 and min(size[1:]) >= 4:
        made += [[f"conv-{w}" for w in CHANNELS], [f"conv-{w}-{2 * w}-{4 * w}" for w in CHANNELS]]
    return [{name: _bytes(name, len(data.classes), size) for name in family} for family in made]


@lru_cache(maxsize=256)
def _bytes(name: str, classes: int, size: tuple[int, ...]) -> int:
    with torch.device("meta"):  # counted without being made
        return size_of(models.build(name, classes=classes, size=size))


def candidates(data: Dataset, budget: int, *, maps: bool = False) -> dict[str, int]:
    """Of each kind the four largest that fit a budget of bytes, name -> bytes; other arguments as in :func:`families`.

    Raises:
        ValueError: none fits.
    """
    kinds, found = families(data, maps=maps), {}
    for family in kinds:
        found |= dict([(name, size) for name, size in family.items() if size <= budget][-LARGEST:])
    if not kinds:
        raise ValueError("algorithm 'nas-based' needs images to pick a student with feature maps for, got vectors")
    if not found:
        size, name = min((size, name) for family in kinds for name, size in family.items())
        raise ValueError(f"budget must be at least {size} bytes, the smallest student ({name}), got {budget}")
    return found


def search(
    teacher: nn.Module,
    data: Dataset,
    *,
    budget: int = 50_000,
    steps: int = 20,
    seed: int = 0,
    view: str | None = None,
    maps: bool = False,
) -> list[Candidate]:
    """Try the networks that fit a budget, each a little, and go on with the better half.

    Successive halving (Jamieson & Talwalkar 2016, arXiv:1502.07943): all are distilled for some steps, then that half
    which agrees more with the teacher on the validation set for twice as many, until one is left. No label is used.
    What was found is kept for the same teacher, data and settings.

    Args:
        teacher: the frozen teacher.
        data: its training inputs, labelled or not, to learn from, and its validation inputs to judge by.
        budget: bytes of a network's weights, at most.
        steps: of the first round, at least 1.
        seed: of weights and batches.
        view: how the teacher sees the samples; None: as the student.
        maps: only networks that have feature maps.

    Returns:
        All that took part, the winner first.

    Raises:
        ValueError: no network fits the budget.
    """
    return list(_search(teacher, fingerprint(teacher), data, budget, steps, seed, view, maps))


@lru_cache(maxsize=4)
def _search(
    teacher: nn.Module, weights: bytes, data: Dataset, budget: int, steps: int, seed: int, view: str | None, maps: bool
) -> tuple[Candidate, ...]:
    """The same; ``weights`` is there for the cache's key, since a module's may change."""
    sizes = candidates(data, budget, maps=maps)
    taught, wanted = (ask(teacher, split.seen(view)).logits for split in (data.train, data.validation))
    racing = {name: Racer(models.fitting(name, data, seed=seed)) for name in sizes}
    order, rounds, found = Order(len(taught), BATCH, seed), 0, []
    with bar(max(1, math.ceil(math.log2(len(sizes)))), "picking a student") as shown:
        while racing:
            rounds += 1
            for racer in racing.values():
                racer.run(data.train.x, taught, order, steps * 2 ** (rounds - 1))
            said = {name: tell(racer.net, data.validation.x).logits for name, racer in racing.items()}
            agreed = {name: (z.argmax(1) == wanted.argmax(1)).float().mean().item() for name, z in said.items()}
            ranked = sorted(racing, key=lambda name: (-agreed[name], sizes[name]))  # of equals the smaller
            kept = math.ceil(len(ranked) / 2) if len(ranked) > 2 else 0
            found = [Candidate(name, sizes[name], rounds, agreed[name]) for name in ranked[kept:]] + found
            racing = {name: racing[name] for name in ranked[:kept]}
            shown.update()
    return tuple(found)


class Racer:
    """A candidate while it is tried: a network and its optimiser (Adam)."""

    def __init__(self, net: nn.Module):
        self.net, self.done = net, 0
        self.optimizer = torch.optim.Adam(net.parameters(), LEARNING_RATE)

    def run(self, x: Tensor, taught: Tensor, order: Order, steps: int) -> None:
        """Some steps more of soft targets.

        Args:
            x: inputs, (N, …).
            taught: the teacher's logits for them, (N, classes).
            order: of their rows.
            steps: how many.
        """
        self.net.train()
        for step in range(self.done, self.done + steps):
            rows = order(step)
            loss = soft_targets(self.net(x[rows]), taught[rows], temperature=TEMPERATURE)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        self.done += steps


@register("nas-based")
@dataclass(frozen=True)
class NasBased(Algorithm):
    """The student's kind, width and depth are picked under a budget of bytes, by how well it follows the teacher.

    Where no student is named, networks near the budget are distilled for a short while, and the one that comes to agree
    most with the teacher is taken, its weights drawn anew: see :func:`search`. As in the search of Liu et al. 2020
    (arXiv:1911.09074) it is the teacher's answers that judge, not the labels. The recipe of the run names what was
    picked, so that running it again picks nothing. A student that is named must fit the budget.

    On fashion-mnist (500 labels, 2,000 images beside them, 50,000 bytes, 5 seeds, 25 epochs at T 4) it picked conv-10
    four times and conv-8 once: 84.4 % on the test set, 2.8 ± .9 points more than mlp-15, a perceptron of as many bytes,
    and .1 ± .3 more than conv-10 throughout. What pays is the kind of network; whoever knows it needs no search. The
    first rounds are short, so that what learns slowly, as deep perceptrons do, is dropped early.
    """

    needs_teacher, chooses_student, needs = True, True, "no student: one is picked"

    budget: int = knob(50_000, 1_000, 500_000, "bytes of the student's weights, at most", log=True)
    steps: int = knob(20, 1, 1000, "steps of the first round; each further one has twice as many", log=True)

    def lacks(self, setup: Setup) -> str | None:
        """A student that is there must fit the budget; where there is none, one at least must."""
        if setup.student is None:
            try:
                candidates(setup.data, self.budget, maps=setup.method.compares == "map")
            except ValueError as error:
                return str(error)
            return None
        size = size_of(setup.student)
        if size > self.budget:
            return (
                f"algorithm {self.name!r} needs a student within the budget of {self.budget:,} bytes, this one has "
                f"{size:,}; without a student one is picked"
            )
        return None

    def __call__(self, setup: Setup) -> Setup:
        """The set-up with a student."""
        if setup.student is not None:
            return setup
        if setup.teacher is None:
            raise ValueError(f"algorithm {self.name!r} needs a teacher to pick a student by, got None")
        found = search(
            setup.teacher,
            setup.data,
            budget=self.budget,
            steps=self.steps,
            seed=setup.seed,
            view=setup.teacher_view,
            maps=setup.method.compares == "map",
        )
        student = models.fitting(found[0].name, setup.data, seed=setup.seed)
        return replace(setup, student=student, chosen=found[0].name)
