"""What a swept knob may be given: lists, ranges, seeds; and the draws from them."""

from __future__ import annotations

import dataclasses
import itertools
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kdlab import check, methods
from kdlab.recipe import Recipe

TABLES = (
    "method",
    "method_knobs",
    "algorithm_knobs",
    "taps",
    "schedule",
)  # knobs that are tables: a dot reaches into them
RANGE = ("low", "high", "log")
DIGITS = 4  # of a drawn number: enough for a knob, and short enough to be read


def table(**given: Any) -> Mapping[str, Any]:
    """The one value that is given by name, which must be a table.

    Raises:
        TypeError: it is none.
    """
    [(name, value)] = given.items()
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a table of names and values, got {value!r}")
    return value


def flat(nested: Mapping[str, Any], *, ranges: bool) -> Iterator[tuple[str, Any]]:
    """Names and values; a table in the table is a knob with a dot, as TOML reads ``method_knobs.weight = [1, 2]``.

    Args:
        nested: as it was read.
        ranges: tables with a ``low`` or ``high`` are ranges, and left as they are.
    """
    for name, value in nested.items():
        if isinstance(value, Mapping) and not (ranges and set(RANGE) & set(value)):
            yield from ((f"{name}.{inner}", v) for inner, v in flat(value, ranges=ranges))
        else:
            yield name, value


def seeds(given: int | Sequence[int]) -> tuple[int, ...]:
    """The seeds: those that are listed, or as many as are asked for.

    Raises:
        ValueError: there is none, or one comes twice or is negative.
        TypeError: they are no whole numbers.
    """
    if isinstance(given, int):
        check.whole(1, seeds=given)
        return tuple(range(given))
    found = tuple(listed("seeds", given))
    check.whole(0, **{f"seeds[{i}]": seed for i, seed in enumerate(found)})
    return found


def listed(name: str, given: Any) -> list[Any]:
    """A list of plain values.

    Raises:
        ValueError: it is empty, or a value comes twice.
        TypeError: it is no list.
    """
    if isinstance(given, (str, bytes)) or not isinstance(given, (Sequence, np.ndarray)):
        raise TypeError(f"{name} must be a list of values, got {given!r}")
    found = [v.item() if isinstance(v, np.generic) else v for v in given]
    if not found:
        raise ValueError(f"{name} must hold at least one value, got an empty list")
    if any(a == b for a, b in itertools.combinations(found, 2)):
        raise ValueError(f"{name} must hold values that differ, got {found}")
    return found


def drawable(name: str, given: Any) -> list[Any] | dict[str, Any]:
    """A list to draw from, or a range.

    Raises:
        ValueError: a list is empty; a range has an unknown key, lacks one, or its ends are not in order.
        TypeError: it is neither, or an end is no number.
    """
    if not isinstance(given, Mapping):
        return listed(name, given)
    for key in given:
        check.choice(RANGE, **{f"key of {name}": key})
    if missing := [key for key in RANGE[:2] if key not in given]:
        raise ValueError(f"{name} must be a list, or a range with low and high, got one without {missing[0]}")
    low, high, log = given["low"], given["high"], given.get("log", False)
    if not isinstance(log, bool):
        raise TypeError(f"{name}.log must be true or false, got {log!r}")
    for end, value in (("low", low), ("high", high)):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise TypeError(f"{name}.{end} must be a finite number, got {value!r}")
    if log:
        check.positive(**{f"{name}.low": low})
    if not low < high:
        raise ValueError(f"{name}.low must be below its high, got {low!r} and {high!r}")
    return dict(given)


def draw(
    given: Sequence[Any] | Mapping[str, Any], count: int, *, seed: int, knob: str, whole: bool = False
) -> list[Any]:
    """Values drawn from a list or a range, both ends included.

    Args:
        given: what :func:`drawable` returned.
        count: how many; a larger count begins with the values of a smaller one.
        seed: of the draw.
        knob: its name; what one knob gets does not hang on which others there are.
        whole: whole numbers, from a range.
    """
    chance = np.random.RandomState([seed, zlib.crc32(knob.encode())]).random_sample(count)
    if not isinstance(given, Mapping):
        return [given[int(u * len(given))] for u in chance]
    low, high = given["low"], given["high"]
    if whole:
        low, high = math.ceil(low), math.floor(high)
    end = high + 1 if whole else high
    if given.get("log"):
        found = [low * (end / low) ** float(u) for u in chance]
    else:
        found = [low + float(u) * (end - low) for u in chance]
    if whole:
        return [min(high, math.floor(v)) for v in found]
    return [min(high, max(low, float(f"{v:.{DIGITS}g}"))) for v in found]


def turned(base: Recipe, point: Mapping[str, Any]) -> Recipe:
    """The recipe with some knobs turned, by their names as in a sweep.

    Raises:
        ValueError: a name is unknown, or a value out of its range.
    """
    changes: dict[str, Any] = {}
    for knob, value in point.items():
        name, dot, inner = knob.partition(".")
        if dot:
            check.choice(TABLES, **{f"table of the knob {knob!r}": name})
            table = changes.get(name, getattr(base, name))
            if not isinstance(table, Mapping):
                raise ValueError(f"{name} must be a table for the knob {knob!r}, got {table!r}")
            value, knob = {**table, inner: value}, name
        changes[knob] = value
    method = changes.get("method")
    if isinstance(method, str) and "type" not in changes:
        changes["type"] = methods.kind(method).type
    return base.replace(**changes)


def counts(base: Recipe, knob: str) -> bool:
    """Whether a knob takes whole numbers."""
    name, dot, inner = knob.partition(".")
    if not dot:
        kinds = {f.name: f.type for f in dataclasses.fields(Recipe)}
        return kinds.get(name, "").startswith("int")
    if name not in ("method_knobs", "algorithm_knobs"):
        return False
    method, dot, own = inner.rpartition(".")
    if name == "algorithm_knobs":
        kind = type(base.build_algorithm())
    else:
        kind = methods.kind(method) if dot else type(base.build_method())
    return isinstance({f.name: f.default for f in dataclasses.fields(kind)}.get(own), int)
