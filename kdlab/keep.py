"""What a frozen network said, kept in memory or on disk, so that it is asked once: in a run, or for all runs.

What takes longer than :data:`WORTH` to ask is kept in the user's folder for caches, one file for each set of answers,
and found again by later runs and other processes. The environment variable ``KDLAB_CACHE`` names another folder, for
all answers; if it is empty, or the folder cannot be written to, they are in memory, and in a temporary file, which
leaves no trace, if they are larger than :data:`LARGE`.

A file is named by a hash of all that determines the answers: the network's type, text and weights; the bytes of its
inputs, as it sees them; the layers; torch, its threads and the processor's instructions. What no hash can see, such as
the code of a ``forward`` that was rewritten, is found by asking: each file holds the answers on a few inputs, which are
compared to the bit before it is used. What is stale, cut off or of other origin is asked anew.

A file is written whole or not at all, and by any number of processes at once; it is read by its rows. It is in the form
of safetensors. The folder has room for :data:`BUDGET` bytes of answers: those that were used longest ago leave, and
files of other names are never touched. The newest entry stays, however large it is.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor, nn

from kdlab.answerfile import OnDisk, mapped, raw, read, tensors, write
from kdlab.knowledge import Knowledge

VARIABLE = "KDLAB_CACHE"
LARGE = 512 * 2**20  # bytes of answers that are kept in memory at most
WORTH = 0.1  # seconds of asking that are worth a file: to find and map one takes 2 to 40 ms, to write it 5 ms more
BUDGET = 4 * 2**30  # bytes of answers in the folder
CHUNK = 256  # always the same, since the size of a batch changes the last digit of some answers
PROBE = 8  # inputs that are asked again
ABANDONED = 86_400  # seconds after which a file that nobody finished is removed
NAME = re.compile(r"[0-9a-f]{64}\.safetensors(\.[^.]+\.part)?")
Ask = Callable[[Tensor], Knowledge]
_remarked: set[Path | str] = set()


def keep(net: nn.Module, x: Tensor, taps: Iterable[str], ask: Ask, probe: Knowledge) -> Knowledge:
    """What a network says of all inputs, to the bit, asked in chunks of 256 if it is not known yet.

    Args:
        net: the network.
        x: inputs, (N, …), N at least 1.
        taps: layers to keep.
        ask: what the network says of some inputs (batch, …): logits and these layers, detached.
        probe: what it says of those that :func:`probed` picks.

    Returns:
        Knowledge of all N rows; read it, never write into it.
    """
    chunks, folder = x.split(CHUNK), _folder()
    if folder is not None:
        name = key(net, x, taps)
        found = read(folder / f"{name}.safetensors", name, probe)
        if found is not None:
            return found
    began = time.perf_counter()
    first, share = ask(chunks[0]), len(chunks[0]) / len(x)
    costly = (time.perf_counter() - began) / share > WORTH
    large = sum(tensor.nbytes for tensor in tensors(first).values()) / share > LARGE

    def answers() -> Iterator[Knowledge]:
        return chain([first], map(ask, chunks[1:]))

    if folder is not None and (costly or large or os.environ.get(VARIABLE)):
        try:
            found = _entry(folder, name, len(x), answers(), probe)
            if found is not None:  # nobody has removed it as soon as it was written
                return found
        except OSError as error:
            _remark(VARIABLE, folder, error)
    if large:
        try:
            with tempfile.TemporaryFile() as file:
                return mapped(file, write(file, len(x), answers(), {}, ""))[0]
        except OSError as error:
            _remark("TMPDIR", tempfile.tempdir or "", error)
    return _joined(list(answers()))


def key(net: nn.Module, x: Tensor, taps: Iterable[str]) -> str:
    """A hash of what determines a network's answers, 64 hexadecimal digits.

    Args:
        net: its type, text, weights and buffers count, whatever its mode is.
        x: inputs, (N, …).
        taps: layers, in any order.
    """
    digest = hashlib.sha256(repr((described(net), sorted(set(taps)), _form(x))).encode())
    for tensor in [*net.parameters(), *net.buffers(), x]:
        for part in tensor.detach().split(4096) if tensor.ndim else [tensor.detach()]:
            digest.update(raw(part))
    return digest.hexdigest()


def fingerprint(net: nn.Module) -> bytes:
    """A hash of all weights and buffers; their version counters would not do, since fused optimisers do not count."""
    digest = hashlib.blake2b(digest_size=16)
    for tensor in chain(net.parameters(), net.buffers()):
        digest.update(raw(tensor))
    return digest.digest()


def described(net: nn.Module) -> str:
    """What determines a network's answers beside its numbers: its layers' types and text, torch and its processor."""
    threads = torch.get_num_threads()
    kernels = [os.environ.get(name) for name in ("ONEDNN_MAX_CPU_ISA", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS")]
    torch_is = torch.__version__, torch.backends.cpu.get_cpu_capability(), torch.get_float32_matmul_precision()
    kinds = [f"{type(module).__module__}.{type(module).__qualname__}" for module in net.modules()]
    forms = [(name, _form(tensor)) for name, tensor in [*net.named_parameters(), *net.named_buffers()]]
    return repr((torch_is, threads, kernels, kinds, repr(net), forms))


def probed(x: Tensor) -> Tensor:
    """The inputs that are asked again before answers are trusted: :data:`PROBE` at most, spread over all of them."""
    return x[:: math.ceil(len(x) / PROBE)]


def _folder() -> Path | None:
    """Where answers are kept: the folder that is named, else the user's for caches; None: nowhere."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(os.path.expanduser(named)) if named else None
    usual = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": "~/Library/Caches"}
    folder = Path(os.path.expanduser(usual.get(sys.platform, os.environ.get("XDG_CACHE_HOME")) or "~/.cache"), "kdlab")
    return folder if folder.is_absolute() else None  # a user without a home


