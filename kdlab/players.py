"""Players: networks that take part in a distillation, and what they know of a batch."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from kdlab.answerfile import alike, tensors
from kdlab.batches import Batch
from kdlab.initial import another
from kdlab.keep import CHUNK, described, fingerprint, keep, probed
from kdlab.knowledge import Knowledge
from kdlab.splits import Split
from kdlab.taps import frozen, observe


class Member:
    """What everybody who takes part can be asked; by default it learns nothing and remembers nothing.

    Attributes:
        net: its network, where it has one.
        taps: layers to look at; a phase adds those it compares.
        learns: it may be a link's student.
        exits: layers at which it answers too.
        measured: its answers are followed on the validation set.
        view: the view in which it sees the samples; None: the student's, which is the data's ``x``.
    """

    net: nn.Module
    learns = False
    measured = False
    exits: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    view: str | None = None

    def __init__(self) -> None:
        self.taps: set[str] = set()

    def know(self, batch: Batch) -> dict[str, Knowledge]:
        """What it says, by output: ``""`` its own answer, else the exit's layer."""
        raise NotImplementedError(f"{type(self).__name__} must say what it knows")

    def begin(self, seed: int) -> list[nn.Module]:
        """A phase begins in which it takes part; returns the networks that it has drawn anew, by this seed."""
        return []

    def follow(self, decay: float) -> None:
        """A step was taken; ``decay`` is the recipe's."""

    def state(self) -> Any:
        """What it remembers, if it is no learner of the phase; None for nothing."""
        return None

    def load(self, state: Any) -> None:
        """Remember what :meth:`state` said."""


class Player(Member):
    """A network that learns, with the classifiers at its exits.

    Args:
        net: the network.
        exits: layer name -> classifier on that layer's output.
        view: see :class:`Member`.
    """

    learns = measured = True

    def __init__(self, net: nn.Module, exits: Mapping[str, nn.Module] | None = None, view: str | None = None):
        exits = exits or {}
        self.net, self.view = net, view
        self.exits = tuple(exits)
        self.heads = nn.ModuleList(exits.values())
        self.taps = set(exits)

    def modules(self) -> nn.ModuleList:
        """All that is trained together."""
        return nn.ModuleList([self.net, self.heads])

    def know(self, batch: Batch) -> dict[str, Knowledge]:
        """What it says, by output, with gradient."""
        logits, features = observe(self.net, batch.seen(self.view), self.taps)
        said = {"": Knowledge(logits, features)}
        for layer, head in zip(self.exits, self.heads, strict=True):
            said[layer] = Knowledge(head(features[layer]), features)
        return said

    def state(self) -> dict[str, Tensor]:
        """Weights and buffers."""
        return self.modules().state_dict()

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over weights and buffers."""
        self.modules().load_state_dict(state)


class Kept(Member):
    """A frozen network, asked once for every input of the transfer set; later it only remembers.

    What it remembers lies in memory or on disk (:mod:`kdlab.keep`). Where images are shifted, it is asked once for each
    of the ways in which they are seen, so that an answer is always to the very picture that the student sees.

    Args:
        net: the network; neither its weights nor its buffers nor its mode change.
        train: the transfer set.
        view: see :class:`Member`.
    """

    def __init__(self, net: nn.Module, train: Split, view: str | None = None):
        super().__init__()
        self.net, self.x, self.view = net, train.ways(view), view
        self._said: tuple[set[str], Knowledge] | None = None

    def know(self, batch: Batch) -> dict[str, Knowledge]:
        """What it said of these rows when it was asked."""
        if self._said is None or self._said[0] != self.taps:
            self._said = set(self.taps), ask(self.net, self.x, self.taps)
        return {"": self._said[1].at(batch.among)}


class OldSelf(Kept):
    """A frozen copy of a network as it was when the phase began; the network itself goes on.

    Args:
        net: the network that is trained.
        train: the transfer set.
    """

    def __init__(self, net: nn.Module, train: Split):
        super().__init__(copy.deepcopy(net).requires_grad_(False), train)
        self.learner = net

    def begin(self, seed: int) -> list[nn.Module]:
        """Take over what the network has become."""
        self.load(self.learner.state_dict())
        return []

    def state(self) -> dict[str, Tensor]:
        """Weights and buffers of then."""
        return self.net.state_dict()

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over weights and buffers; what it said before no longer counts."""
        self.net.load_state_dict(state)
        self._said = None


class Parent(OldSelf):
    """The same, and the network itself then starts anew, as its child; its layers can be drawn anew."""

    def begin(self, seed: int) -> list[nn.Module]:
        """Take over what the child has become, and give it new weights, but for those that are frozen in it."""
        super().begin(seed)
        still = {name for name, p in self.learner.named_parameters() if not p.requires_grad}
        drawn = another(self.learner, seed).state_dict()
        self.learner.load_state_dict({name: t for name, t in drawn.items() if name not in still}, strict=False)
        return [self.learner]


