"""The loss ledger: what each term of the loss is worth, how hard it pulls at the student, and where to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets
from torch import nn

from kdlab.data import Dataset
from kdlab.ledger import ledger
from kdlab.recipe import Recipe
from kdlab.training import Training

from ...plots import png, teach
from ..view import View

__all__ = ["TEMPERATURES", "LossLedger"]

TEMPERATURES = [float(t) for t in np.geomspace(0.5, 20, 21)]


class LossLedger(View, source=("sliders.js", "ledger.js")):
    """Both terms' values and gradients on one batch, computed once over a grid of T; the browser does the rest.

    Args:
        students: moment -> a student as it was then; shown in this order.
        data: whose first ``batch_size`` training inputs in the recipe's order are the batch.
        teacher: a trained module or a name.
        batch_size: images in the batch.
        temperature, alpha: where the sliders stand first.
        moment: which of the students is shown first.
    """

    name = traitlets.Unicode("Loss ledger").tag(sync=True)
    temperatures = traitlets.List(traitlets.Float(), help="the grid").tag(sync=True)
    moments = traitlets.List(traitlets.Dict(), help="see measure()").tag(sync=True)
    moment = traitlets.Int(0).tag(sync=True)
    temperature = traitlets.Float(2.0).tag(sync=True)
    alpha = traitlets.Float(0.9).tag(sync=True)
    squared = traitlets.Bool(True, help="whether the distillation term has its factor T²").tag(sync=True)
    images = traitlets.Int(0, help="in the batch").tag(sync=True)

    def __init__(
        self,
        students: Mapping[str, nn.Module],
        data: Dataset,
        *,
        teacher: nn.Module | str,
        batch_size: int = 500,
        temperature: float = 2.0,
        alpha: float = 0.9,
        moment: int = 0,
    ):
        batch = min(batch_size, len(data.train))
        super().__init__(
            temperatures=TEMPERATURES,
            moments=[{"name": n, **measure(s, data, teacher, batch)} for n, s in students.items()],
            moment=moment,
            temperature=temperature,
            alpha=alpha,
            images=batch,
        )

    def at(
        self,
        temperature: float,
        *,
        alpha: float | None = None,
        squared: bool | None = None,
        moment: int | None = None,
    ) -> dict[str, dict[str, float]]:
        """Both terms at T, interpolated on the grid as the browser does it: value, weight, norm, share, cosine.

        Args:
            temperature: T, above 0.
            alpha: weight of the distillation term; None: as the slider stands.
            squared: whether values and norms have the factor T²; None: as the switch stands.
            moment: place among the students; None: the one that is shown.
        """
        alpha = self.alpha if alpha is None else alpha
        now, x = self.moments[self.moment if moment is None else moment], math.log(temperature)
        grid = np.log(self.temperatures)
        factor = temperature**2 if (self.squared if squared is None else squared) else 1.0

        def between(values: list[float]) -> float:
            return factor * math.exp(np.interp(x, grid, np.log(np.maximum(values, 1e-12))))

        labels = {"value": now["value"], "norm": now["norm"], "weight": 1 - alpha}
        soft = {"value": between(now["values"]), "norm": between(now["norms"]), "weight": alpha}
        whole = sum(t["weight"] * t["norm"] for t in (labels, soft)) or 1.0
        for term in (labels, soft):
            term["share"] = term["weight"] * term["norm"] / whole
        soft["cosine"] = float(np.interp(x, grid, now["cosines"]))
        return {"labels": labels, "soft targets": soft}

    def picture(self) -> bytes:
        """Bars of both pulls, and the teacher's share over T with and without T²."""
        terms = self.at(self.temperature)
        rows = [
            (name, role, terms[name]["weight"] * terms[name]["norm"], terms[name]["share"])
            for name, role in (("labels", "labels"), ("soft targets", "teacher"))
        ]
        with_it, without = (
            np.array([self.at(t, squared=squared)["soft targets"]["share"] for t in self.temperatures])
            for squared in (True, False)
        )
        return png(teach.pull(np.array(self.temperatures), with_it, without, self.temperature, rows))

    def sentence(self) -> str:
        """Who pulls how much, and in which direction."""
        terms = self.at(self.temperature)
        soft, labels = terms["soft targets"], terms["labels"]
        factor = "with" if self.squared else "without"
        return (
            f"{self.moments[self.moment]['name'].capitalize()}, T = {self.temperature:.3g}, alpha = {self.alpha:.3g}, "
            f"{factor} the factor T²: the labels have {100 * labels['share']:.0f} % of the pull on the student, "
            f"the teacher {100 * soft['share']:.0f} %; "
            f"the cosine between the two directions is {soft['cosine']:.1f}."
        )


def measure(
    student: nn.Module, data: Dataset, teacher: nn.Module | str, batch_size: int, grid: Sequence[float] = TEMPERATURES
) -> dict[str, Any]:
    """Values and gradient norms of both terms, without alpha and without T².

    Returns:
        value, norm: of the labels' cross-entropy; values, norms, cosines: of KL(teacher ‖ student) at each T, and of
        its gradient with the labels'.
    """
    half = Recipe(alpha=0.5, batch_size=batch_size)
    found = [ledger(Training(student, data, teacher=teacher, recipe=half.replace(temperature=t))) for t in grid]
    labels, soft = found[0]["labels"], [one["soft targets"] for one in found]
    return {
        "value": labels.value,
        "norm": 2 * labels.norm,  # its weight was 1 − alpha = 1/2
        "values": [e.value / t**2 for e, t in zip(soft, grid, strict=True)],
        "norms": [2 * e.norm / t**2 for e, t in zip(soft, grid, strict=True)],
        "cosines": [e.cosine for e in soft],
    }
