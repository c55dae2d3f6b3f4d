"""Labels under review: a picture, the label it came with, what a teacher says, and the learner's verdict."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import traitlets
from torch import Tensor

from kdlab import check, registry
from kdlab.versions import fingerprint

from ...plots import png, teach
from ..view import View

__all__ = ["FILE", "ORDERS", "VERDICTS", "Decision", "Review"]

FILE = "reviews.json"  # beside the notebook, which is where its kernel runs
ORDERS = ("by disagreement", "random")
VERDICTS = ("keep", "relabel", "unsure")


class Decision(NamedTuple):
    """What was decided on a row: ``verdict`` is keep, relabel or unsure; ``label`` the class it is to have."""

    row: int
    verdict: str
    label: int


class Review(View, source="review.js"):
    """Pictures to look at one after the other, in two orders; counts what was found against an answer key.

    The first order begins where the teacher gives the label the least probability. What the learner decides is kept in
    ``reviews.json`` beside the notebook, under the version of the data: another version has other decisions. A stored
    output shows no decisions.

    Args:
        x: pictures, (N, 1, height, width), in [0, 1].
        given: the labels to be reviewed, (N,).
        truth: the answer key, (N,).
        logits: what the teacher says of the pictures, (N, classes).
        classes: a name per class; at most 10, since each has a digit.
        looked: how many labels of each order can be looked at, at most N.
        seed: of the random order.
        folder: of the file; None: where the kernel runs.

    Raises:
        ValueError: counts of rows differ, or ``looked`` is out of range.
    """

    name = traitlets.Unicode("Label review").tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    names = traitlets.List(traitlets.Unicode(), help="of the orders").tag(sync=True)
    orders = traitlets.List(help="for each order, which of the pictures shown").tag(sync=True)
    images = traitlets.Bytes(b"", help="uint8, of the pictures shown").tag(sync=True)
    size = traitlets.List(traitlets.Int(), help="height and width").tag(sync=True)
    given = traitlets.List(traitlets.Int(), help="label of each picture shown").tag(sync=True)
    truth = traitlets.Bytes(b"", help="uint8, class of each picture shown").tag(sync=True)
    said = traitlets.Bytes(b"", help="float32, probabilities, pictures × classes").tag(sync=True)
    how = traitlets.Enum(ORDERS, ORDERS[0]).tag(sync=True)
    place = traitlets.Int(0, help="in this order").tag(sync=True)
    decisions = traitlets.Dict(help='picture shown -> {"verdict", "label"}').tag(sync=True)
    notice = traitlets.Unicode("", help="why something could not be kept").tag(sync=True)

    def __init__(
        self,
        x: Tensor,
        given: Tensor,
        truth: Tensor,
        logits: Tensor,
        classes: Sequence[str],
        *,
        looked: int = 60,
        seed: int = 0,
        folder: str | os.PathLike | None = None,
    ):
        check.same_batch(x=x, given=given, truth=truth, logits=logits)
        check.whole(1, looked=looked)
        check.between(1, len(x), looked=looked)
        p = logits.softmax(1)
        doubt = p[torch.arange(len(x)), given].argsort(stable=True)[:looked]
        lot = torch.from_numpy(np.random.RandomState(seed).permutation(len(x))[:looked])
        self._rows = torch.cat([doubt, lot]).unique()
        place = {row: k for k, row in enumerate(self._rows.tolist())}
        self._all = given.clone()
        super().__init__(
            classes=list(classes),
            names=list(ORDERS),
            orders=[[place[row] for row in order.tolist()] for order in (doubt, lot)],
            images=(255 * x[self._rows, 0]).round().to(torch.uint8).numpy().tobytes(),
            size=list(x.shape[2:]),
            given=given[self._rows].tolist(),
            truth=truth[self._rows].to(torch.uint8).numpy().tobytes(),
            said=p[self._rows].detach().numpy().astype(np.float32).tobytes(),
        )
        self.version = fingerprint(torch.cat([x.flatten(1), given[:, None].float()], 1))
        self.file = Path(folder or Path.cwd()) / FILE
        kept = self._kept().get(self.version, {})
        self.decisions = {k: v for k, v in kept.items() if self._sound(k, v)} if isinstance(kept, dict) else {}
        self.observe(lambda _: self._keep(), "decisions")

    def decided(self) -> list[Decision]:
        """What the learner has decided, by row; empty where nobody has looked yet."""
        found = [(int(self._rows[int(k)]), d["verdict"], int(d["label"])) for k, d in self.decisions.items()]
        return [Decision(*each) for each in sorted(found)]

    def answer_key(self, count: int, how: str = ORDERS[0]) -> list[Decision]:
        """What somebody who is never wrong would decide on the first ``count`` labels of an order."""
        check.choice(ORDERS, how=how)
        check.whole(0, count=count)
        shown = self.orders[ORDERS.index(how)][:count]
        return [
            Decision(int(self._rows[k]), "keep" if self.truth[k] == self.given[k] else "relabel", self.truth[k])
            for k in shown
        ]

    def labels_after(self, decisions: Sequence[Decision]) -> Tensor:
        """The labels of the next version, (N,): those of ``given``, relabelled where that was decided."""
        labels = self._all.clone()
        for row, verdict, label in decisions:
            if verdict == "relabel":
                labels[row] = label
        return labels

    def found(self, how: str = ORDERS[0]) -> list[int]:
        """Wrong labels that the answer key finds after 0, 1, 2, … labels of an order."""
        check.choice(ORDERS, how=how)
        wrong = [self.truth[k] != self.given[k] for k in self.orders[ORDERS.index(how)]]
        return [0, *np.cumsum(wrong).tolist()]

    def picture(self) -> bytes:
        """The first picture of the order, what the teacher says of it, and the curves of the answer key."""
        k, (high, wide) = self.orders[ORDERS.index(self.how)][self.place], self.size
        image = np.frombuffer(self.images, np.uint8).reshape(-1, high, wide)[k]
        said = np.frombuffer(self.said, np.float32).reshape(-1, len(self.classes))[k]
        curves = {order: self.found(order) for order in ORDERS}
        return png(teach.review(image, self.classes, said, self.given[k], curves))

    def sentence(self) -> str:
        """What is shown, and how many wrong labels the two orders hold; never the learner's decisions."""
        k = self.orders[ORDERS.index(self.how)][self.place]
        said = np.frombuffer(self.said, np.float32).reshape(-1, len(self.classes))[k]
        top = int(said.argmax())
        doubt, lot = (self.found(order)[-1] for order in ORDERS)
        return (
            f"Labels to review, one picture after the other. This one is labelled {self.classes[self.given[k]]}; the "
            f"teacher says {self.classes[top]} with {100 * said[top]:.0f} %. Among the first {len(self.orders[0])} "
            f"labels by disagreement there are {doubt} wrong ones, among {len(self.orders[1])} random ones {lot}."
        )

    def _sound(self, shown: Any, decision: Any) -> bool:
        try:
            return int(shown) < len(self._rows) and decision["verdict"] in VERDICTS and 0 <= int(decision["label"]) < 10
        except (TypeError, KeyError, ValueError):
            return False

    def _kept(self) -> dict[str, Any]:
        """All decisions of the file, by version; none where it is missing or no JSON."""
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _keep(self) -> None:
        """Write the file anew with these decisions, whole or not at all."""
        try:
            if self.file.exists() and not self._kept():  # not ours, or damaged: put aside, never lost
                self.file.replace(self.file.with_suffix(".json.old"))
            text = json.dumps(self._kept() | {self.version: self.decisions}, indent=1)
            registry.write(self.file, (text + "\n").encode())
            self.notice = ""
        except OSError as error:
            self.notice = f"Your decisions could not be kept for next time: {error.strerror}."
