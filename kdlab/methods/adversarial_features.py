"""Features that a discriminator cannot tell from the teacher's."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.discriminator import STEP, discriminator, game
from kdlab.methods.hint import regressor


class Duel(nn.Module):
    """A regressor on the student's side, and the discriminator it must deceive, for one pair of layers."""

    def __init__(self, student: tuple[int, ...], teacher: tuple[int, ...]):
        super().__init__()
        self.regressor, self.judge = regressor(student, teacher), discriminator(teacher)


@register("adversarial-features", type="feature")
@dataclass(frozen=True)
class AdversarialFeatures(Method):
    """A discriminator must not tell the student's (regressed) features from the teacher's.

    Crowds of features are matched, not the features of each sample. The game is that of ``adversarial`` (Goodfellow et
    al. 2014, arXiv:1406.2661); the regressor stands before the reversal, and helps the student. The default weight
    makes its gradient in a new mlp-64 about as long as that of the labels' cross-entropy (1.1 times: 500 images, the
    shipped teacher, embedding to embedding, mean of five seeds).
    """

    symbol = "CE of a discriminator of r(F student) and F teacher, reversed"
    compares = "any"

    weight: float = knob(4.0, 0.01, 100.0, "how much this term counts within the distillation loss", log=True)
    strength: float = knob(1.0, 0.0, 10.0, "how much of the reversed gradient reaches the student")
    step: int = knob(0, 0, 2, STEP)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """A regressor and a discriminator for each pair of layers."""
        return nn.ModuleList(
            Duel(tuple(student.features[s].shape[1:]), tuple(teacher.features[t].shape[1:])) for t, s in pairs
        )

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``discriminator``: the mean over the pairs of layers."""
        layers = zip(seen.adapter, seen.features(), strict=True)
        values = [game(d.judge, d.regressor(s), t, strength=self.strength, step=self.step) for d, (s, t) in layers]
        return {"discriminator": Term(self.weight, sum(values) / len(values))}
