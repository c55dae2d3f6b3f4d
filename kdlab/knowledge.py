"""What a network knows of a batch, and what passes between a student and its teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

Pairs = tuple[tuple[str, str], ...]  # (teacher's layer, student's layer), the first pair being the main one


class Knowledge(NamedTuple):
    """What one network says of a batch.

    Attributes:
        logits: shape (batch, classes), before any softmax.
        features: layer name -> that layer's output, (batch, …).
    """

    logits: Tensor
    features: dict[str, Tensor]

    def detach(self) -> Knowledge:
        """The same numbers, out of reach of any gradient: a teacher does not learn from its student."""
        return Knowledge(self.logits.detach(), {name: f.detach() for name, f in self.features.items()})

    def at(self, index: Tensor) -> Knowledge:
        """The rows ``index`` (int64, any length) of everything."""
        # index_select is several times faster than f[index] on wide rows
        features = {name: f.index_select(0, index) for name, f in self.features.items()}
        return Knowledge(self.logits.index_select(0, index), features)


@dataclass(frozen=True)
class Exchange:
    """One batch as a distillation method sees it.

    Attributes:
        student: what the student says, with gradient.
        teacher: what the teacher says, detached.
        temperature: T of this step, above 0.
        pairs: which layers are compared.
        labels: (batch,) int64; meaningful only where ``known``.
        known: (batch,) bool, True where the student may use the label.
        adapter: the method's own trained part (a regressor, say), or None.
    """

    student: Knowledge
    teacher: Knowledge
    temperature: float
    pairs: Pairs = ()
    labels: Tensor | None = None
    known: Tensor | None = None
    adapter: nn.Module | None = None

    def features(self) -> list[tuple[Tensor, Tensor]]:
        """The compared layers' outputs, (student's, teacher's) for each pair."""
        return [(self.student.features[s], self.teacher.features[t]) for t, s in self.pairs]
