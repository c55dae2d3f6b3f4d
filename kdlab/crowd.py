"""Many small students at once, each with targets and inputs of its own: one step moves them all."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from kdlab import check
from kdlab.service import soften

__all__ = ["Lesson", "learn"]


class Lesson(NamedTuple):
    """What one student learns from.

    Attributes:
        rows: which inputs it sees, int64, (n,).
        targets: probabilities at T = 1 that it learns for them, (n, classes).
        temperature: T for each of them, (n,); 1 for labels.
        seed: of its order of batches.
    """

    rows: Tensor
    targets: Tensor
    temperature: Tensor
    seed: int


def learn(
    nets: Sequence[nn.Module],
    x: Tensor,
    lessons: Sequence[Lesson],
    *,
    steps: int = 200,
    batch_size: int = 32,
    learning_rate: float = 1e-2,
) -> Callable[[Tensor], Tensor]:
    """Train each network on its own lesson with T² times the cross-entropy of softened answers, by Adam.

    All take equally many steps on equally large batches, however many inputs they have; the learning rate falls in a
    straight line to a twentieth.

    Args:
        nets: one for each lesson, of one architecture; they stay as they are.
        x: inputs that all rows count in, (N, …).
        lessons: one for each network.
        steps: at least 1.
        batch_size: at least 1.
        learning_rate: at the first step, above 0.

    Returns:
        A function: inputs (batch, …) -> probabilities of every student, (students, batch, classes).

    Raises:
        ValueError: the numbers of networks and lessons differ, or a number is out of its range.
    """
    check.whole(1, steps=steps, batch_size=batch_size)
    check.positive(learning_rate=learning_rate)
    if not nets or len(nets) != len(lessons):
        raise ValueError(f"nets must be as many as lessons, and at least 1, got {len(nets)} and {len(lessons)}")
    weights, buffers = stack_module_state([copy.deepcopy(net) for net in nets])
    form = copy.deepcopy(nets[0]).to("meta")
    answer = vmap(lambda w, b, seen: functional_call(form, (w, b), (seen,)))
    rows, temperature = (torch.cat([lesson[k] for lesson in lessons]) for k in (0, 2))
    targets = soften(torch.cat([lesson.targets for lesson in lessons]), temperature[:, None])
    optimizer = torch.optim.Adam(weights.values(), lr=learning_rate, fused=True)
    slower = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, steps)
    for batch in _order(lessons, steps, batch_size):
        t = temperature[batch]
        seen = x.index_select(0, rows[batch].flatten()).unflatten(0, batch.shape)  # quicker than x[rows[batch]]
        student = (answer(weights, buffers, seen) / t[..., None]).log_softmax(-1)
        loss = -(t.square() * (targets[batch] * student).sum(-1)).mean(1).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        slower.step()
    done = {name: tensor.detach() for name, tensor in weights.items()}
    return lambda seen: answer(done, buffers, seen.expand(len(nets), *seen.shape)).softmax(-1)


def _order(lessons: Sequence[Lesson], steps: int, batch_size: int) -> Tensor:
    """Places within all lessons put one behind the other, (steps, students, batch_size): shuffled epochs."""
    orders, start, seen = [], 0, steps * batch_size
    for lesson in lessons:
        random, n = torch.Generator().manual_seed(lesson.seed), len(lesson.rows)
        epochs = [torch.randperm(n, generator=random) for _ in range(-(-seen // n))]
        orders.append(start + torch.cat(epochs)[:seen].reshape(steps, batch_size))
        start += n
    return torch.stack(orders, 1)
