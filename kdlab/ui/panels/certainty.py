"""A network while it learns: its curves, and how sure it is against how often it is right, at any epoch and any T."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from kdlab import metrics

from ...plots import png, teach
from ..view import View

__all__ = ["Certainty"]


class Certainty(View, source=("scales.js", "sliders.js", "certainty.js")):
    """Learning curves, and a reliability diagram that follows an epoch and a temperature; the browser does all of it.

    Args:
        epochs: that were measured, ascending.
        logits: on the validation pictures, (epochs, pictures, classes).
        labels: their classes, (pictures,).
        training: cross-entropy on the training pictures at each of the epochs, nats.
        place: of the epoch that is shown first; None: the last one.
        bins: equally wide, of the confidence.

    Raises:
        ValueError: lengths do not fit each other.
    """

    name = traitlets.Unicode("How sure a network may be").tag(sync=True)
    epochs = traitlets.List(traitlets.Int()).tag(sync=True)
    training = traitlets.List(traitlets.Float()).tag(sync=True)
    logits = traitlets.Bytes(b"", help="float32, epochs × pictures × classes").tag(sync=True)
    labels = traitlets.Bytes(b"", help="uint8, a class for each picture").tag(sync=True)
    bins = traitlets.Int(10).tag(sync=True)
    place = traitlets.Int(0, help="which of the epochs").tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)

    def __init__(
        self,
        epochs: Sequence[int],
        logits: ArrayLike,
        labels: ArrayLike,
        training: Sequence[float],
        *,
        place: int | None = None,
        bins: int = 10,
    ):
        z, y = np.asarray(logits, dtype=np.float32), np.asarray(labels)
        if z.ndim != 3 or len(z) != len(epochs) or z.shape[1] != len(y) or len(training) != len(epochs):
            raise ValueError(
                f"logits must have the shape (epochs, pictures, classes), got {z.shape} for {len(epochs)} epochs, "
                f"{len(y)} labels and {len(training)} values of training"
            )
        self._z, self._y = z, y
        super().__init__(
            epochs=[int(e) for e in epochs],
            training=[round(float(v), 4) for v in training],
            logits=z.tobytes(),
            labels=y.astype(np.uint8).tobytes(),
            bins=bins,
            place=len(epochs) - 1 if place is None else place,
        )

    def at(self) -> NDArray[np.float32]:
        """The logits that are shown, divided by T: (pictures, classes)."""
        return self._z[self.place] / self.temperature

    def reliability(self) -> metrics.Reliability:
        """What the diagram shows."""
        return metrics.reliability(self.at(), self._y, self.bins)

    def picture(self) -> bytes:
        """Curves and diagram."""
        validation = [metrics.cross_entropy(z, self._y) for z in self._z]
        drawn = (self.epochs, self.training, validation, self.place, self.reliability(), self.temperature)
        return png(teach.certainty(*drawn))

    def sentence(self) -> str:
        """How sure and how often right, at the epoch and the temperature that are set."""
        sure = metrics.soften(self.at()).max(1).mean()
        return (
            f"At epoch {self.epochs[self.place]}, at T = {self.temperature:.2g}: {100 * sure:.0f} % sure on the "
            f"average, right for {100 * metrics.accuracy(self.at(), self._y):.0f} % of {len(self._y)} validation "
            f"pictures; expected calibration error {100 * self.reliability().ece:.1f} points."
        )
