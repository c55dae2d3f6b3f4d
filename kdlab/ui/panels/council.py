"""Several teachers' answers to one picture, a weight for each, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray
from torch import Tensor, nn

from kdlab.algorithms.multi_teacher import COMBINE, combine
from kdlab.players import ask

from ...plots import png, teach
from ..view import View

__all__ = ["Council"]

SHOWN = 12  # pictures to choose from


class Council(View, source=("sliders.js", "council.js")):
    """A shelf of teachers with a slider each; what they say together is computed in the browser.

    Args:
        teachers: name -> a trained network.
        x: pictures, (N, 1, height, width), in [0, 1].
        labels: their classes, (N,).
        classes: a name per class.
        weights: how much each teacher counts first; None: all alike.
        how: see :func:`kdlab.algorithms.multi_teacher.combine`.

    ``places`` are those of the first pictures on which teachers that count disagree; the others are only counted.
    """

    name = traitlets.Unicode("Teacher shelf").tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), help="of the teachers").tag(sync=True)
    logits = traitlets.Bytes(b"", help="float32, teachers × pictures × classes").tag(sync=True)
    labels = traitlets.Bytes(b"", help="uint8, a class for each picture").tag(sync=True)
    images = traitlets.Bytes(b"", help="uint8, of the pictures at places").tag(sync=True)
    size = traitlets.List(traitlets.Int(), help="height and width").tag(sync=True)
    places = traitlets.List(traitlets.Int()).tag(sync=True)
    sample = traitlets.Int(0, help="which of the places").tag(sync=True)
    weights = traitlets.List(traitlets.Float()).tag(sync=True)
    how = traitlets.Enum(COMBINE, COMBINE[0]).tag(sync=True)

    def __init__(
        self,
        teachers: Mapping[str, nn.Module],
        x: Tensor,
        labels: Tensor,
        classes: list[str],
        *,
        weights: list[float] | None = None,
        how: str = "probabilities",
    ):
        logits = torch.stack([ask(net, x).logits for net in teachers.values()])
        weights = list(weights) if weights is not None else [1.0] * len(teachers)
        heard = logits[torch.tensor(weights) > 0].argmax(-1)
        places = (heard != heard[0]).any(0).nonzero().flatten().tolist()[:SHOWN] or list(range(min(SHOWN, len(x))))
        super().__init__(
            classes=list(classes),
            names=list(teachers),
            logits=logits.numpy().astype(np.float32).tobytes(),
            labels=labels.numpy().astype(np.uint8).tobytes(),
            images=(255 * x[places, 0]).round().to(torch.uint8).numpy().tobytes(),
            size=list(x.shape[2:]),
            places=places,
            weights=[float(w) for w in weights],
            how=how,
        )

    def said(self) -> NDArray[np.float64]:
        """Probabilities of each teacher at T = 1, (teachers, pictures, classes)."""
        return self._logits().softmax(-1).numpy()

    def together(self) -> NDArray[np.float64]:
        """Probabilities of all together with these weights, (pictures, classes); 1/classes where nobody counts."""
        weights = torch.tensor(self.weights, dtype=torch.float64)
        if not weights.any():
            return np.full(self.said().shape[1:], 1 / len(self.classes))
        return combine(self._logits(), weights, self.how).softmax(-1).numpy()

    def right(self) -> tuple[float, list[float]]:
        """Share of the pictures on which all together are right, and the same of each teacher."""
        labels = np.frombuffer(self.labels, np.uint8)
        alone = (self.said().argmax(-1) == labels).mean(1)
        return float((self.together().argmax(-1) == labels).mean()), alone.tolist()

    def _logits(self) -> Tensor:
        flat = torch.from_numpy(np.frombuffer(self.logits, np.float32).astype(np.float64))
        return flat.reshape(len(self.names), -1, len(self.classes))

    def picture(self) -> bytes:
        """Each teacher's bars, the picture, and the bars of all together."""
        k, (high, wide) = self.places[self.sample], self.size
        image = np.frombuffer(self.images, np.uint8).reshape(-1, high, wide)[self.sample]
        drawn = teach.council(
            self.classes, self.names, self.weights, self.said()[:, k], self.together()[k], self.labels[k], image
        )
        return png(drawn)

    def sentence(self) -> str:
        """What they say of the picture, and how often they are right."""
        k, together = self.places[self.sample], self.together()
        tops = self.said()[:, k].argmax(-1)
        heard = [t for t, w in zip(tops, self.weights, strict=True) if w > 0]
        label, best = self.labels[k], together[k].argmax()
        right, alone = self.right()
        return (
            f"A picture of class {self.classes[label]}: {sum(t == label for t in heard)} of the {len(heard)} teachers "
            f"that count say so; together, by {self.how}, they say {self.classes[best]} with "
            f"{100 * together[k, best]:.0f} %. On all {together.shape[0]} pictures they are right on "
            f"{100 * right:.0f} %, the best teacher alone on {100 * max(alone):.0f} %."
        )
