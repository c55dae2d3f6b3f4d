"""Soft targets: what teacher and student say of one sample at T, of each class on average, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from kdlab import check, metrics

from ... import plots
from ..view import View

__all__ = ["PICKS", "SoftTargets"]

PICKS = ("most disagreeing", "most confused pair", "teacher unsure", "in order")


class SoftTargets(View, source=("sliders.js", "soft_reading.js", "soft_parts.js", "soft_targets.js")):
    """Logits of both networks, softened in the browser at the T that is looked at.

    Arrays travel as bytes; :meth:`show` takes them as arrays. Where ``student`` or ``teacher`` is empty, the other one
    is shown alone. Samples that are read have ``lines`` in the place of ``images``. ``sample``
    -1 stands for the first of the pick; the browser then writes which one that is. With ``slider`` the view has a
    temperature slider of its own and is complete in itself.
    """

    name = traitlets.Unicode("Soft targets").tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    teacher = traitlets.Bytes(b"", help="float32 logits, n × classes").tag(sync=True)
    student = traitlets.Bytes(b"", help="the same, or empty").tag(sync=True)
    baseline = traitlets.Bytes(b"", help="the same of an untrained student, or empty").tag(sync=True)
    labels = traitlets.Bytes(b"", help="uint8, n").tag(sync=True)
    images = traitlets.Bytes(b"", help="uint8, n × height × width, or empty").tag(sync=True)
    lines = traitlets.List(traitlets.Unicode(), help="how each sample reads, or empty").tag(sync=True)
    height = traitlets.Int(0).tag(sync=True)
    width = traitlets.Int(0).tag(sync=True)
    temperature = traitlets.Float(2.0, help="looked at").tag(sync=True)
    slider = traitlets.Bool(False).tag(sync=True)
    sample = traitlets.Int(-1).tag(sync=True)
    pick = traitlets.Enum(PICKS, PICKS[0]).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    @traitlets.validate("temperature")
    def _positive(self, proposal: Any) -> float:
        try:
            check.positive(temperature=proposal.value)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
        return proposal.value

    def show(
        self,
        teacher: ArrayLike | None = None,
        student: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        *,
        classes: Sequence[str] | None = None,
        images: ArrayLike | None = None,
        baseline: ArrayLike | None = None,
    ) -> None:
        """Show these; what is None stays as it is.

        Args:
            teacher, student, baseline: logits, (samples, classes), finite.
            labels: class of each sample, (samples,), below 256.
            classes: their names.
            images: uint8, (samples, height, width).

        Raises:
            ValueError: shapes do not go together, or a logit is not finite.
        """
        arrays = {"teacher": teacher, "student": student, "baseline": baseline}
        given = {name: np.asarray(a, np.float32) for name, a in arrays.items() if a is not None}
        names = list(self.classes if classes is None else classes)
        count = len(self.labels) if labels is None else len(np.asarray(labels))
        for name, a in given.items():
            if a.shape != (count, len(names)):
                raise ValueError(f"{name} must have shape (samples, classes) = {(count, len(names))}, got {a.shape}")
            if not np.isfinite(a).all():
                raise ValueError(f"{name} must hold finite logits, got {int((~np.isfinite(a)).sum())} that are not")
        wanted = None if labels is None else np.asarray(labels)
        if wanted is not None and wanted.size and not 0 <= wanted.min() <= wanted.max() < min(len(names), 256):
            raise ValueError(f"labels must be below {len(names)}, got {wanted.min()} to {wanted.max()}")
        with self.hold_sync(), self.hold_trait_notifications():
            self.classes = names
            if wanted is not None:
                self.labels = wanted.astype(np.uint8).tobytes()
            if images is not None:
                pixels = np.ascontiguousarray(images, np.uint8)
                self.height, self.width = pixels.shape[1:]
                self.images = pixels.tobytes()
            for name, a in given.items():
                setattr(self, name, a.tobytes())

    def logits(self, who: str) -> NDArray[np.float32] | None:
        """Logits of "teacher", "student" or "baseline", (samples, classes); None where there are none."""
        found = np.frombuffer(getattr(self, who), np.float32)
        return found.reshape(-1, len(self.classes)) if len(found) else None

    def _known(self) -> dict[str, NDArray[np.float32]]:
        """Logits of the teacher and of the student, those that there are."""
        return {who: z for who in ("teacher", "student") if (z := self.logits(who)) is not None}

    def order(self) -> NDArray[np.intp]:
        """Samples as ``pick`` puts them at ``temperature``, the first first, (n,)."""
        known, labels, t = self._known(), np.frombuffer(self.labels, np.uint8), self.temperature
        lead = next(iter(known.values()))
        if self.pick == "teacher unsure" or (self.pick == "most disagreeing" and len(known) < 2):
            return np.argsort(-metrics.entropy(lead, t), kind="stable")
        if self.pick == "most disagreeing":
            log_t, log_s = (metrics.log_soften(logits, t) for logits in known.values())
            return np.argsort(-(np.exp(log_t) * (log_t - log_s)).sum(1), kind="stable")
        if self.pick == "most confused pair":
            mean = metrics.class_matrix(lead, labels, t)
            np.fill_diagonal(mean, np.nan)
            a, b = np.unravel_index(np.nanargmax(mean), mean.shape)
            other = np.select([labels == a, labels == b], [b, a], -1)
            p = metrics.soften(lead, t)[np.arange(len(labels)), other]
            return np.argsort(-np.where(other < 0, -1, p), kind="stable")
        return np.arange(len(labels))

    def _chosen(self) -> int:
        return self.sample if 0 <= self.sample < len(self.labels) else int(self.order()[0])

    def picture(self) -> bytes:
        """Bars of the chosen sample, its picture, and the mean soft targets of each class."""
        known = self._known()
        if not known:
            return plots.png(plots.empty(plots.figure(7.8, 1.2), "no soft targets yet"))
        k, labels, t = self._chosen(), np.frombuffer(self.labels, np.uint8), self.temperature
        matrices = [(who, metrics.class_matrix(logits, labels, t)) for who, logits in known.items()]
        if len(known) == 2:
            matrices.append(("difference", matrices[0][1] - matrices[1][1]))
        size = self.height * self.width
        image = (
            np.frombuffer(self.images, np.uint8, size, k * size).reshape(self.height, self.width)
            if self.images
            else None
        )
        return plots.png(
            plots.soft_targets(
                self.classes,
                *(
                    metrics.soften(known[who][k : k + 1], t)[0] if who in known else None
                    for who in ("teacher", "student")
                ),
                int(labels[k]),
                matrices,
                image=image,
                temperature=t,
            )
        )

    def sentence(self) -> str:
        """The chosen sample's divergence and entropies, and how far both agree on all samples."""
        known = self._known()
        if not known:
            return "No soft targets yet."
        k, t = self._chosen(), self.temperature
        (who, teacher), *rest = known.items()
        one, names = teacher[k : k + 1], self.classes
        top = metrics.soften(one, t)[0]
        line = f": “{self.lines[k]}”" if self.lines else ""
        said = (
            f"Sample {k} ({names[self.labels[k]]}{line}) at T = {t:.3g}: the {who} says {names[top.argmax()]} "
            f"with {100 * top.max():.1f} %, entropy {metrics.entropy(one, t)[0]:.2f} nats"
        )
        if not rest:
            return f"{said}."
        ((_, student),) = rest
        other = student[k : k + 1]
        return (
            f"{said}, the student's is {metrics.entropy(other, t)[0]:.2f}, "
            f"KL(teacher ‖ student) {metrics.kl(one, other, t):.3f}; "
            f"on all {len(teacher):,} samples agreement {100 * metrics.agreement(student, teacher):.1f} %, "
            f"soft agreement {100 * metrics.soft_agreement(student, teacher, t):.1f} %."
        )
