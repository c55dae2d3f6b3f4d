"""What to buy from a teacher that sells its answers: how many of which form, for which inputs, within a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from kdlab.service import FORMS

from ...plots import png, teach
from ..view import View

__all__ = ["MIXES", "Band", "Purchase"]

MIXES = (*((form,) for form in FORMS), *((FORMS[a], FORMS[b]) for a, b in ((0, 1), (0, 2), (1, 2))))


class Band(NamedTuple):
    """Test accuracy over several draws: mean, lowest and highest, in [0, 1]."""

    mean: float
    low: float
    high: float


class Purchase(View, source=("scales.js", "sliders.js", "purchase.js")):
    """The query-budget game: prices, a budget, what is bought, and what a student of it was worth when it was measured.

    Between the purchases that were measured it computes: over shares of the forms by the parabola through pure and
    half-and-half purchases, over the number of inputs by straight lines on a log scale.

    Args:
        grid: test accuracy in [0, 1], (strategies, mixes, levels, draws); the mixes are those of ``MIXES``, in halves.
        levels: numbers of inputs that were measured, rising.
        strategies: names, of the ways to choose inputs.
        prices: name of a price list -> form -> credits for one answer, above 0.
        budget: credits; with these prices they must not buy more inputs than were measured.
        note: what was measured, in a line.

    Raises:
        ValueError: the grid's shape does not fit, or a price or the budget is out of its range.
    """

    name = traitlets.Unicode("What to buy").tag(sync=True)
    forms = traitlets.List(traitlets.Unicode(), list(FORMS)).tag(sync=True)
    mixes = traitlets.List(help="places of each mix's forms").tag(sync=True)
    levels = traitlets.List(traitlets.Int()).tag(sync=True)
    grid = traitlets.Bytes(b"", help="float32, strategies × mixes × levels × draws").tag(sync=True)
    draws = traitlets.Int(1).tag(sync=True)
    strategies = traitlets.List(traitlets.Unicode()).tag(sync=True)
    strategy = traitlets.Unicode().tag(sync=True)
    prices = traitlets.Dict(help="price list -> form -> credits").tag(sync=True)
    price_list = traitlets.Unicode().tag(sync=True)
    most = traitlets.Float(help="the largest budget").tag(sync=True)
    budget = traitlets.Float().tag(sync=True)
    counts = traitlets.List(traitlets.Int(), help="answers of each form").tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        grid: ArrayLike,
        levels: Sequence[int],
        strategies: Sequence[str],
        prices: Mapping[str, Mapping[str, float]],
        *,
        budget: float,
        note: str = "",
    ):
        measured = np.asarray(grid, np.float32)
        wanted = len(strategies), len(MIXES), len(levels)
        if measured.ndim != 4 or measured.shape[:3] != wanted:
            raise ValueError(f"grid must have shape {wanted} and draws, got {measured.shape}")
        for name, of in prices.items():
            if set(of) != set(FORMS) or not min(of.values()) > 0:
                raise ValueError(f"prices must be above 0 for {', '.join(FORMS)}, got {dict(of)} for {name!r}")
        cheapest = min(price for of in prices.values() for price in of.values())
        if not levels[0] * cheapest <= budget <= levels[-1] * cheapest:
            low, high = levels[0] * cheapest, levels[-1] * cheapest
            raise ValueError(f"budget must be in [{low:g}, {high:g}], what was measured, got {budget:g}")
        super().__init__(
            mixes=[[FORMS.index(form) for form in mix] for mix in MIXES],
            levels=list(levels),
            grid=measured.tobytes(),
            draws=measured.shape[3],
            strategies=list(strategies),
            strategy=strategies[0],
            prices={name: dict(of) for name, of in prices.items()},
            price_list=next(iter(prices)),
            most=float(budget),
            budget=float(budget),
            counts=[0, 0, int(budget // next(iter(prices.values()))[FORMS[2]])],
            note=note,
        )

    def spent(self) -> float:
        """Credits for what is picked."""
        price = self.prices[self.price_list]
        return sum(count * price[form] for form, count in zip(FORMS, self.counts, strict=True))

    def band(self) -> Band | None:
        """Accuracy of a student of what is picked; None where it costs too much or was not measured."""
        inputs = sum(self.counts)
        if self.spent() > self.budget + 1e-9 or not self.levels[0] <= inputs <= self.levels[-1]:
            return None
        over_draws = self._share_weights() @ self._between(inputs)
        return Band(*(float(f(over_draws)) for f in (np.mean, np.min, np.max)))

    def _share_weights(self) -> NDArray[np.float64]:
        """How much each mix counts, (mixes,): the parabola through corners and middles of a triangle."""
        share = np.array(self.counts) / sum(self.counts)
        pure = [s * (2 * s - 1) for s in share]
        return np.array(pure + [4 * share[a] * share[b] for a, b in ((0, 1), (0, 2), (1, 2))])

    def _between(self, inputs: int) -> NDArray[np.float64]:
        """Accuracy of each mix for so many inputs, (mixes, draws)."""
        k = self.strategies.index(self.strategy)
        grid = np.frombuffer(self.grid, np.float32).reshape(-1, len(MIXES), len(self.levels), self.draws)[k]
        after = max(1, int(np.searchsorted(self.levels, inputs)))
        low, high = self.levels[after - 1], self.levels[after]
        way = np.log(inputs / low) / np.log(high / low)
        return (1 - way) * grid[:, after - 1].astype(float) + way * grid[:, after]

    def picture(self) -> bytes:
        """The bill, and the accuracy of what is picked."""
        price = self.prices[self.price_list]
        bill = [(form, count, price[form]) for form, count in zip(FORMS, self.counts, strict=True)]
        return png(teach.purchase(bill, self.budget, self.band()))

    def sentence(self) -> str:
        """What is picked, what it costs, and what it is worth."""
        picked = ", ".join(f"{count} × {form}" for form, count in zip(FORMS, self.counts, strict=True) if count)
        bill = f"{picked or 'Nothing'}, pictures chosen {self.strategy}: {self.spent():g} of {self.budget:g} credits."
        band = self.band()
        if band is None:
            return f"{bill} That is beyond the budget, or too few pictures to be measured."
        low, high = 100 * band.low, 100 * band.high
        return f"{bill} A student of these is right on {100 * band.mean:.1f} % ({low:.1f} to {high:.1f}). {self.note}"
