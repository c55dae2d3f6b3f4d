"""Players: networks that take part in a distillation, and what they know of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

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

    def know(self, batch: Batch) -> dict[str, Knowledge]:
        """What it said of these rows when it was asked."""
        return {"": ask(self.net, self.x, self.taps).at(batch.index)}


_asked: WeakKeyDictionary[nn.Module, dict[tuple, tuple[Tensor, Knowledge]]] = WeakKeyDictionary()


def ask(net: nn.Module, x: Tensor, taps: Iterable[str] = ()) -> Knowledge:
    """What a network says of all of ``x``, in eval mode and in chunks of 256; asked anew only if something changed.

    Args:
        net: the network; nothing about it changes.
        x: inputs, (N, …).
        taps: layers to keep.

    Returns:
        Knowledge of all N rows, detached.
    """
    state = chain(net.parameters(), net.buffers())
    key = (tuple((id(t), t._version) for t in state), id(x), x._version, tuple(sorted(taps)))
    memory = _asked.setdefault(net, {})
    if key not in memory:
        for old in [k for k in memory if k[0] != key[0]]:
            del memory[old]  # the network has changed since
        memory[key] = (x, tell(net, x, taps))  # x is held, so that its id stays its own
    return memory[key][1]


def tell(net: nn.Module, x: Tensor, taps: Iterable[str] = ()) -> Knowledge:
    """Like :func:`ask`, but asked every time and not remembered: for a network that is being trained."""
    taps = tuple(taps)
    with frozen(net):
        parts = [observe(net, chunk, taps) for chunk in x.split(CHUNK)]
    features = {name: torch.cat([part.features[name] for part in parts]) for name in taps}
    return Knowledge(torch.cat([part.logits for part in parts]), features)


def answers(player: Player, x: Tensor) -> dict[str, Tensor]:
    """Logits of a player and of each of its exits for all of ``x``, in eval mode: output -> (N, classes)."""
    said = tell(player.net, x, player.exits)
    with frozen(player.heads):
        early = {layer: head(said.features[layer]) for layer, head in zip(player.exits, player.heads, strict=True)}
    return {"": said.logits, **early}
