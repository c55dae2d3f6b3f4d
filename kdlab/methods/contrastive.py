"""Tell each sample by its teacher."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torch import nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.losses import contrastive
from kdlab.methods.base import Method, Term, knob, register
from kdlab.methods.pairs import mean_of, regressed, regressors


@register("contrastive", type="relation")
@dataclass(frozen=True)
class Contrastive(Method):
    """Tell each sample of a batch from the others by the teacher's features, through a learned projection.

    A plain form of contrastive representation distillation (Tian et al. 2020, arXiv:1910.10699), with the batch for its
    memory of other samples: see :func:`kdlab.losses.contrastive` for what is left out.
    """

    symbol = "−log (e^{c_ii/τ} / Σ_j e^{c_ij/τ})"
    compares = "any"

    weight: float = knob(0.1, 0.001, 10.0, "how much this term counts within the distillation loss", log=True)
    tau: float = knob(0.1, 0.02, 1.0, "τ: how sharply the nearest wrong sample counts", log=True)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module:
        """One projection for each pair of layers."""
        return regressors(student, teacher, pairs)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """One term, ``contrast``: the mean over the pairs of layers."""
        return {"contrast": Term(self.weight, mean_of(partial(contrastive, temperature=self.tau), regressed(seen)))}
