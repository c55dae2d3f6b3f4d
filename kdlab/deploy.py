"""What a network costs where it is used."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from kdlab import check
from kdlab.data import Dataset
from kdlab.players import Player
from kdlab.taps import frozen
from kdlab.threads import one_thread

TURN = 20  # answers that a model gives before the next has its turn
WARM = 5  # answers before them that are not timed: they warm caches up


class Cost(NamedTuple):
    """The cost of one answer.

    Attributes:
        parameters: numbers that were trained.
        bytes: parameters and buffers in memory, as they are stored (four bytes for a float32).
        macs: multiplications with an addition for one input, of linear, convolution and graph layers.
        microseconds: median time of one answer to one input, on one thread, warmed up.
        p95: 95th percentile of that time, in microseconds.
    """

    parameters: int
    bytes: int
    macs: int
    microseconds: float
    p95: float


def measure(model: nn.Module, example: Tensor, *, repeats: int = 200) -> Cost:
    """Count and time one answer: see :func:`in_turns`."""
    return in_turns({"model": model}, example, repeats=repeats)["model"]


def in_turns(models: Mapping[str, nn.Module], example: Tensor, *, repeats: int = 200) -> dict[str, Cost]:
    """Count and time one answer of each model.

    They are timed in turns, some answers each: a moment in which the computer is busy with something else
    slows all of them down, not the one that had its turn, so they can be compared.

    Args:
        models: any modules by their names; their modes and weights stay as they are.
        example: one input with its batch dimension, (1, …); of several, the first is taken.
        repeats: timed answers of each, at least 1.

    Raises:
        ValueError: ``example`` is empty or ``repeats`` is below 1.
    """
    check.whole(1, repeats=repeats)
    if example.ndim < 2 or not len(example):
        raise ValueError(f"example must be one input of shape (1, …), got {tuple(example.shape)}")
    example, took = example[:1], {name: [] for name in models}
    while any(len(times) < repeats for times in took.values()):
        for name, model in models.items():
            took[name] += timed(model, example, min(TURN, repeats - len(took[name])))
    return {name: _cost(model, example, took[name]) for name, model in models.items()}


def _cost(model: nn.Module, example: Tensor, took: list[float]) -> Cost:
    tensors = [*model.parameters(), *model.buffers()]
    middle, high = torch.tensor(took, dtype=torch.float64).quantile(torch.tensor([0.5, 0.95], dtype=torch.float64))
    return Cost(
        parameters=sum(p.numel() for p in model.parameters()),
        bytes=sum(t.numel() * t.element_size() for t in tensors),
        macs=_macs(model, example),
        microseconds=1e6 * middle.item(),
        p95=1e6 * high.item(),
    )


def _macs(model: nn.Module, example: Tensor) -> int:
    with frozen(model), _Operations() as counter:
        model(example)
    return counter.total // 2


def exit_costs(player: Player, data: Dataset) -> list[int]:
    """MACs until each exit has answered, its own head included, shallow ones first; then the whole.

    Args:
        player: a student with exits, whose network is a ``Sequential`` with the exits among its stages.
        data: one of whose inputs is looked at.
    """
    x, found = data.validation.x[:1], []
    stages = dict(player.net.named_children())
    for layer, head in zip(player.exits, player.heads, strict=True):
        way = [stage for name, stage in stages.items() if list(stages).index(name) <= list(stages).index(layer)]
        found.append(_macs(nn.Sequential(*way, head), x))
    return [*found, _macs(player.net, x)]


class _Operations(TorchDispatchMode):
    """Counts the operations of what is computed inside, by torch's own table of them.

    ``torch.utils.flop_counter.FlopCounterMode`` counts the same, but imports torch's compiler first: a second.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing here is compiled

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        out = operation(*args, **(kwargs or {}))
        packet = operation.overloadpacket
        if packet is torch.ops.aten._sparse_addmm:  # not in the table
            self.total += 2 * args[1]._nnz() * args[2].shape[1]
        elif packet in flop_registry:
            self.total += flop_registry[packet](*args, **(kwargs or {}), out_val=out)
        return out


def timed(model: nn.Module, example: Tensor, repeats: int) -> list[float]:
    """Seconds of each of ``repeats`` answers to ``example``, on one thread, warmed up."""
    took = []
    with one_thread(), frozen(model):
        for i in range(WARM + repeats):
            start = time.perf_counter()
            model(example)
            if i >= WARM:
                took.append(time.perf_counter() - start)
    return took
