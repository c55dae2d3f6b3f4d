"""Augmentation by shifts: a seeded, finite set of ways to see an image, so that what a teacher said of each is kept."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

FARTHEST = 2  # pixels down, up, to the right and to the left
MOST = (2 * FARTHEST + 1) ** 2 - 1

_made: dict[tuple[int, int, int], tuple[Tensor, Tensor]] = {}  # the last ones, so that a teacher is asked once


def shifts(count: int) -> list[tuple[int, int]]:
    """No shift, and ``count`` others as (down, right) in pixels: always the same."""
    reach = range(-FARTHEST, FARTHEST + 1)
    others = [(down, right) for down in reach for right in reach if (down, right) != (0, 0)]
    order = torch.randperm(MOST, generator=torch.Generator().manual_seed(0)).tolist()
    return [(0, 0), *(others[i] for i in order[:count])]


def ways(x: Tensor, count: int) -> Tensor:
    """Images as they are, then all of them by each shift, what comes into them being 0.

    Args:
        x: images, (N, C, H, W).
        count: shifts, from 0 to 24.

    Returns:
        ((count + 1) · N, C, H, W); image i by shift k has the place k · N + i.

    Raises:
        ValueError: x holds no images.
    """
    if not count:
        return x
    if x.ndim != 4:
        raise ValueError(
            f"shifts must be 0 for inputs that are no images (N, C, H, W), got {count} for {tuple(x.shape)}"
        )
    key = id(x), x._version, count
    if key not in _made:
        height, width = x.shape[2:]
        padded = F.pad(x, (FARTHEST,) * 4)
        corners = [(FARTHEST - down, FARTHEST - right) for down, right in shifts(count)]
        made = torch.cat([padded[:, :, top : top + height, left : left + width] for top, left in corners])
        while len(_made) >= 2:
            del _made[next(iter(_made))]
        _made[key] = x, made  # x is held, so that its id stays its own
    return _made[key][1]


def drawn(n: int, count: int, seed: int, epoch: int) -> Tensor:
    """Which shift each of ``n`` images has in an epoch: (n,) int64 in [0, count]; a function of seed and epoch."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) * 31 + 7)
    return torch.randint(count + 1, (n,), generator=generator)
