"""Layer features: maps of teacher and student, what the loss compares, and CKA of the layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from ... import plots
from ..view import View
from . import pack

__all__ = ["Features", "Group", "groups_of"]

SHOWN = 16  # tiles of one group; a note says how many channels there are


class Group(NamedTuple):
    """What is drawn together, on one scale.

    ``values``: channel maps (channels, height, width), one map (height, width), or the units of a vector (units,).
    ``who``: "teacher", "student", "regressor" or "difference". ``part``: "maps", "loss" for what the loss compares, or
    "units" for a vector's units: values of shape (1 + classes, units), the sample's own above each class's mean.
    """

    name: str
    title: str
    who: str
    values: ArrayLike
    part: str = "maps"


def groups_of(layer: str, who: str, values: ArrayLike, part: str = "maps", title: str | None = None) -> list[Group]:
    """The groups of one layer: attention (mean of squares over channels) and channels; or the units of a vector.

    Args:
        layer: its name, for the title.
        who: "teacher", "student", "regressor" or "difference".
        values: one sample's features, shape (channels, height, width) or (units,).
        part: "maps" or "loss"; the attention map belongs to "maps" alone.
        title: instead of the layer's name.
    """
    array = np.asarray(values, np.float64)
    shown = title or f"{who} · {layer}"
    if array.ndim == 1:
        return [Group(f"{part}-{who}", shown, who, array, part)]
    attention = [Group(f"attention-{who}", "attention", who, (array**2).mean(0), part)] if part == "maps" else []
    return [*attention, Group(f"{part}-{who}", shown, who, array, part)]


class Features(View, source=("matcher.js", "feature_parts.js", "features.js")):
    """Feature maps of both networks for one sample and one pair of layers, and which layers are joined.

    ``groups`` and ``data`` belong together and are set by :meth:`show`; the browser writes ``sample`` and ``tap`` back.
    A layer is ``{"name", "shape", "reason"}``: one with a reason cannot be compared. A link is ``{"teacher", "student",
    "state"}``: "compared" by the loss now, "next" from the next step on, or "last" until then.
    """

    name = traitlets.Unicode("Layer features").tag(sync=True)
    taps = traitlets.List().tag(sync=True)
    tap = traitlets.Int(0).tag(sync=True)
    sample = traitlets.Int(0).tag(sync=True)
    samples = traitlets.Int(1, help="how many there are to choose from").tag(sync=True)
    label = traitlets.Unicode("", help="class of the sample").tag(sync=True)
    line = traitlets.Unicode("", help="how the sample reads, in the place of a picture").tag(sync=True)
    image = traitlets.Bytes(b"", help="uint8, height × width").tag(sync=True)
    height = traitlets.Int(0).tag(sync=True)
    width = traitlets.Int(0).tag(sync=True)
    groups = traitlets.List(traitlets.Dict()).tag(sync=True)
    data = traitlets.Bytes(b"").tag(sync=True)
    cka = traitlets.Dict().tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    source = traitlets.Unicode("teacher", help="who teaches").tag(sync=True)
    teacher_layers = traitlets.List(traitlets.Dict()).tag(sync=True)
    student_layers = traitlets.List(traitlets.Dict()).tag(sync=True)
    links = traitlets.List(traitlets.Dict()).tag(sync=True)
    refusal = traitlets.Unicode("", help="why no link can be drawn at all").tag(sync=True)
    refused = traitlets.Unicode("", help="why the last one was not").tag(sync=True)

    def on_command(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back with ``{"command": "link" | "drop", "teacher": layer, "student": layer}``."""
        self.on_msg(lambda _, content, __: callback(content) if content.get("command") in ("link", "drop") else None)

    def show(
        self,
        groups: Sequence[Group],
        *,
        image: ArrayLike | None = None,
        label: str | None = None,
        cka: Mapping[str, Any] | None = None,
        note: str | None = None,
    ) -> None:
        """Show these groups; what is None stays as it is.

        Teacher's and regressor's groups of the part "loss" share one scale, so that they can be compared by eye.

        Args:
            groups: see :class:`Group` and :func:`groups_of`.
            image: the sample, uint8 of shape (height, width).
            label: name of its class.
            cka: ``{"rows", "columns", "values", "reference"}``.
            note: a line beneath.
        """
        with self.hold_sync(), self.hold_trait_notifications():
            self.groups, self.data = _packed(groups)
            if image is not None:
                pixels = np.ascontiguousarray(image, np.uint8)
                self.height, self.width = pixels.shape
                self.image = pixels.tobytes()
            if label is not None:
                self.label = label
            if cka is not None:
                self.cka = dict(cka)
            if note is not None:
                self.note = note

    def values(self, group: Mapping[str, Any]) -> NDArray[np.float64]:
        """A group's values as drawn, shape (tiles, rows, cols)."""
        count = group["tiles"] * group["rows"] * group["cols"]
        flat = pack.unscaled(self.data[group["offset"] : group["offset"] + count], group["low"], group["high"])
        if group["who"] == "difference":  # 128 is 0
            codes = np.frombuffer(self.data, np.uint8, count, group["offset"]).astype(np.float64)
            flat = (codes - 128) / 127 * group["high"]
        return flat.reshape(group["tiles"], group["rows"], group["cols"])

    def picture(self) -> bytes:
        """Sample, maps and CKA grid as PNG."""
        if not self.groups:
            return plots.png(plots.empty(plots.figure(7.8, 4.4), "no layer features yet"))
        image = np.frombuffer(self.image, np.uint8).reshape(self.height, self.width) if self.image else np.zeros((1, 1))
        groups = [{**g, "values": self.values(g), "names": self.classes} for g in self.groups]
        return plots.png(plots.features(image, groups, self.cka))

    def sentence(self) -> str:
        """Which layers are shown, and how alike they are."""
        if not self.taps or not 0 <= self.tap < len(self.taps):
            return "No layer features yet."
        teacher, student = self.taps[self.tap]
        what = f"Sample {max(0, self.sample) + 1}{f' ({self.label})' if self.label else ''}"
        beside = f"the teacher's {teacher} beside " if teacher else ""
        text = f"{what}: {beside}the student's {student}"
        if teacher in self.cka.get("rows", ()) and student in self.cka.get("columns", ()):
            i, j = self.cka["rows"].index(teacher), self.cka["columns"].index(student)
            text += f"; CKA of the two {self.cka['values'][i][j]:.2f}"
            if self.cka.get("reference"):
                text += f", of an untrained student {self.cka['reference'][i][j]:.2f}"
        compared = [f"{one['teacher']} with {one['student']}" for one in self.links if one["state"] == "compared"]
        return f"{text}; the loss compares {', '.join(compared)}." if compared else f"{text}."


