"""The loss ledger of a run while it trains: gradients of every term, read as seldom as the eye needs them."""

from __future__ import annotations

import time

from kdlab.ledger import Entry, ledger
from kdlab.training import Training

SECONDS_BETWEEN = 0.5


class Scales:
    """Weighs the terms of a training's loss, twice a second at most while it runs."""

    def __init__(self) -> None:
        self._training: Training | None = None
        self._step = -1
        self._due = 0.0
        self._entries: dict[str, Entry] = {}

    def weigh(self, training: Training, *, running: bool) -> dict[str, Entry]:
        """Its loss ledger, exits included; of the next step, or of the last one where the training is over.

        Args:
            training: called by the thread that iterates it, between two steps.
            running: more steps follow at once; an entry may then be half a second old.
        """
        if training.diverged:
            return {}
        now = time.perf_counter()
        if training is self._training and (training.step == self._step or (running and now < self._due)):
            return self._entries
        self._training, self._step, self._due = training, training.step, now + SECONDS_BETWEEN
        over = training.step >= training.total
        self._entries = ledger(training, training.step - 1 if over else None, exits=True)
        return self._entries
