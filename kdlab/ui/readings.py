"""What the panels show of networks, as arrays: called in the training thread, between two steps."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdlab import metrics
from kdlab.players import tell
from kdlab.taps import layers

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
    """Places of at least ``count`` samples where there are so many, equally many of each class, sorted by class."""
    classes = labels.unique()
    each = -(-count // len(classes))
    return torch.cat([(labels == c).nonzero().squeeze(1)[:each] for c in classes])


def class_means(features: Tensor, labels: Tensor, classes: int) -> NDArray:
    """Mean of each unit over the samples of each class: (classes, units), 0 for a class without samples.

    Args:
        features: (N, …).
        labels: (N,), below ``classes``.
        classes: how many there are.
    """
    flat = features.flatten(1)
    sums = torch.zeros(classes, flat.shape[1]).index_add_(0, labels, flat)
    return (sums / labels.bincount(minlength=classes).clamp(min=1)[:, None]).numpy()


def by_class(means: NDArray) -> NDArray[np.intp]:
    """Units in a readable order: by the class that they answer the most, the strongest first; silent ones last.

    Args:
        means: (classes, units).
    """
    silent = np.abs(means).max(0) < 1e-6
    return np.lexsort((-means.max(0), means.argmax(0), silent))


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
        kind: ``"cosine"``, ``"distance"``, or ``"angle"``: the distances, from which angles are worked out.
    """
    flat = features.flatten(1)
    if kind == "cosine":
        unit = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-12)
        return (unit @ unit.T).numpy()
    d = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist")  # the other mode loses near neighbours
    away = ~torch.eye(len(d), dtype=torch.bool)
    return (d / d[away].mean().clamp(min=1e-12)).numpy()
