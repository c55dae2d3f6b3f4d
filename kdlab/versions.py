"""Versions of data and of soft labels: what a set is called by its content, and what changed between two of them.

A name such as "final-2" says nothing once somebody has edited the file. A hash of the content does: it is the same on
every machine, and another as soon as one pixel, one label or the order of the rows is another.

:mod:`kdlab.keep` keeps answers for the machine that asked, so that its keys also hold torch's version and the
processor. Soft labels that are handed on are named by what they mean: these weights, these inputs, this temperature.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from kdlab import check, registry
from kdlab.data import Dataset
from kdlab.splits import Split

__all__ = [
    "Changes",
    "SoftLabels",
    "difference",
    "fingerprint",
    "load_soft_labels",
    "row_hashes",
    "save_soft_labels",
]

DIGITS = 12  # hexadecimal, of a fingerprint: 48 bits, enough for millions of versions
KEYS = ("inputs", "teacher", "temperature")


def row_hashes(x: Tensor) -> list[str]:
    """A hash of each row's content, 64 hexadecimal digits; equal rows have equal ones, wherever they stand.

    Args:
        x: inputs, (N, …).
    """
    rows = x.detach().cpu().contiguous().numpy()
    head = repr((str(rows.dtype), rows.shape[1:])).encode()
    return [hashlib.sha256(head + row.tobytes()).hexdigest() for row in rows]


def fingerprint(thing: Tensor | Split | Dataset | nn.Module) -> str:
    """The name of a version, made from the content: 12 hexadecimal digits.

    Args:
        thing: inputs (N, …); a split, whose labels and labelled share count too; a data set, with all its splits and
            the names of its classes; or a network: its weights and buffers. The order of rows counts.

    Raises:
        TypeError: it is none of these.
    """
    digest = hashlib.sha256()
    for part in _parts(thing):
        digest.update(part if isinstance(part, bytes) else "".join(row_hashes(part)).encode())
        digest.update(b"|")
    return digest.hexdigest()[:DIGITS]


def _parts(thing: Tensor | Split | Dataset | nn.Module) -> list[Tensor | bytes]:
    if isinstance(thing, Tensor):
        return [thing]
    if isinstance(thing, Split):
        return [thing.x, thing.y, thing.labelled]
    if isinstance(thing, Dataset):
        splits = [part for split in (thing.train, thing.validation, thing.test) for part in _parts(split)]
        return [*splits, repr(thing.classes).encode()]
    if isinstance(thing, nn.Module):
        return [p for name, held in thing.state_dict().items() for p in (name.encode(), held.reshape(1, -1))]
    raise TypeError(f"thing must be a tensor, a split, a data set or a network, got {type(thing).__name__}")


class Changes(NamedTuple):
    """What is different between two versions, by content; places count from 0.

    Attributes:
        added: places in the new version, of rows that the old one lacks.
        removed: places in the old version, of rows that the new one lacks.
        relabelled: (place in the old, place in the new) of rows with another label.
        same: how many rows are as they were, wherever they stand now.
    """

    added: list[int]
    removed: list[int]
    relabelled: list[tuple[int, int]]
    same: int

    def __repr__(self) -> str:
        counts = ("added", self.added), ("removed", self.removed), ("relabelled", self.relabelled)
        return ", ".join([*(f"{len(rows):,} {what}" for what, rows in counts), f"{self.same:,} as they were"])


def difference(old: Split, new: Split) -> Changes:
    """Compare two versions row by row, by the content of the inputs: another order is no difference.

    Of rows that occur several times, those with equal labels are matched first.

    Args:
        old, new: splits, such as ``data.train``.
    """
    waiting: dict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(row_hashes(old.x)):
        waiting[key].append(place)
    rest, relabelled, added, same = [], [], [], 0
    for place, key in enumerate(row_hashes(new.x)):
        found = next((o for o in waiting[key] if old.y[o] == new.y[place]), None)
        if found is None:
            rest.append((place, key))
        else:
            waiting[key].remove(found)
            same += 1
    for place, key in rest:
        if waiting[key]:
            relabelled.append((waiting[key].pop(0), place))
        else:
            added.append(place)
    return Changes(added, sorted(place for places in waiting.values() for place in places), relabelled, same)


class SoftLabels(NamedTuple):
    """Soft labels and what they are from: ``probabilities`` (N, classes) at ``temperature``, and two fingerprints."""

    probabilities: Tensor
    temperature: float
    inputs: str
    teacher: str

    @property
    def version(self) -> str:
        """One name for teacher, inputs and temperature, 12 hexadecimal digits."""
        return hashlib.sha256(repr((self.inputs, self.teacher, self.temperature)).encode()).hexdigest()[:DIGITS]


def save_soft_labels(
    path: str | PathLike, logits: Tensor, *, inputs: Tensor, teacher: nn.Module, temperature: float
) -> SoftLabels:
    """Write a teacher's answers, softened, with what they are from; whole or not at all.

    Args:
        path: of a safetensors file.
        logits: what the teacher says, (N, classes).
        inputs: what it was asked, (N, …), in this order.
        teacher: the network that answered.
        temperature: T, above 0.

    Raises:
        ValueError: the counts of rows differ, a logit is not finite, or T is not above 0.
    """
    check.positive(temperature=temperature)
    check.shape(2, "(samples, classes)", logits=logits)
    check.same_batch(inputs=inputs, logits=logits)
    check.finite(logits=logits)
    soft = (logits.detach() / temperature).softmax(1).contiguous()
    made = SoftLabels(soft, float(temperature), fingerprint(inputs), fingerprint(teacher))
    registry.write(Path(path), save({"probabilities": soft}, {key: str(getattr(made, key)) for key in KEYS}))
    return made


def load_soft_labels(
    path: str | PathLike, *, inputs: Tensor, teacher: nn.Module, temperature: float | None = None
) -> SoftLabels:
    """Read soft labels, if they are from these inputs, this teacher and this temperature.

    Args:
        path: of the file.
        inputs: the rows that the answers are to be used for, (N, …), in this order.
        teacher: the network whose answers they must be.
        temperature: T that they must be softened at; None: whatever it is.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: they are from other inputs, another teacher or another T, or the file holds no soft labels.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"path must name a file of soft labels, got {str(path)!r}, which is not there")
    try:
        with safe_open(str(path), "pt") as file:
            told, soft = file.metadata() or {}, file.get_tensor("probabilities")
        made = SoftLabels(soft, float(told["temperature"]), told["inputs"], told["teacher"])
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"path must name a whole file of soft labels, got {str(path)!r} ({error})") from error
    wanted = {"inputs": fingerprint(inputs), "teacher": fingerprint(teacher)}
    for what, name in wanted.items():
        if getattr(made, what) != name:
            raise ValueError(f"{what} must be those of the soft labels, {getattr(made, what)}, got {name}: ask again")
    if temperature is not None and temperature != made.temperature:
        raise ValueError(f"temperature must be that of the soft labels, {made.temperature:g}, got {temperature:g}")
    return made
