"""Factors of the layers instead of the layers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.losses import factor_transfer, hint
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.hint import regressor
from kdlab.methods.pairs import mean_of


class Factors(nn.Module):
    """Paraphraser (an autoencoder with half as many channels) and translator for one pair of layers."""

    def __init__(self, student: tuple[int, ...], teacher: tuple[int, ...]):
        super().__init__()
        code = (math.ceil(teacher[0] / 2), *teacher[1:])
        self.paraphraser, self.back = regressor(teacher, code), regressor(code, teacher)
        self.translator = regressor(student, code)

    def forward(self, student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The student's factors, the teacher's, and the teacher's features again from its factors."""
        code = self.paraphraser(teacher)
        return self.translator(student), code, self.back(code)


@register("factor-transfer", type="feature")
@dataclass(frozen=True)
class FactorTransfer(Method):
    """Match factors of the features, which an autoencoder finds in the teacher (Kim et al. 2018, arXiv:1802.04977).

    In the paper the autoencoder is trained first; here it learns beside the student, from its own term, and the student
    follows the factors as they are meanwhile.
    """

    symbol = "|Tr(F student) − Pa(F teacher)|₁, each at length 1"
    compares = "any"

    weight: float = knob(5.0, 0.05, 500.0, "how much this term counts within the distillation loss", log=True)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """Paraphraser and translator for each pair of layers."""
        return nn.ModuleList(
            Factors(tuple(student.features[s].shape[1:]), tuple(teacher.features[t].shape[1:])) for t, s in pairs
        )

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """Two terms, ``factors`` and the autoencoder's ``paraphrase``: means over the pairs of layers."""
        said = [(*f(s, t), t) for f, (s, t) in zip(seen.adapter, seen.features(), strict=True)]
        factors = mean_of(factor_transfer, [(student, code) for student, code, _, _ in said])
        paraphrase = mean_of(hint, [(again, teacher) for _, _, again, teacher in said])
        return {"factors": Term(self.weight, factors), "paraphrase": Term(1.0, paraphrase)}
