"""Any nest of tensors and plain values as one safetensors file, which can be read without running what it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

OUTLINE = "kdlab"  # the file's entry of metadata that says where each tensor belongs


def pack(value: Any) -> bytes:
    """The content of the file.

    Args:
        value: dicts (their keys text or whole numbers), lists and tuples of tensors, numbers, text, True, False, None.

    Raises:
        TypeError: something else is in it; the message says where.
    """
    tensors: dict[str, Tensor] = {}
    names: dict[tuple, str] = {}  # of tensors that share their memory, as a student's weights that two entries hold

    def apart(value: Any, place: str) -> Any:
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, Tensor):
            t = value.detach()
            order = sorted(range(t.ndim), key=t.stride, reverse=True)  # as it lies in memory, which optimisers mind
            storage = (t.untyped_storage().data_ptr(), t.storage_offset(), t.shape, t.stride(), t.dtype)
            if storage not in names:
                names[storage] = f"{len(tensors)} {place}"
                tensors[names[storage]] = t.cpu().permute(order).contiguous().clone()
            return {"tensor": [names[storage], order]}
        if isinstance(value, (list, tuple)):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return {kind: [apart(v, f"{place}/{i}") for i, v in enumerate(value)]}
        if isinstance(value, Mapping) and all(isinstance(k, (str, int)) for k in value):
            return {"dict": [[k, apart(v, f"{place}/{k}")] for k, v in value.items()]}
        raise TypeError(f"value must be made of tensors and plain values, got {type(value).__name__} at {place!r}")

    outline = json.dumps(apart(value, ""))
    return save(tensors, metadata={OUTLINE: outline})


def read(path: Path) -> Any:
    """What was packed into a file.

    Raises:
        ValueError: the file is damaged, or another kind of file.
    """
    try:
        with safe_open(path, framework="pt") as held:
            outline = json.loads((held.metadata() or {})[OUTLINE])
            return _together(outline, held)
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{str(path)!r} must be a checkpoint, and cannot be read as one: {error}") from None


def _together(outline: Any, held: Any) -> Any:
    if not isinstance(outline, dict):
        return outline
    [(kind, inner)] = outline.items()
    if kind == "tensor":
        name, order = inner
        return held.get_tensor(name).permute([order.index(d) for d in range(len(order))])
    if kind == "dict":
        return {k: _together(v, held) for k, v in inner}
    return {"list": list, "tuple": tuple}[kind](_together(v, held) for v in inner)
