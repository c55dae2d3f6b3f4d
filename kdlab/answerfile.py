"""A file of answers, in the form of safetensors: written chunk by chunk, read by its rows."""

from __future__ import annotations

import json
import math
import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from kdlab.knowledge import Knowledge

ROOM = 2**27  # bytes of a file that may come into memory as its rows are read
TYPES = {"F64": torch.float64, "I64": torch.int64, "F32": torch.float32, "I32": torch.int32, "F16": torch.float16} | {
    "BF16": torch.bfloat16, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool
}  # fmt: skip
CODES = {dtype: code for code, dtype in TYPES.items()}


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
            buffer, size = memoryview(raw(found)), found[:1].nbytes
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


def alike(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    """Whether two sets of tensors are the same to the bit, NaN included."""
    return a.keys() == b.keys() and all(
        a[k].dtype == t.dtype and a[k].shape == t.shape and (raw(a[k]) == raw(t)).all() for k, t in b.items()
    )


def tensors(said: Knowledge, prefix: str = "") -> dict[str, Tensor]:
    """Name in a file -> tensor."""
    features = {f"{prefix}features/{name}": f for name, f in said.features.items()}
    return {f"{prefix}logits": said.logits} | features


def write(file: BinaryIO, n: int, chunks: Iterator[Knowledge], probe: Mapping[str, Tensor], name: str) -> dict:
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
            place[k] += file.write(raw(tensor))
    file.flush()
    return header


def read(path: Path, name: str, probe: Knowledge) -> OnDisk | None:
    """What an entry holds, or None: it is not there, not whole, not ours, or does not tell what is said today."""
    try:
        with path.open("rb") as file:
            size, length = os.fstat(file.fileno()).st_size, int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length)) if length < size else {}
            end = max(entry["data_offsets"][1] for k, entry in header.items() if k != "__metadata__")
            if header["__metadata__"] != {"kept": name} or size != 8 + length + end:
                return None
            found, held = mapped(file, header)
            first = {k: tensor for k, tensor in held.items() if k.startswith("probe/")}
            if not alike(first, tensors(probe, "probe/")):
                return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    with suppress(OSError):
        os.utime(path)  # it has been used
    return found


def mapped(file: BinaryIO, header: Mapping[str, dict]) -> tuple[OnDisk, dict[str, Tensor]]:
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


def raw(tensor: Tensor) -> np.ndarray:
    """The bytes of a tensor, row by row, without a copy where they lie so."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
