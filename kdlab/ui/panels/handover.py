"""What a soft target says and how much of it is told: temperature, top classes and rounding."""

from __future__ import annotations

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray
from torch import Tensor, nn

from kdlab.handover import REST, bits, handed_over, room
from kdlab.players import ask

from ...plots import png, teach
from ..view import View

__all__ = ["Handover"]

SHOWN = 12  # pictures to choose from
DIGITS = {"exact": None, "percents": 2, "tenths": 1}


class Handover(View, source=("sliders.js", "handover.js")):
    """A teacher's soft target, what is handed over of it, and how many bits that is.

    Args:
        teacher: a trained network.
        x: pictures, (N, 1, height, width), in [0, 1].
        labels: their classes, (N,).
        classes: a name per class.
        temperature: T of the soft targets.
        keep: how many of the most probable classes are told; None: all.
        digits: "exact", "percents" or "tenths": how the probabilities are rounded.
        rest: what becomes of the other classes, see :func:`kdlab.handover.handed_over`.

    ``places`` are those of the pictures whose soft targets at T = 1 have the most bits, one for each class first.
    """

    name = traitlets.Unicode("What a target can say").tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    logits = traitlets.Bytes(b"", help="float32, pictures × classes").tag(sync=True)
    labels = traitlets.Bytes(b"", help="uint8, of the pictures at places").tag(sync=True)
    images = traitlets.Bytes(b"", help="uint8, of the pictures at places").tag(sync=True)
    size = traitlets.List(traitlets.Int(), help="height and width").tag(sync=True)
    places = traitlets.List(traitlets.Int()).tag(sync=True)
    sample = traitlets.Int(0, help="which of the places").tag(sync=True)
    temperature = traitlets.Float(2.0).tag(sync=True)
    keep = traitlets.Int(1).tag(sync=True)
    digits = traitlets.Enum(list(DIGITS), "exact").tag(sync=True)
    rest = traitlets.Enum(REST, REST[0]).tag(sync=True)

    def __init__(
        self,
        teacher: nn.Module,
        x: Tensor,
        labels: Tensor,
        classes: list[str],
        *,
        temperature: float = 2.0,
        keep: int | None = None,
        digits: str = "exact",
        rest: str = "dropped",
    ):
        logits = ask(teacher, x).logits
        self._z = logits.double()
        doubtful = bits(self._z.softmax(1)).argsort(descending=True).tolist()
        first = {int(labels[i]): i for i in reversed(doubtful)}  # the most doubtful picture of each class
        chosen = sorted(first.values(), key=doubtful.index)
        places = [*chosen, *(i for i in doubtful if i not in chosen)][:SHOWN]
        super().__init__(
            classes=list(classes),
            logits=logits.numpy().astype(np.float32).tobytes(),
            labels=labels[places].numpy().astype(np.uint8).tobytes(),
            images=(255 * x[places, 0]).round().to(torch.uint8).numpy().tobytes(),
            size=list(x.shape[2:]),
            places=places,
            temperature=float(temperature),
            keep=len(classes) if keep is None else keep,
            digits=digits,
            rest=rest,
        )

    def full(self) -> Tensor:
        """The soft targets at T, (pictures, classes)."""
        return (self._z / self.temperature).softmax(1)

    def told(self, keep: int | None = None) -> Tensor:
        """What is handed over of them, (pictures, classes); with another number of classes if ``keep`` is given."""
        return handed_over(self.full(), self.keep if keep is None else keep, DIGITS[self.digits], self.rest)

    def numbers(self) -> dict[str, float]:
        """Means over the pictures: bits of doubt in the ``full`` target and in what is ``told``, the share of the
        probability that is then ``misplaced``; and ``room``, bits to write one target down."""
        full, told = self.full(), self.told()
        return {
            "full": bits(full).mean().item(),
            "told": bits(told).mean().item(),
            "misplaced": 0.5 * (full - told).abs().sum(1).mean().item(),
            "room": room(len(self.classes), self.keep, DIGITS[self.digits], self.rest),
        }

    def curve(self) -> NDArray[np.float64]:
        """Mean bits of doubt when 1, 2, … classes are told."""
        return np.array([bits(self.told(k)).mean().item() for k in range(1, len(self.classes) + 1)])

    def picture(self) -> bytes:
        """The picture's bars, told and full, and the bits over the number of classes that are told."""
        k, (high, wide) = self.places[self.sample], self.size
        image = np.frombuffer(self.images, np.uint8).reshape(-1, high, wide)[self.sample]
        bars = self.full()[k].numpy(), self.told()[k].numpy()
        label = self.labels[self.sample]
        return png(teach.handover(self.classes, *bars, label, image, self.curve(), self.keep, self.numbers()["full"]))

    def sentence(self) -> str:
        """What is told, of how many classes, and what is lost."""
        found, all_told = self.numbers(), self.keep == len(self.classes)
        named = "all classes" if all_told else f"the top {self.keep}" if self.keep > 1 else "the top class"
        rest = "" if all_told else ", the rest dropped" if self.rest == "dropped" else ", the rest spread evenly"
        return (
            f"Soft targets at T = {self.temperature:.2g} of which {named} {'are' if self.keep > 1 else 'is'} told"
            f"{rest}, numbers {self.digits if self.digits == 'exact' else 'in ' + self.digits}. On the average of "
            f"{len(self._z)} pictures they hold {found['told']:.2f} bits of doubt, the full ones {found['full']:.2f}; "
            f"{100 * found['misplaced']:.0f} % of the probability is in the wrong place. One target takes at most "
            f"{found['room']:.0f} bits to write down."
        )
