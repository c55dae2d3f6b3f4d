"""What ours is compared with, each as its source would write it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


def minimal(student: nn.Module, x: Tensor, y: Tensor, batch: int = 128) -> Callable[[int], None]:
    """The least a loop can do: labels alone, tensors in memory, one shuffle an epoch, fused Adam, nothing recorded."""
    optimizer = torch.optim.Adam(student.parameters(), 1e-3, fused=True)
    student.train()
    left: list[Tensor] = []

    def steps(count: int) -> None:
        for _ in range(count):
            if not left:
                left.extend(torch.randperm(len(x)).split(batch))
            rows = left.pop()
            optimizer.zero_grad()
            F.cross_entropy(student(x.index_select(0, rows)), y.index_select(0, rows)).backward()
            optimizer.step()

    return steps


def by_hand(
    student: nn.Sequential,
    x: Tensor,
    y: Tensor,
    kept: Tensor,
    loss: Callable[[Tensor, Tensor, Tensor], list[Tensor]],
    batch: int = 128,
    extra: nn.Module | None = None,
) -> Callable[[int], None]:
    """The minimal loop with a distillation loss written into it, and all its values recorded: the floor of a library.

    Args:
        student: a body and a last layer.
        x: inputs, (N, …).
        y: labels, (N,).
        kept: what the teacher said, (N, …).
        loss: terms from the student's features (batch, …), its logits (batch, classes) and the rows of ``kept``.
        batch: its size.
        extra: what is trained beside the student.
    """
    learners = [student] if extra is None else [student, extra]
    optimizer = torch.optim.Adam([p for module in learners for p in module.parameters()], 1e-3, fused=True)
    student.train()
    body, head = student[:-1], student[-1]
    left: list[Tensor] = []
    recorded: list[list[float]] = []

    def steps(count: int) -> None:
        for _ in range(count):
            if not left:
                left.extend(torch.randperm(len(x)).split(batch))
            rows = left.pop()
            features = body(x.index_select(0, rows))
            logits = head(features)
            values = [F.cross_entropy(logits, y.index_select(0, rows))]
            values += loss(features, logits, kept.index_select(0, rows))
            optimizer.zero_grad()
            total = 0.1 * values[0] + 0.9 * values[1]
            for value in values[2:]:
                total = total + 0.9 * value
            total.backward()
            optimizer.step()
            recorded.append(torch.stack(values).tolist())

    return steps


def soft(features: Tensor, logits: Tensor, kept: Tensor, temperature: float = 2.0) -> list[Tensor]:
    """Soft targets, from kept logits."""
    log_t = (kept / temperature).log_softmax(1)
    log_s = (logits / temperature).log_softmax(1)
    return [temperature**2 / len(logits) * (log_t.exp() * (log_t - log_s)).sum()]


def tutorial(teacher: nn.Module, student: nn.Module, x: Tensor, y: Tensor, batch: int = 128) -> Callable[[int], None]:
    """Knowledge distillation as in PyTorch's tutorial: a DataLoader, and the teacher asked at every step."""
    loader = DataLoader(TensorDataset(x, y), batch_size=batch, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)
    temperature, soft_weight, label_weight = 2, 0.9, 0.1
    teacher.eval()
    student.train()
    batches = iter(loader)

    def steps(count: int) -> None:
        nonlocal batches
        running = 0.0
        for _ in range(count):
            inputs, labels = next(batches, (None, None))
            if inputs is None:
                batches = iter(loader)
                inputs, labels = next(batches)
            optimizer.zero_grad()
            with torch.no_grad():
                teacher_logits = teacher(inputs)
            student_logits = student(inputs)
            soft_targets = nn.functional.softmax(teacher_logits / temperature, dim=-1)
            soft_prob = nn.functional.log_softmax(student_logits / temperature, dim=-1)
            kl = torch.sum(soft_targets * (soft_targets.log() - soft_prob)) / soft_prob.size()[0] * temperature**2
            loss = soft_weight * kl + label_weight * criterion(student_logits, labels)
            loss.backward()
            optimizer.step()
            running += loss.item()

    return steps


def textbook_rkd(student: Tensor, teacher: Tensor) -> Tensor:
    """Relational distillation by its formula: all pairs, and all triples by their difference vectors (broadcast)."""

    def distances(e: Tensor) -> Tensor:
        squares = e.pow(2).sum(dim=1)
        apart = (squares[:, None] + squares[None, :] - 2 * e @ e.t()).clamp(min=1e-12).sqrt()
        apart = apart * (1 - torch.eye(len(e)))
        return apart / apart[apart > 0].mean()

    def angles(e: Tensor) -> Tensor:
        unit = F.normalize(e.unsqueeze(0) - e.unsqueeze(1), p=2, dim=2)
        return torch.bmm(unit, unit.transpose(1, 2)).view(-1)

    with torch.no_grad():
        wanted = distances(teacher), angles(teacher)
    return 25 * F.smooth_l1_loss(distances(student), wanted[0]) + 50 * F.smooth_l1_loss(angles(student), wanted[1])