def _packed(groups: Sequence[Group]) -> tuple[list[dict[str, Any]], bytes]:
    """Group descriptions for the browser, and their values one after another as uint8."""
    arrays = [np.asarray(g.values, np.float64) for g in groups]
    compared = [a for g, a in zip(groups, arrays, strict=True) if g.part == "loss" and g.who != "difference"]
    packed, parts, offset = [], [], 0
    for group, array in zip(groups, arrays, strict=True):
        total = array.shape[-1] if group.part == "units" else len(array)
        maps = {1: lambda a: a[None, None, :], 2: lambda a: a[None], 3: lambda a: a[:SHOWN]}[array.ndim](array)
        if group.who == "difference":
            high = float(np.abs(array).max()) or 1.0
            low, data = -high, pack.symmetric(maps, high)
        else:
            scale = compared if group.part == "loss" else [array]
            low, high = float(min(a.min() for a in scale)), float(max(a.max() for a in scale))
            high = high if high > low else low + 1.0  # a dead layer is one colour, not an error
            data = pack.scaled(maps, low, high)
        tiles, rows, cols = maps.shape
        kind = "units" if group.part == "units" else {1: "bars", 2: "matrix", 3: "tiles"}[array.ndim]
        packed.append({
            "name": group.name, "title": group.title, "who": group.who, "part": group.part, "kind": kind,
            "tiles": tiles, "rows": rows, "cols": cols, "total": total, "low": low, "high": high, "offset": offset,
        })  # fmt: skip
        parts.append(data)
        offset += len(data)
    return packed, b"".join(parts)
