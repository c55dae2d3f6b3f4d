"""Fine-tuning: after its teacher has left, a student goes on with the labels for as long as validation says."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from torch import nn

from kdlab.schemes import Link, Phase


def phase(phases: Sequence[Phase]) -> Phase:
    """One more phase: the student, and its exits if it has any, learn from the labels alone."""
    students = dict.fromkeys(link.student for link in phases[-1] if link.student.partition(":")[0] == "student")
    return tuple(Link(student, None) for student in students)


class Best:
    """The best weights so far, and when to stop looking for better ones (early stopping).

    Judged once an epoch by the accuracy on the validation set, never on the test set; the weights before the first
    epoch are the first to beat, so tuning that does not help is undone.

    Args:
        module: what is tuned.
        accuracy: of the student on the validation set now, a share.
        step: optimiser steps done.
    """

    def __init__(self, module: nn.Module, accuracy: float, step: int):
        self.module, self.closed = module, False
        self._keep(accuracy, step)

    def _keep(self, accuracy: float, step: int) -> None:
        self.accuracy, self.step, self.waited = accuracy, step, 0
        self.weights = copy.deepcopy(self.module.state_dict())

    def judge(self, accuracy: float, step: int) -> None:
        """An epoch has ended with this accuracy, after this many steps."""
        if self.closed:
            return
        if accuracy > self.accuracy:
            self._keep(accuracy, step)
        else:
            self.waited += 1

    def close(self) -> None:
        """Tuning is over: put the best weights back."""
        self.module.load_state_dict(self.weights)
        self.closed = True

    def state(self) -> dict[str, Any]:
        """All but the module: see :meth:`load`."""
        return {name: value for name, value in vars(self).items() if name != "module"}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        vars(self).update(state)