class Average(Member):
    """A moving average of a network's weights and buffers, asked anew for each batch, in eval mode.

    After step n each number moves by ``1 - min(decay, (n + 1) / (n + 10))`` of its way to the network's: quickly at
    first, since the first weights are worth nothing. Counters (BatchNorm's batches) are copied.

    Args:
        net: the network that is trained.
    """

    measured = True

    def __init__(self, net: nn.Module):
        super().__init__()
        self.followed, self.steps = net, 0
        self.net = copy.deepcopy(net).requires_grad_(False).eval()

    def know(self, batch: Batch) -> dict[str, Knowledge]:
        """What the average says now, detached."""
        return {"": tell(self.net, batch.x, self.taps)}

    @torch.no_grad()
    def follow(self, decay: float) -> None:
        """Move a little towards the network."""
        self.steps += 1
        way = 1 - min(decay, (self.steps + 1) / (self.steps + 10))
        for mine, theirs in zip(
            chain(self.net.parameters(), self.net.buffers()),
            chain(self.followed.parameters(), self.followed.buffers()),
            strict=True,
        ):
            if mine.is_floating_point():
                mine.lerp_(theirs, way)
            else:
                mine.copy_(theirs)

    def state(self) -> dict[str, Any]:
        """The average, and how many steps it has followed."""
        return {"steps": self.steps, "weights": self.net.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.steps = state["steps"]
        self.net.load_state_dict(state["weights"])


class Panel(Member):
    """Several players who speak with one voice: the mean of their probabilities at T = 1. They share no layers.

    Args:
        members: names of the players.
    """

    measured = True

    def __init__(self, members: Iterable[str]):
        super().__init__()
        self.members = tuple(members)

    def voice(self, logits: Iterable[Tensor]) -> Tensor:
        """Logits of the mean, from those of each member: log of the mean of their softmax, all (batch, classes)."""
        said = torch.stack([z.log_softmax(1) for z in logits])
        return said.logsumexp(0) - math.log(len(said))


REMEMBERED = 8  # answers that are kept for a network: one for each set of inputs and layers
_asked: WeakKeyDictionary[nn.Module, dict[tuple, tuple[Tensor, Knowledge, Knowledge]]] = WeakKeyDictionary()


def ask(net: nn.Module, x: Tensor, taps: Iterable[str] = ()) -> Knowledge:
    """What a network says of all of ``x``, in eval mode and in chunks of 256; asked anew only if something changed.

    That is seen by its weights and its text, and by a few rows that are asked again each time.

    Args:
        net: the network; nothing about it changes.
        x: inputs, (N, …).
        taps: layers to keep.

    Returns:
        Knowledge of all N rows, detached.
    """
    taps = tuple(taps)
    key = (fingerprint(net), described(net), id(x), x._version, tuple(sorted(taps)))
    memory = _asked.setdefault(net, {})
    # neither weights nor text show a hook or an attribute: a few answers tell whether the rest still holds
    probe = tell(net, probed(x), taps)
    known = memory.get(key)
    if known is None or not alike(tensors(known[1]), tensors(probe)):
        for old in [k for k in memory if k[:2] != key[:2]]:
            del memory[old]  # the network has changed since
        if len(memory) >= REMEMBERED:
            del memory[next(iter(memory))]
        # x is held, so that its id stays its own
        known = memory[key] = (x, probe, keep(net, x, taps, lambda chunk: tell(net, chunk, taps), probe))
    return known[2]


def tell(net: nn.Module, x: Tensor, taps: Iterable[str] = ()) -> Knowledge:
    """Like :func:`ask`, but asked every time and not remembered: for a network that is being trained."""
    taps = tuple(taps)
    with frozen(net):
        parts = [observe(net, chunk, taps) for chunk in x.split(CHUNK)]
    features = {name: torch.cat([part.features[name] for part in parts]) for name in taps}
    return Knowledge(torch.cat([part.logits for part in parts]), features)


def draws(nets: Iterable[nn.Module]) -> bool:
    """Whether one of the networks draws random numbers as it learns: dropout, as a layer or within one."""
    modules = (module for net in nets for module in net.modules())
    return any(isinstance(m, (_DropoutNd, nn.RReLU)) or getattr(m, "dropout", 0) for m in modules)


@contextmanager
def own_chance(seed: int, step: int) -> Iterator[None]:
    """Random numbers inside depend on seed and step alone; the caller's random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed * 1_000_003 + step)
        yield


def answers(player: Member, split: Split) -> dict[str, Tensor]:
    """Logits of a player and of each of its exits for all of ``split``, in eval mode: output -> (N, classes)."""
    said = tell(player.net, split.seen(player.view), player.exits)
    found = {"": said.logits}
    if player.exits:
        with frozen(player.heads):
            heads = zip(player.exits, player.heads, strict=True)
            found |= {layer: head(said.features[layer]) for layer, head in heads}
    return found
