"""Data files on disk: where they lie, the sha256 each must have, and how they are written.

``registry.txt`` in the data folder holds one ``name sha256`` line per file; nothing is read that does not match it. A
name may have spaces, and folders as in ``runs/first-look/card.json``.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

from kdlab import check

REGISTRY = "registry.txt"


def data_dir() -> Path:
    """The data folder: ``KDLAB_DATA`` where it is set, else the one inside an installed wheel, else a checkout's."""
    if chosen := os.environ.get("KDLAB_DATA"):
        return Path(chosen).expanduser()
    package = Path(__file__).resolve().parent
    return package / "_data" if (package / "_data").is_dir() else package.parent / "data"


def entries() -> dict[str, str]:
    """What the registry lists: file name -> sha256 in lower-case hexadecimal.

    Raises:
        FileNotFoundError: the data folder has no registry.
        ValueError: a line is not ``name sha256``.
    """
    path = data_dir() / REGISTRY
    if not path.is_file():
        source = "KDLAB_DATA names this folder" if os.environ.get("KDLAB_DATA") else "set KDLAB_DATA to the data folder"
        raise FileNotFoundError(f"no {REGISTRY} in the data folder {path.parent}; {source}")
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        *name, digest = words
        if not name or len(digest) != 64:
            raise ValueError(f"{path} line {number} must be 'name sha256', got {line!r}")
        found[" ".join(name)] = digest.lower()
    return found


def read(name: str) -> bytes:
    """The content of a data file, once its sha256 is found to be the registered one.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: the file is not registered, or its content is another.
    """
    listed = entries()
    check.choice(listed, name=name)
    path = data_dir() / name
    if not path.is_file():
        raise FileNotFoundError(f"data file {path} is missing (sha256 {listed[name]} is expected); {_remedy(name)}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != listed[name]:
        raise ValueError(
            f"data file {path} is corrupt or not the registered one: "
            f"expected sha256 {listed[name]}, found {found}; {_remedy(name)}"
        )
    return content


def _remedy(name: str) -> str:
    script = data_dir() / "build" / f"{_bare(name).replace('-', '_')}.py"
    rebuild = f", or build it again with `python data/build/{script.name}`" if script.is_file() else ""
    path = shlex.quote(f"data/{name}")
    return f"`kdlab data verify` checks all files; fetch it again with `git checkout -- {path}`{rebuild}"


def _bare(file: str) -> str:
    """A file's name without what says how it is packed: ``.npz``, ``.tsv.gz``; for a file of a run, the run's name."""
    if file.startswith("runs/"):
        return file.split("/")[1]
    return Path(file.removesuffix(".gz")).stem


def verify(name: str | None = None) -> list[tuple[str, str]]:
    """Hash registered files afresh.

    Args:
        name: a file, or a data set, model or run by its name; None: every registered file.

    Returns:
        ``(file, "ok")`` or ``(file, what is wrong with it)``, in the order of the registry.

    Raises:
        ValueError: ``name`` is not registered.
    """
    files = list(entries())
    if name is not None:
        check.choice([*files, *map(_bare, files)], name=name)
        files = [file for file in files if name in (file, _bare(file))]
    return [(file, _state(file)) for file in files]


def _state(file: str) -> str:
    try:
        read(file)
    except (OSError, ValueError) as problem:
        return str(problem)
    return "ok"


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: under a temporary name first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def put(name: str, content: bytes) -> str:
    """Write a data file and register its sha256, which is returned; an entry of the same name is replaced."""
    folder = data_dir()
    listed = entries() if (folder / REGISTRY).is_file() else {}
    listed[name] = hashlib.sha256(content).hexdigest()
    write(folder / name, content)
    write(folder / REGISTRY, "".join(f"{file} {digest}\n" for file, digest in sorted(listed.items())).encode())
    return listed[name]