def _entry(folder: Path, name: str, n: int, chunks: Iterator[Knowledge], probe: Knowledge) -> OnDisk | None:
    """Write an entry of the folder and read it; None: somebody removed it meanwhile, or keeps another in its place."""
    path, part = folder / f"{name}.safetensors", None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f"{path.name}.", suffix=".part", delete=False) as file:
            part = Path(file.name)
            write(file, n, chunks, tensors(probe, "probe/"), name)
            os.fsync(file.fileno())
        with suppress(PermissionError):  # Windows keeps a file that somebody reads, which may tell the same
            part.replace(path)  # closed and not yet mapped: neither is moved on Windows
        found = read(path, name, probe)
        with suppress(OSError):
            _tidy(folder, path)
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return found


def _tidy(folder: Path, newest: Path) -> None:
    """Remove what was used longest ago until the rest has room, and what nobody finished."""
    files = []
    for path in folder.iterdir():
        with suppress(OSError):  # another process tidies too
            if NAME.fullmatch(path.name):
                files.append((path.stat().st_mtime, path.stat().st_size, path))
    room = BUDGET
    for when, size, path in sorted(files, reverse=True, key=lambda found: (found[2] == newest, found[0])):
        abandoned = path.suffix == ".part" and when < time.time() - ABANDONED
        room -= size
        if path != newest and (abandoned or (room < 0 and path.suffix != ".part")):
            with suppress(OSError):  # Windows keeps what somebody reads
                path.unlink()


def _joined(parts: list[Knowledge]) -> Knowledge:
    features = {name: torch.cat([part.features[name] for part in parts]) for name in parts[0].features}
    return Knowledge(torch.cat([part.logits for part in parts]), features)


def _form(tensor: Tensor) -> tuple:
    return tensor.dtype, tuple(tensor.shape), tensor.stride()


def _remark(variable: str, folder: Path | str, error: OSError) -> None:
    """Say once of a folder that it cannot be used."""
    if folder not in _remarked:
        _remarked.add(folder)
        got = f"got {str(folder)!r}" if os.environ.get(variable) else f"since {str(folder)!r} does not"
        said = f"{variable} must name a folder that can be written to and has room, {got} ({error})"
        warnings.warn(f"{said}: what networks answer stays in memory", stacklevel=3)
