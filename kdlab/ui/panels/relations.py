"""Relations: how alike the samples of a probe batch are to the teacher, to the student, and where the two differ."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from ... import plots
from ..view import View
from . import pack

__all__ = ["ANGLE", "Relations", "angles"]

ANGLE = "angle"


def angles(distances: NDArray[np.floating], vertex: int) -> NDArray[np.float64]:
    """Angles in degrees between the ways from one sample to any two others, (n, n), by the law of cosines.

    Args:
        distances: between samples, shape (n, n).
        vertex: the sample that is looked from; its own row and column are NaN. A sample at its very place is at right
            angles to all, as in :func:`kdlab.losses.rkd_angle`.
    """
    d = np.asarray(distances, np.float64)
    r = d[vertex]
    product = np.outer(r, r)
    cosine = np.divide(r[:, None] ** 2 + r**2 - d**2, 2 * product, where=product > 0, out=np.zeros_like(d))
    found = np.degrees(np.arccos(cosine.clip(-1, 1)))
    found[vertex] = found[:, vertex] = np.nan
    return found


class Relations(View, source=("angles.js", "relations.js")):
    """Three matrices of a probe batch, sorted by class; the browser computes the difference and reads pairs.

    The matrices and their scale belong together and are set by :meth:`show`; the browser writes ``kind`` and ``vertex``
    back. Angles are worked out from distances, by the browser too, so that they follow the hand from sample to sample.
    """

    name = traitlets.Unicode("Relations").tag(sync=True)
    teacher = traitlets.Bytes(b"", help="uint8, n × n, scaled over low..high; of angles float32 distances").tag(
        sync=True
    )
    student = traitlets.Bytes(b"").tag(sync=True)
    n = traitlets.Int(0).tag(sync=True)
    low = traitlets.Float(0.0).tag(sync=True)
    high = traitlets.Float(1.0).tag(sync=True)
    kind = traitlets.Unicode("cosine", help="asked for").tag(sync=True)
    drawn = traitlets.Unicode("cosine", help="what the bytes are").tag(sync=True)
    kinds = traitlets.List(traitlets.Unicode(), ["cosine", "distance", ANGLE]).tag(sync=True)
    vertex = traitlets.Int(0, help="the sample that angles are seen from").tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    images = traitlets.Bytes(b"", help="uint8 thumbnails, n × height × width").tag(sync=True)
    lines = traitlets.List(traitlets.Unicode(), help="how each sample reads, in the place of a picture").tag(sync=True)
    height = traitlets.Int(0).tag(sync=True)
    width = traitlets.Int(0).tag(sync=True)
    remaining = traitlets.Float(0.0, help="mean absolute difference over pairs of two samples").tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)

    def show(
        self,
        teacher: ArrayLike,
        student: ArrayLike,
        labels: ArrayLike | None = None,
        *,
        images: ArrayLike | None = None,
        classes: list[str] | None = None,
    ) -> None:
        """Show two matrices of the kind that is asked for; what is None stays as it is.

        Args:
            teacher, student: relations, shape (n, n), finite; rows in the order of ``labels``. For angles: distances.
            labels: class of each row, shape (n,), ascending (sort the probe batch once).
            images: uint8, shape (n, height, width), in the same order.
            classes: names of the classes.

        Raises:
            ValueError: the shapes differ, or the labels are not sorted.
        """
        t, s = np.asarray(teacher, np.float64), np.asarray(student, np.float64)
        if t.shape != s.shape or t.ndim != 2 or t.shape[0] != t.shape[1]:
            raise ValueError(f"teacher and student must both have shape (n, n), got {t.shape} and {s.shape}")
        order = np.asarray(self.labels if labels is None else labels)
        if len(order) != len(t) or (np.diff(order) < 0).any():
            raise ValueError(f"labels must be ascending and one per row, got {len(order)} for {len(t)} rows")
        with self.hold_sync(), self.hold_trait_notifications():
            self.n, self.drawn = len(t), self.kind
            if self.kind == ANGLE:
                self.teacher, self.student = (np.ascontiguousarray(d, np.float32).tobytes() for d in (t, s))
            else:
                # round tenths outwards, so that the colours keep their meaning while training moves the values a little
                # (1e-4: a cosine of 1.0000001 is a 1)
                low = math.floor(10 * min(t.min(), s.min()) + 1e-3) / 10
                high = max(math.ceil(10 * max(t.max(), s.max()) - 1e-3) / 10, low + 0.1)
                self.low, self.high = low, high
                self.teacher, self.student = pack.scaled(t, low, high), pack.scaled(s, low, high)
                self.remaining = _apart(t, s)
            self._see()
            self.labels = [int(c) for c in order]
            if images is not None:
                pixels = np.ascontiguousarray(images, np.uint8)
                self.height, self.width = pixels.shape[1:]
                self.images = pixels.tobytes()
            if classes is not None:
                self.classes = list(classes)

    def clear(self) -> None:
        """Show nothing: other samples will follow."""
        with self.hold_sync(), self.hold_trait_notifications():
            self.n = self.height = self.width = self.vertex = 0
            self.teacher = self.student = self.images = b""
            self.lines, self.labels, self.remaining = [], [], 0.0

    @traitlets.observe("vertex")
    def _see(self, _change: Any = None) -> None:
        """What remains between the angles, from the sample that is looked from now."""
        if self.n and self.drawn == ANGLE:
            self.vertex = min(max(0, self.vertex), self.n - 1)
            self.remaining = _apart(self._matrix(self.teacher), self._matrix(self.student))

    def _matrix(self, data: bytes) -> NDArray[np.float64]:
        if self.drawn == ANGLE:
            return angles(np.frombuffer(data, np.float32).reshape(self.n, self.n), self.vertex)
        return pack.unscaled(data, self.low, self.high).reshape(self.n, self.n)

    def picture(self) -> bytes:
        """The three matrices as PNG."""
        if not self.n:
            return plots.png(plots.empty(plots.figure(7.8, 2.9), "no relations yet"))
        return plots.png(
            plots.relations(
                self._matrix(self.teacher), self._matrix(self.student), self.labels, self.classes, kind=self._kind()
            )
        )

    def sentence(self) -> str:
        """How far teacher and student are apart, and in which pair of classes the most."""
        if not self.n:
            return "No relations yet."
        seen, unit = self.drawn == ANGLE, "°" if self.drawn == ANGLE else ""
        left = f"{self.remaining:.1f}°" if seen else f"{self.remaining:.3f}"
        kind = self._kind()
        text = f"{kind[:1].upper()}{kind[1:]} of {self.n} samples: teacher and student differ by {left}"
        blocks = plots.boundaries(self.labels)
        if len(blocks) < 2 or not self.classes:
            return f"{text}."
        difference = self._matrix(self.teacher) - self._matrix(self.student)
        means = ((difference[a:b, c:d], p, q) for p, a, b in blocks for q, c, d in blocks if q > p)
        pairs = [(float(np.nanmean(block)), p, q) for block, p, q in means if np.isfinite(block).any()]
        value, p, q = max(pairs, key=lambda pair: abs(pair[0]))
        side = "higher" if value > 0 else "lower"
        where = f"{self.classes[p]} and {self.classes[q]}"
        return f"{text}; most between {where}, where the teacher is {side} by {abs(value):.2f}{unit}."

    def _kind(self) -> str:
        """What is drawn, in words."""
        if self.drawn != ANGLE:
            return self.drawn
        name = self.classes[self.labels[self.vertex]] if self.classes else ""
        return f"angle seen from sample {self.vertex + 1}{f' ({name})' if name else ''}"


def _apart(teacher: NDArray[np.floating], student: NDArray[np.floating]) -> float:
    """Mean absolute difference over pairs of two samples; what is NaN is left out."""
    gap = np.abs(teacher - student)[~np.eye(len(teacher), dtype=bool)]
    return float(gap[np.isfinite(gap)].mean()) if np.isfinite(gap).any() else 0.0
