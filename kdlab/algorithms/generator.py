"""Inputs made up from nothing but a trained network: a generator that learns what this network finds plausible."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kdlab.initial import seeded
from kdlab.progress import bar
from kdlab.taps import layers, observe, resting

NOISE, WIDTH, BATCH, LEARNING_RATE = 64, 16, 128, 1e-2
ACTIVE, BALANCE = 0.1, 5.0  # weights of the paper
TINY = 1e-30  # the logarithm of a class that is never answered must be finite


class Generator(nn.Module):
    """Random vectors to inputs.

    Images grow from a quarter of their height and width by two upsampled convolutions, which makes neighbouring pixels
    alike before anything is learned; inputs of any other shape come from one hidden layer.

    Args:
        size: shape of one input.
        finish: what maps any number to one that an input may have, such as ``torch.sigmoid``.
    """

    def __init__(self, size: tuple[int, ...], finish: Callable[[Tensor], Tensor]):
        super().__init__()
        self.size, self.finish = size, finish
        if len(size) != 3:
            last = [nn.Linear(BATCH, math.prod(size)), nn.BatchNorm1d(math.prod(size))]
            self.net = nn.Sequential(nn.Linear(NOISE, BATCH), nn.BatchNorm1d(BATCH), nn.ReLU(), *last)
            return
        half, quarter = (tuple(math.ceil(side / n) for side in size[1:]) for n in (2, 4))
        self.net = nn.Sequential(
            nn.Linear(NOISE, WIDTH * math.prod(quarter)), nn.Unflatten(1, (WIDTH, *quarter)), nn.BatchNorm2d(WIDTH),
            nn.Upsample(half, mode="bilinear"),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH), nn.LeakyReLU(0.2),
            nn.Upsample(size[1:], mode="bilinear"),
            nn.Conv2d(WIDTH, WIDTH // 2, 3, padding=1), nn.BatchNorm2d(WIDTH // 2), nn.LeakyReLU(0.2),
            nn.Conv2d(WIDTH // 2, size[0], 3, padding=1),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        """(batch, NOISE) to (batch, …)."""
        return self.finish(self.net(z)).reshape(-1, *self.size)


def plausible(logits: Tensor, features: Tensor | None = None) -> Tensor:
    """How unlike real inputs a batch looks to the network that answered it (Chen et al. 2019, arXiv:1904.01186).

    ``CE(argmax, logits) + 5 Σ_c m_c log m_c − 0.1 mean|features|``, m the mean of the probabilities: of real inputs the
    network is sure, among them all classes are, and its layers answer strongly.

    Args:
        logits: its answers, (batch, classes).
        features: of its last hidden layer, (batch, …); None where there is none.

    Returns:
        A scalar, the less the more plausible.
    """
    mean = logits.softmax(1).mean(0)
    value = F.cross_entropy(logits, logits.argmax(1)) + BALANCE * (mean * mean.clamp_min(TINY).log()).sum()
    return value if features is None else value - ACTIVE * features.abs().mean()


def generate(
    teacher: nn.Module, size: tuple[int, ...], count: int, *, steps: int, seed: int, finish: Callable[[Tensor], Tensor]
) -> Tensor:
    """Inputs that a network finds plausible.

    Args:
        teacher: the network, asked in eval mode; nothing about it changes.
        size: shape of one input.
        count: how many, at least 1.
        steps: of the generator's optimiser (Adam), each on a batch of 128.
        seed: of the generator's weights and of all that is drawn.
        finish: see :class:`Generator`.

    Returns:
        (count, …), detached.
    """

    def make() -> Tensor:
        net = Generator(size, finish)
        weights = list(net.parameters())
        optimizer = torch.optim.Adam(weights, LEARNING_RATE)
        names = list(layers(teacher, net(torch.randn(2, NOISE)).detach()))[-1:]
        with resting(teacher), bar(steps, "inventing inputs") as shown:
            for _ in range(steps):
                said = observe(teacher, net(torch.randn(BATCH, NOISE)), names)
                loss = plausible(said.logits, *said.features.values())
                for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
                    weight.grad = gradient  # of the generator's weights alone: the teacher's are not touched
                optimizer.step()
                shown.update()
        with torch.no_grad():
            return torch.cat([net(torch.randn(BATCH, NOISE)) for _ in range(math.ceil(count / BATCH))])[:count].clone()

    return seeded(seed, make)
