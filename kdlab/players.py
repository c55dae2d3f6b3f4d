"""Players: networks that take part in a distillation, and what they know of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from itertools import chain
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from kdlab.batches import Batch
from kdlab.knowledge import Knowledge
from kdlab.taps import frozen, observe

CHUNK = 256  # always the same, since the size of a batch changes the last digit of some answers


class Player:
    """A network that learns, with the classifiers at its exits.

    Args:
        net: the network.
        exits: layer name -> classifier on that layer's output.
    """

    def __init__(self, net: nn.Module, exits: Mapping[str, nn.Module] | None = None):
        exits = exits or {}
        self.net = net
        self.exits = tuple(exits)
        self.heads = nn.ModuleList(exits.values())
        self.taps: set[str] = set(exits)  # layers to look at; a phase adds those it compares

    def modules(self) -> nn.ModuleList:
        """All that is trained together."""
        return nn.ModuleList([self.net, self.heads])

    def know(self, batch: Batch) -> dict[str, Knowledge]:
        """What it says, by output: ``""`` the network's own answer, else the exit's layer."""
        logits, features = observe(self.net, batch.x, self.taps)
        said = {"": Knowledge(logits, features)}
        for layer, head in zip(self.exits, self.heads, strict=True):
            said[layer] = Knowledge(head(features[layer]), features)
        return said


class Kept:
    """A frozen network, asked once for every input of the transfer set; later it only remembers.

    Args:
        net: the network; neither its weights nor its buffers nor its mode change.
        x: all inputs of the transfer set, (N, …).
    """

    def __init__(self, net: nn.Module, x: Tensor):
        self.net, self.x = net, x
        self.taps: set[str] = set()
        self._said: tuple[set[str], Knowledge] | None = None

    def know(self, batch: Batch) -> dict[str, Knowledge]:
        """What it said of these rows when it was asked."""
        if self._said is None or self._said[0] != self.taps:
            self._said = set(self.taps), ask(self.net, self.x, self.taps)
        return {"": self._said[1].at(batch.index)}


REMEMBERED = 8  # answers that are kept for a network: one for each set of inputs and layers
_asked: WeakKeyDictionary[nn.Module, dict[tuple, tuple[Tensor, Knowledge]]] = WeakKeyDictionary()


def fingerprint(net: nn.Module) -> bytes:
    """A hash of all weights and buffers; their version counters would not do, since fused optimisers do not count."""
    digest = blake2b(digest_size=16)
    for tensor in chain(net.parameters(), net.buffers()):
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.digest()


def ask(net: nn.Module, x: Tensor, taps: Iterable[str] = ()) -> Knowledge:
    """What a network says of all of ``x``, in eval mode and in chunks of 256; asked anew only if something changed.

    Args:
        net: the network; nothing about it changes.
        x: inputs, (N, …).
        taps: layers to keep.

    Returns:
        Knowledge of all N rows, detached.
    """
    key = (fingerprint(net), id(x), x._version, tuple(sorted(taps)))
    memory = _asked.setdefault(net, {})
    if key not in memory:
        for old in [k for k in memory if k[0] != key[0]]:
            del memory[old]  # the network has changed since
        if len(memory) >= REMEMBERED:
            del memory[next(iter(memory))]
        memory[key] = (x, tell(net, x, taps))  # x is held, so that its id stays its own
    return memory[key][1]


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


def answers(player: Player, x: Tensor) -> dict[str, Tensor]:
    """Logits of a player and of each of its exits for all of ``x``, in eval mode: output -> (N, classes)."""
    said = tell(player.net, x, player.exits)
    with frozen(player.heads):
        early = {layer: head(said.features[layer]) for layer, head in zip(player.exits, player.heads, strict=True)}
    return {"": said.logits, **early}
