"""Relations: how alike the samples of a probe batch are to the teacher, to the student, and where the two differ."""

from __future__ import annotations

import math

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from ... import plots
from ..view import View
from . import pack

__all__ = ["Relations"]


class Relations(View, source="relations.js"):
    """Three matrices of a probe batch, sorted by class; the browser computes the difference and reads pairs.

    The matrices and their scale belong together and are set by :meth:`show`; the browser writes ``kind`` back.
    """

    name = traitlets.Unicode("Relations").tag(sync=True)
    teacher = traitlets.Bytes(b"", help="uint8, n × n, scaled over low..high").tag(sync=True)
    student = traitlets.Bytes(b"").tag(sync=True)
    n = traitlets.Int(0).tag(sync=True)
    low = traitlets.Float(0.0).tag(sync=True)
    high = traitlets.Float(1.0).tag(sync=True)
    kind = traitlets.Unicode("cosine").tag(sync=True)
    kinds = traitlets.List(traitlets.Unicode(), ["cosine", "distance"]).tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    images = traitlets.Bytes(b"", help="uint8 thumbnails, n × height × width").tag(sync=True)
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
        """Show two matrices; what is None stays as it is.

        Args:
            teacher, student: relations, shape (n, n), finite; rows in the order of ``labels``.
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
        # round tenths outwards, so that the colours keep their meaning while training moves the values a little
        # (1e-4: a cosine of 1.0000001 is a 1)
        low = math.floor(10 * min(t.min(), s.min()) + 1e-3) / 10
        high = max(math.ceil(10 * max(t.max(), s.max()) - 1e-3) / 10, low + 0.1)
        with self.hold_sync(), self.hold_trait_notifications():
            self.n, self.low, self.high = len(t), low, high
            self.teacher, self.student = pack.scaled(t, low, high), pack.scaled(s, low, high)
            self.remaining = float(np.abs(t - s)[~np.eye(len(t), dtype=bool)].mean()) if len(t) > 1 else 0.0
            self.labels = [int(c) for c in order]
            if images is not None:
                pixels = np.ascontiguousarray(images, np.uint8)
                self.height, self.width = pixels.shape[1:]
                self.images = pixels.tobytes()
            if classes is not None:
                self.classes = list(classes)

    def _matrix(self, data: bytes) -> NDArray[np.float64]:
        return pack.unscaled(data, self.low, self.high).reshape(self.n, self.n)

    def picture(self) -> bytes:
        """The three matrices as PNG."""
        if not self.n:
            return plots.png(plots.empty(plots.figure(7.8, 2.9), "no relations yet"))
        return plots.png(
            plots.relations(
                self._matrix(self.teacher), self._matrix(self.student), self.labels, self.classes, kind=self.kind
            )
        )

    def sentence(self) -> str:
        """How far teacher and student are apart, and in which pair of classes the most."""
        if not self.n:
            return "No relations yet."
        text = f"{self.kind.capitalize()} of {self.n} samples: teacher and student differ by {self.remaining:.3f}"
        blocks = plots.boundaries(self.labels)
        if len(blocks) < 2 or not self.classes:
            return f"{text}."
        difference = self._matrix(self.teacher) - self._matrix(self.student)
        pairs = [(float(difference[a:b, c:d].mean()), p, q) for p, a, b in blocks for q, c, d in blocks if q > p]
        value, p, q = max(pairs, key=lambda pair: abs(pair[0]))
        side = "higher" if value > 0 else "lower"
        where = f"{self.classes[p]} and {self.classes[q]}"
        return f"{text}; most between {where}, where the teacher is {side} by {abs(value):.2f}."
