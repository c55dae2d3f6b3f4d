"""Argument checks whose messages name the argument, the value, and what is allowed.

Each check takes its values by keyword, so that the message can name them. Where a number is expected, a tensor
passes unchecked: students that train as a stack bring one value each, and a Recipe has checked the numbers before.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

from torch import Tensor

__all__ = ["between", "choice", "finite", "positive", "same_batch", "same_shape", "shape", "whole"]


def _number(name: str, value: Any, allowed: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be {allowed}, got {value!r}")


def positive(**values: float | Tensor) -> None:
    """Each value is a finite number above 0.

    Raises:
        ValueError: a value is 0, negative, infinite or not a number.
        TypeError: a value is no number at all.
    """
    for name, value in values.items():
        if isinstance(value, Tensor):
            continue
        _number(name, value, "a finite number above 0")
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a finite number above 0, got {value!r}")


def between(low: float, high: float, **values: float | Tensor) -> None:
    """Each value is a finite number in [low, high]; where there is no upper end, ``high`` is infinity.

    Raises:
        ValueError: a value lies outside, or is infinite.
        TypeError: a value is no number at all.
    """
    for name, value in values.items():
        if isinstance(value, Tensor):
            continue
        allowed = f"at least {low:g}" if high == math.inf else f"in [{low:g}, {high:.10g}]"
        _number(name, value, f"a number {allowed}")
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{name} must be a number {allowed}, got {value!r}")


def whole(minimum: int, **values: int) -> None:
    """Each value is an integer of at least ``minimum``.

    Raises:
        ValueError: a value is smaller.
        TypeError: a value is no integer.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be a whole number of at least {minimum}, got {value!r}")
        if value < minimum:
            raise ValueError(f"{name} must be a whole number of at least {minimum}, got {value!r}")


def choice(allowed: Iterable[str], **values: str) -> None:
    """Each value is one of ``allowed``; a near miss is suggested.

    Raises:
        ValueError: a value is none of them.
    """
    allowed = list(allowed)
    for name, value in values.items():
        if value not in allowed:
            near = difflib.get_close_matches(str(value), allowed, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}{hint}")


def finite(**values: Tensor) -> None:
    """Each tensor is free of NaN and infinity.

    Raises:
        ValueError: it is not; the message counts and places the first bad value.
    """
    for name, value in values.items():
        if value.is_floating_point() and not value.isfinite().all():
            bad = (~value.isfinite()).nonzero()
            raise ValueError(
                f"{name} must hold finite numbers only, got {len(bad)} others, the first at index {bad[0].tolist()}"
            )


def same_shape(**values: Tensor) -> None:
    """All tensors have one shape.

    Raises:
        ValueError: they do not.
    """
    if len({v.shape for v in values.values()}) > 1:
        raise ValueError(
            f"{' and '.join(values)} must have the same shape, got "
            + " and ".join(str(tuple(v.shape)) for v in values.values())
        )


def same_batch(**values: Tensor) -> None:
    """All tensors have one length along their first dimension, the batch.

    Raises:
        ValueError: they do not.
    """
    if len({len(v) for v in values.values()}) > 1:
        raise ValueError(
            f"{' and '.join(values)} must hold the same batch, got "
            + " and ".join(f"{len(v)} rows" for v in values.values())
        )


def shape(dimensions: int, meaning: str, **values: Tensor) -> None:
    """Each tensor has ``dimensions`` dimensions, which ``meaning`` names, as in ``"(batch, classes)"``.

    Raises:
        ValueError: one has not.
    """
    for name, value in values.items():
        if value.ndim != dimensions:
            raise ValueError(f"{name} must have shape {meaning}, got {tuple(value.shape)}")
