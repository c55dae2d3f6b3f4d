"""What the panels show of networks, as arrays: called in the training thread, between two steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdlab import metrics
from kdlab.data import Dataset
from kdlab.knowledge import Pairs
from kdlab.players import tell
from kdlab.taps import frozen, layers

PROBE = 256  # images for CKA; fewer flatter unrelated layers
RELATED = 128  # images whose relations are shown


def pixels(x: Tensor) -> NDArray[np.uint8]:
    """Images as bytes, (N, height, width); an empty array where the inputs are no images."""
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        return np.zeros((0, 0, 0), np.uint8)
    gray = x.mean(1)
    low, high = float(gray.min()), float(gray.max())
    return ((gray - low) / ((high - low) or 1.0) * 255).round().to(torch.uint8).numpy()


def balanced(labels: Tensor, count: int) -> Tensor:
    """Places of about ``count`` samples, equally many of each class, sorted by class."""
    classes = labels.unique()
    each = max(1, count // len(classes))
    return torch.cat([(labels == c).nonzero().squeeze(1)[:each] for c in classes])


class Maps(NamedTuple):
    """One sample's features at a pair of layers, and what the method's loss compares of them."""

    teacher: NDArray
    student: NDArray
    regressed: NDArray | None  # the regressor's output, where the method trains one


def maps(
    teacher: nn.Module, student: nn.Module, x: Tensor, pair: tuple[str, str], regressor: nn.Module | None = None
) -> Maps:
    """Features of one input ``x`` (1, …) at the teacher's and the student's layer of ``pair``."""
    t, s = (tell(net, x, [layer]).features[layer] for net, layer in zip((teacher, student), pair, strict=True))
    regressed = None
    if regressor is not None:
        with frozen(regressor):
            regressed = regressor(s)[0].numpy()
    return Maps(t[0].numpy(), s[0].numpy(), regressed)


def tap_pairs(teacher: nn.Module, student: nn.Module, data: Dataset, used: Pairs) -> list[list[str]]:
    """Pairs of layers worth looking at: those a method compares, those of one name, else the last of each."""
    x = data.validation.x[:4]
    t, s = list(layers(teacher, x)), list(layers(student, x))
    named = [(name, name) for name in s if name in t]
    return [list(pair) for pair in dict.fromkeys([*used, *named, (t[-1], s[-1])])]


def grams(net: nn.Module, x: Tensor) -> dict[str, NDArray]:
    """Layer -> inner products of its features on ``x``, (N, N)."""
    features = tell(net, x, layers(net, x[:4])).features
    return {layer: (f.flatten(1) @ f.flatten(1).T).numpy() for layer, f in features.items()}


def cka_grid(teacher: dict[str, NDArray], student: dict[str, NDArray]) -> list[list[float]]:
    """Debiased CKA of every layer of the teacher (rows) with every layer of the student (columns)."""
    return [[round(metrics.alignment(t, s), 4) for s in student.values()] for t in teacher.values()]


def relation(features: Tensor, kind: str) -> NDArray:
    """Relations between samples, (N, N): cosine, or distance in units of the mean distance.

    Args:
        features: (N, …).
        kind: ``"cosine"`` or ``"distance"``.
    """
    flat = features.flatten(1)
    if kind == "cosine":
        unit = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-12)
        return (unit @ unit.T).numpy()
    d = torch.cdist(flat, flat)
    away = ~torch.eye(len(d), dtype=torch.bool)
    return (d / d[away].mean().clamp(min=1e-12)).numpy()
