"""A learner's working copy of the notebooks, and JupyterLab opened on it.

The notebooks that ship stay as they are; what a learner runs and edits is a copy under ``workspace/``. A copy that was
changed is never written again, so an update cannot eat anybody's work. A copy that was not changed follows the shipped
one. The difference is told by hashes, kept in ``workspace/.kdlab/copied.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["command", "lab", "refresh", "shipped_notebooks"]

START = "notebooks/00-start-here.ipynb"
_NOT_COPIED = {"build.py", "pages.py", "source", "book"}  # for those who write notebooks, not for those who learn


def shipped_notebooks() -> Path:
    """The folder of the notebooks that ship: inside an installed package, or beside it in a checkout.

    Raises:
        FileNotFoundError: neither folder is there.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_notebooks", package.parent / "notebooks"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"no notebooks found: neither {package / '_notebooks'} nor {package.parent / 'notebooks'} is a folder"
    )


def refresh(shipped: Path, workspace: Path) -> list[str]:
    """Brings ``workspace/notebooks`` up to date with ``shipped``; what the learner changed stays as it is.

    A file that is missing is copied; one that nobody changed is renewed; a changed one is left alone, and named in the
    report where the shipped one changed too. Files only the learner has are not touched.

    Args:
        shipped: folder of the notebooks that ship.
        workspace: folder of the working copy; made where it is missing.

    Returns:
        Lines that say what was done; empty where there was nothing to do.
    """
    record = workspace / ".kdlab" / "copied.json"
    copied: dict[str, str] = json.loads(record.read_text("utf-8")) if record.exists() else {}
    new, renewed, kept = [], [], []
    for source in _files(shipped):
        name = source.relative_to(shipped).as_posix()
        target = workspace / "notebooks" / name
        content = source.read_bytes()
        wanted = _digest(content)
        present = _digest(target.read_bytes()) if target.exists() else None
        if present not in (None, wanted, copied.get(name)):  # the learner's own work
            if copied.get(name) != wanted:
                kept.append(name)
            continue
        if present != wanted:
            _write(target, content)
            (new if present is None else renewed).append(name)
        copied[name] = wanted
    _write(record, json.dumps(copied, indent=1, sort_keys=True).encode())
    folder = _shown(workspace / "notebooks")
    lines = [f"Copied {_count(new)} to {folder}."] if new else []
    lines += [f"Renewed {_count(renewed)} that you had not changed: {', '.join(renewed)}."] if renewed else []
    lines += [
        f"Kept your {folder}/{name}: there is a newer one; rename or delete yours, then start again, to get it."
        for name in kept
    ]
    return lines


def command(workspace: Path, args: list[str]) -> tuple[list[str], dict[str, str]]:
    """The command that starts JupyterLab on a working copy, and its environment.

    It listens on this computer alone (127.0.0.1), asks for its token, and opens the first notebook. Each of these gives
    way to an argument that says otherwise.

    Args:
        workspace: folder of the working copy: JupyterLab's root.
        args: further arguments of ``jupyter lab``, such as ``--no-browser`` or ``--port=8899``.

    Returns:
        The command as a list, and the environment variables to start it with.
    """
    given = {arg.partition("=")[0] for arg in args}
    # JupyterLab refuses an option that comes twice, under whatever name.
    defaults = {
        ("--ServerApp.root_dir", "--notebook-dir"): str(workspace.resolve()),
        ("--ServerApp.ip", "--ip"): "127.0.0.1",
        # the address and what goes wrong, no more
        ("--Application.log_level", "--ServerApp.log_level", "--log-level", "--debug"): "WARN",
        ("--LabApp.default_url", "--ServerApp.default_url"): f"/lab/tree/{START}",
    }
    options = [f"{names[0]}={value}" for names, value in defaults.items() if not given.intersection(names)]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--allow-root" not in given:
        options.append("--allow-root")  # a container's usual user: JupyterLab would only refuse to start
    # JupyterLab first asks whether to fetch news: a question that would cover the first screen, and a call to the net.
    page = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    config = workspace.resolve() / ".kdlab" / "jupyter"
    _write(config / "labconfig" / "page_config.json", json.dumps(page).encode())
    # The map and the glossary are read, not edited.
    viewers = {"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}}}
    _write(config / "labconfig" / "default_setting_overrides.json", json.dumps(viewers).encode())
    paths = [str(config), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_PATH": os.pathsep.join(paths),
        "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's kernel, not one of the same name installed for the user
    }
    return [sys.executable, "-m", "jupyterlab", *options, *args], environment


def lab(args: list[str]) -> int:
    """Brings the working copy in the current folder up to date and opens JupyterLab on it, until that ends.

    Args:
        args: further arguments of ``jupyter lab``.

    Returns:
        JupyterLab's exit code, where the system cannot replace this process by it (Windows).
    """
    workspace = Path("workspace")
    for line in refresh(shipped_notebooks(), workspace):
        print(line)
    print(f"Opening JupyterLab on {_shown(workspace / START)}; Ctrl-C here ends it.", flush=True)
    argv, environment = command(workspace, args)
    if os.name == "nt":  # there, exec would give the prompt back while JupyterLab runs on
        return subprocess.call(argv, env=environment)
    os.execve(argv[0], argv, environment)


def _files(folder: Path) -> Iterator[Path]:
    """The files below ``folder`` to copy, in a fixed order: not hidden ones, caches, or the notebooks' builder."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        unwanted = any(part.startswith((".", "__")) or part in _NOT_COPIED for part in parts)
        if path.is_file() and not unwanted:
            yield path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Writes through a temporary file and a rename: a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _count(names: list[str]) -> str:
    return f"{len(names)} file" + ("s" if len(names) > 1 else "")


def _shown(path: Path) -> str:
    """The path as one would type it here: relative where it lies below the current folder."""
    path = path.resolve()
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else str(path)
