"""Numbers to bytes and back: what the browser draws as colours travels as one byte a value."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["scaled", "symmetric", "unscaled"]


def scaled(values: ArrayLike, low: float, high: float) -> bytes:
    """Values as uint8, 0 at ``low`` and 255 at ``high``; what lies outside is drawn as the nearer end.

    Raises:
        ValueError: ``high`` is not above ``low``, or a value is not finite.
    """
    array = np.asarray(values, np.float64)
    if not high > low:
        raise ValueError(f"high must be above low, got low={low!r}, high={high!r}")
    if not np.isfinite(array).all():
        raise ValueError(f"values must be finite, got {int((~np.isfinite(array)).sum())} that are not")
    return np.rint((array - low) / (high - low) * 255).clip(0, 255).astype(np.uint8).tobytes()


def symmetric(values: ArrayLike, reach: float) -> bytes:
    """Differences as uint8: exactly 128 at 0, 1 at ``-reach`` and 255 at ``reach`` (above 0)."""
    array = np.asarray(values, np.float64)
    return np.rint(128 + array / reach * 127).clip(1, 255).astype(np.uint8).tobytes()


def unscaled(data: bytes, low: float, high: float) -> NDArray[np.float64]:
    """The values that :func:`scaled` wrote, to within half a step of (high − low) / 255; flat."""
    return low + np.frombuffer(data, np.uint8).astype(np.float64) / 255 * (high - low)
