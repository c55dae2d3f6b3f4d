"""What a frozen network said, kept in memory or on disk, so that it is asked once: in a run, or for all runs.

Where the environment variable ``KDLAB_CACHE`` names a folder, knowledge is kept there, one file for each set of
answers, and found again by later runs and other processes. Else it is in memory, and in a temporary file, which leaves
no trace, if it is larger than :data:`LARGE`.

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
import json
import math
import mmap
import os
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor, nn

from kdlab.knowledge import Knowledge

VARIABLE = "KDLAB_CACHE"
LARGE = 512 * 2**20  # bytes of answers that are kept in memory at most
BUDGET = 4 * 2**30  # bytes of answers in the folder
CHUNK = 256  # always the same, since the size of a batch changes the last digit of some answers
PROBE = 8  # inputs that are asked again
ROOM = 2**27  # bytes of a file that may come into memory as its rows are read
ABANDONED = 86_400  # seconds after which a file that nobody finished is removed
NAME = re.compile(r"[0-9a-f]{64}\.safetensors(\.[^.]+\.part)?")
TYPES = {"F64": torch.float64, "I64": torch.int64, "F32": torch.float32, "I32": torch.int32, "F16": torch.float16} | {
    "BF16": torch.bfloat16, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool
}  # fmt: skip
CODES = {dtype: code for code, dtype in TYPES.items()}
Ask = Callable[[Tensor], Knowledge]
_remarked: set[Path | str] = set()


class OnDisk(Knowledge):
    """Knowledge whose tensors are views of a file; of a large file no more is read than the rows asked for."""

    handle: _Handle
    begin: dict[str, int]  # feature -> its place in the file

    def at(self, index: Tensor) -> Knowledge:
        """The rows ``index`` (int64, any length) of everything, in memory."""
        if self.handle.size <= ROOM or not hasattr(os, "preadv"):
            return super().at(index)
        rows, features = index.tolist(), {}
        logits = self.logits.index_select(0, index)  # which raises IndexError where there is no such row
        for name, feature in self.features.items():
            found = features[name] = torch.empty(len(rows), *feature.shape[1:], dtype=feature.dtype)
            buffer, size = memoryview(_bytes(found)), found[:1].nbytes
            for place, row in enumerate(rows):
                # to read is not to map: a system maps megabytes around each row that is looked at
                os.preadv(self.handle.fd, [buffer[place * size :][:size]], self.begin[name] + row * size)
        return Knowledge(logits, features)

    def __reduce__(self) -> tuple:
        return Knowledge, (self.logits, self.features)  # what is copied or sent elsewhere lies in memory


class _Handle:
    """A file that stays open for as long as somebody reads it."""

    def __init__(self, file: BinaryIO):
        self.fd, self.size = os.dup(file.fileno()), os.fstat(file.fileno()).st_size

    def __copy__(self) -> _Handle:
        return self  # a second owner of the number would close it under the first

    def __deepcopy__(self, memo: object) -> _Handle:
        return self

    def __reduce__(self) -> str:
        raise TypeError("an open file cannot be pickled")

    def __del__(self) -> None:
        with suppress(OSError):
            os.close(self.fd)


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
    chunks, named = x.split(CHUNK), os.environ.get(VARIABLE)
    if named:
        folder, name = Path(os.path.expanduser(named)), key(net, x, taps)
        found = _read(folder / f"{name}.safetensors", name, probe)
        try:
            # none: another process removed it as soon as it was written
            found = found or _entry(folder, name, len(x), map(ask, chunks), probe)
        except OSError as error:
            _remark(VARIABLE, folder, error)
        if found is not None:
            return found
    first = ask(chunks[0])
    large = sum(tensor.nbytes for tensor in tensors(first).values()) / len(chunks[0]) * len(x) > LARGE
    if large:
        try:
            with tempfile.TemporaryFile() as file:
                return _mapped(file, _write(file, len(x), chain([first], map(ask, chunks[1:])), {}, ""))[0]
        except OSError as error:
            _remark("TMPDIR", tempfile.tempdir or "", error)
    return _joined([first, *map(ask, chunks[1:])])


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
            digest.update(_bytes(part))
    return digest.hexdigest()


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


def alike(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    """Whether two sets of tensors are the same to the bit, NaN included."""
    return a.keys() == b.keys() and all(
        a[k].dtype == t.dtype and a[k].shape == t.shape and (_bytes(a[k]) == _bytes(t)).all() for k, t in b.items()
    )


def tensors(said: Knowledge, prefix: str = "") -> dict[str, Tensor]:
    """Name in a file -> tensor."""
    features = {f"{prefix}features/{name}": f for name, f in said.features.items()}
    return {f"{prefix}logits": said.logits} | features


def _entry(folder: Path, name: str, n: int, chunks: Iterator[Knowledge], probe: Knowledge) -> OnDisk | None:
    """Write an entry of the folder and read it; None: somebody removed it meanwhile, or keeps another in its place."""
    path, part = folder / f"{name}.safetensors", None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f"{path.name}.", suffix=".part", delete=False) as file:
            part = Path(file.name)
            _write(file, n, chunks, tensors(probe, "probe/"), name)
            os.fsync(file.fileno())
        with suppress(PermissionError):  # Windows keeps a file that somebody reads, which may tell the same
            part.replace(path)  # closed and not yet mapped: neither is moved on Windows
        found = _read(path, name, probe)
        with suppress(OSError):
            _tidy(folder, path)
    finally:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return found


def _write(file: BinaryIO, n: int, chunks: Iterator[Knowledge], probe: Mapping[str, Tensor], name: str) -> dict:
    """Answers on ``n`` inputs into a file, chunk by chunk; returns its header."""
    first = next(chunks)
    rows = tensors(first)
    shapes = {k: [n, *t.shape[1:]] for k, t in rows.items()} | {k: list(t.shape) for k, t in probe.items()}
    dtypes = {k: t.dtype for k, t in (rows | dict(probe)).items()}
    header: dict[str, dict] = {"__metadata__": {"kept": name}}
    end = 0
    for k in sorted(shapes, key=lambda k: (-dtypes[k].itemsize, k)):  # the widest first, so that all are aligned
        start, end = end, end + math.prod(shapes[k]) * dtypes[k].itemsize
        header[k] = {"dtype": CODES[dtypes[k]], "shape": shapes[k], "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    file.write(len(text).to_bytes(8, "little") + text)
    place = {k: 8 + len(text) + header[k]["data_offsets"][0] for k in shapes}
    for part in chain([probe, rows], map(tensors, chunks)):
        for k, tensor in part.items():
            file.seek(place[k])
            place[k] += file.write(_bytes(tensor))
    file.flush()
    return header


def _read(path: Path, name: str, probe: Knowledge) -> OnDisk | None:
    """What an entry holds, or None: it is not there, not whole, not ours, or does not tell what is said today."""
    try:
        with path.open("rb") as file:
            size, length = os.fstat(file.fileno()).st_size, int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length < size else {}
            end = max(entry["data_offsets"][1] for k, entry in header.items() if k != "__metadata__")
            if header["__metadata__"] != {"kept": name} or size != 8 + length + end:
                return None
            found, held = _mapped(file, header)
            first = {k: tensor for k, tensor in held.items() if k.startswith("probe/")}
            if not alike(first, tensors(probe, "probe/")):
                return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    with suppress(OSError):
        os.utime(path)  # it has been used
    return found


def _mapped(file: BinaryIO, header: Mapping[str, dict]) -> tuple[OnDisk, dict[str, Tensor]]:
    """Knowledge in a file, and all its tensors by name; none is read yet, and what is written into one stays here."""
    mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    begin = 8 + int.from_bytes(mapping[:8], "little")
    held = {}
    for k, entry in header.items():
        if k != "__metadata__":
            count, offset = math.prod(entry["shape"]), begin + entry["data_offsets"][0]
            flat = torch.frombuffer(mapping, dtype=TYPES[entry["dtype"]], count=count, offset=offset)
            held[k] = flat.reshape(entry["shape"])
    own = {k.removeprefix("features/"): tensor for k, tensor in held.items() if k.startswith("features/")}
    found = OnDisk(held["logits"], own)
    found.handle = _Handle(file)
    found.begin = {name: begin + header[f"features/{name}"]["data_offsets"][0] for name in own}
    return found, held


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


def _bytes(tensor: Tensor) -> np.ndarray:
    """The bytes of a tensor, row by row, without a copy where they lie so."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()


def _remark(variable: str, folder: Path | str, error: OSError) -> None:
    """Say once of a folder that it cannot be used."""
    if folder not in _remarked:
        _remarked.add(folder)
        said = f"{variable} must name a folder that can be written to and has room, got {str(folder)!r} ({error})"
        warnings.warn(f"{said}: what networks answer stays in memory", stacklevel=3)
