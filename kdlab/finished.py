"""Finished trainings on disk: one JSON line each, written as it ends; and what a training's result hangs on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from kdlab import registry, texts
from kdlab.recipe import Recipe
from kdlab.taught import WEIGHTS

Entry = dict[str, Any]


def identity(recipe: Recipe) -> Entry:
    """What a training's result hangs on: its recipe, the files it reads (start of their sha256), torch's version."""
    listed = registry.entries()
    teachers = [recipe.teacher] if isinstance(recipe.teacher, str) else recipe.teacher or ()
    read = [*texts.FILES.get(recipe.data, (f"{recipe.data}.npz",)), *(f"{name}.safetensors" for name in teachers)]
    files = {file: listed[file][:12] for file in read if file in listed}
    for run in (*teachers, recipe.init):
        weights = Path(run) / WEIGHTS
        if weights.is_file():
            files[str(weights)] = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    return {"recipe": recipe.to_dict(), "files": files, "torch": torch.__version__.partition("+")[0]}


def key(entry: Mapping[str, Any]) -> str:
    """The :func:`identity` within an entry as text: equal for trainings that must give the same result."""
    parts = {name: entry.get(name) for name in ("files", "torch", "own")}
    parts["recipe"] = entry["recipe"]
    with suppress(ValueError, TypeError):  # a knob that is no more: equal to no training of today
        parts["recipe"] = Recipe.from_dict(entry["recipe"]).to_dict()  # as it would be written today
    return json.dumps(_numbers(parts), sort_keys=True)


def _numbers(value: Any) -> Any:
    """The same with every number a float: 2 and 2.0 are one temperature."""
    if isinstance(value, Mapping):
        return {name: _numbers(v) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numbers(v) for v in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def read(path: Path) -> list[Entry]:
    """All entries, in the order in which they were written, but for a last line that was cut off.

    Raises:
        ValueError: another line is no entry.
    """
    lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):  # the last one; the file stays as it is, since somebody may be writing it
            break
        try:
            entry = json.loads(line)
            if not isinstance(entry["recipe"], dict):
                raise TypeError
        except (ValueError, TypeError, KeyError):
            text = line.decode(errors="replace")[:60]
            raise ValueError(f"{path} line {number} must be a finished training, got {text!r}") from None
        found.append(entry)
    return found


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Write one entry behind the others, and in place of a last line that was cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        if file.read() not in (b"", b"\n"):
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(entry).encode() + b"\n")


def rewrite(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write these entries in place of all, whole or not at all."""
    registry.write(path, "".join(json.dumps(entry) + "\n" for entry in entries).encode())


@contextmanager
def sole(path: Path | None) -> Iterator[None]:
    """Nobody else writes such a file into its folder meanwhile; where a system knows no such locks, nobody is stopped.

    Args:
        path: the file; its folder is made. None: nothing is written, so that there is nothing to lock.

    Raises:
        BlockingIOError: somebody else does.
    """
    if path is None or fcntl is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)  # the lock goes with the process, however that ends
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(
                f"{path.parent} must have one writer, got a second one while the first works"
            ) from None
        except OSError:
            pass  # some file systems of a network have no locks
        yield
    finally:
        os.close(folder)
