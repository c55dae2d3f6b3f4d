"""A network with exits: accuracy of each exit against its cost, and what it costs to leave when sure enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from kdlab.metrics import soften

from ...plots import png, teach
from ..view import View

__all__ = ["Exits"]


class Exits(View, source=("sliders.js", "exits.js")):
    """Moments of a training to go through, and a threshold of confidence that the browser works with at once.

    Args:
        moments: name -> logits of each exit on the same inputs, shallow ones first, (inputs, classes) each.
        labels: of these inputs.
        names: of the exits.
        macs: cost of each, ascending.
        threshold: confidence (probability of the top class) at which an input leaves, in [0, 1].
        moment: which of the moments is shown first; -1: the last.
    """

    name = traitlets.Unicode("Exits").tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    macs = traitlets.List(traitlets.Int()).tag(sync=True)
    moments = traitlets.List(traitlets.Unicode()).tag(sync=True)
    moment = traitlets.Int(0).tag(sync=True)
    threshold = traitlets.Float(0.8).tag(sync=True)
    inputs = traitlets.Int(0).tag(sync=True)
    codes = traitlets.Bytes(b"", help="uint8, moments × exits × inputs: confidence / 2 in 0..127, +128 if right").tag(
        sync=True
    )

    def __init__(
        self,
        moments: Mapping[str, Sequence[NDArray[np.floating]]],
        labels: NDArray[np.integer],
        *,
        names: Sequence[str],
        macs: Sequence[int],
        threshold: float = 0.8,
        moment: int = -1,
    ):
        labels = np.asarray(labels)
        coded = [[_code(logits, labels) for logits in said] for said in moments.values()]
        self._codes = np.array(coded, np.uint8)  # (moments, exits, inputs)
        super().__init__(
            names=list(names), macs=[int(m) for m in macs], moments=list(moments), moment=moment % len(moments),
            threshold=threshold, inputs=len(labels), codes=self._codes.tobytes(),
        )  # fmt: skip

    def accuracies(self, moment: int | None = None) -> list[float]:
        """Share of right answers of each exit, asked for all inputs."""
        return [float(a) for a in (self._codes[self.moment if moment is None else moment] >= 128).mean(1)]

    def leaving(self, threshold: float | None = None, moment: int | None = None) -> dict[str, Any]:
        """What it costs and gives if each input leaves at the first exit that is sure enough, at the last in any case.

        Args:
            threshold: confidence at which it leaves; None: as the slider stands.
            moment: None: the one that is shown.

        Returns:
            ``"shares"`` of the inputs at each exit, ``"accuracy"``, and ``"macs"``, the mean cost; an input that goes
            on has paid for the exits it passed, whose heads are small and left out.
        """
        codes = self._codes[self.moment if moment is None else moment]
        sure = (codes % 128) / 127 >= (self.threshold if threshold is None else threshold)
        sure[-1] = True
        place = sure.argmax(0)
        shares = np.bincount(place, minlength=len(codes)) / codes.shape[1]
        right = codes[place, np.arange(codes.shape[1])] >= 128
        return {"shares": shares.tolist(), "accuracy": float(right.mean()), "macs": float(shares @ np.array(self.macs))}

    def picture(self) -> bytes:
        """Accuracy against cost, exits and early leaving."""
        way = [self.leaving(t) for t in np.linspace(0, 1, 41)]
        now = self.leaving()
        return png(
            teach.exits(
                self.names, self.macs, self.accuracies(), [(w["macs"], w["accuracy"]) for w in way],
                (now["macs"], now["accuracy"]),
            )
        )  # fmt: skip

    def sentence(self) -> str:
        """Accuracies of the exits, and what leaving early gives."""
        each = ", ".join(f"{n} {100 * a:.0f} %" for n, a in zip(self.names, self.accuracies(), strict=True))
        now = self.leaving()
        return (
            f"{self.moments[self.moment]}: {each}. Leaving when the top class has {100 * self.threshold:.0f} %: "
            f"{100 * now['accuracy']:.0f} % right at {now['macs'] / self.macs[-1]:.0%} of the whole cost."
        )


def _code(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    p = soften(np.asarray(logits), 1.0)
    return (np.floor(127 * p.max(1)) + 128 * (p.argmax(1) == labels)).astype(np.uint8)
