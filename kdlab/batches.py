"""Rows of a data set, in a shuffled order that depends on seed and step alone."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from kdlab.data import Dataset, Split, stratified_order
from kdlab.shifts import drawn


class Batch(NamedTuple):
    """Rows of a data set's training inputs.

    Attributes:
        index: their places, (batch,) int64.
        x: inputs, (batch, …).
        labels: (batch,) int64, meaningful only where ``known``.
        known: (batch,) bool.
        source: where the rows are from, for those who see them in another view.
        place: where they are among the ways in which the inputs are seen (:meth:`kdlab.splits.Split.ways`), (batch,)
            int64; None: ``index``.
    """

    index: Tensor
    x: Tensor
    labels: Tensor
    known: Tensor
    source: Split | None = None
    place: Tensor | None = None

    def seen(self, view: str | None) -> Tensor:
        """The inputs in a view, (batch, …); ``x`` for None."""
        return self.x if view is None else self.source.ways(view).index_select(0, self.among)

    @property
    def among(self) -> Tensor:
        """Where they are among the ways in which the inputs are seen: (batch,) int64."""
        return self.index if self.place is None else self.place


class Order:
    """A shuffled order of ``n`` rows in batches; being a function of the step, it can be resumed anywhere.

    Args:
        n: rows, at least 1.
        batch_size: of all batches but the last of an epoch, which may be short.
        seed: of the order.
        pairs: a last batch of one row takes a second one from the batch before it.

    Raises:
        ValueError: ``pairs`` is asked for where a batch of one row cannot be avoided.
    """

    def __init__(self, n: int, batch_size: int, seed: int, *, pairs: bool = False):
        self.n, self.batch_size, self.seed = n, batch_size, seed
        self.per_epoch = math.ceil(n / batch_size)
        self.sizes = [batch_size] * (self.per_epoch - 1) + [n - batch_size * (self.per_epoch - 1)]
        if pairs and self.sizes[-1] == 1:
            if n == 1 or batch_size < 3:
                raise ValueError(
                    f"batch_size must leave no batch of one sample, on which this network's BatchNorm cannot be "
                    f"trained, got {batch_size} for {n} inputs"
                )
            self.sizes[-2:] = [batch_size - 1, 2]
        self._epoch: int | None = None

    def __call__(self, step: int) -> Tensor:
        """The rows of a step, counted from 0: (batch,) int64."""
        epoch, place = divmod(step, self.per_epoch)
        if self._epoch != epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._batches = torch.randperm(self.n, generator=generator).split(self.sizes)
            self._epoch = epoch
        return self._batches[place]


class Rows:
    """Those rows of the training inputs that are at hand, all of them and the labelled ones, each in its order."""

    def __init__(self, train: Split, rows: Tensor, size: int, seed: int, pairs: bool):
        self.rows, self.labelled = rows, rows[train.labelled[rows]]
        self.all = len(rows) == len(train)
        self.transfer = Order(len(rows), size, seed, pairs=pairs)
        one_serves = len(self.labelled) in (0, len(rows))  # all are labelled, or labels play no part (alpha 1)
        self.labels = None if one_serves else Order(len(self.labelled), size, seed + 500_009, pairs=pairs)

    def __call__(self, step: int) -> tuple[Tensor, Tensor | None]:
        """Places of a step's transfer batch and label batch; None where one serves both."""
        transfer = self.transfer(step)
        labels = None if self.labels is None else self.labelled[self.labels(step)]
        return transfer if self.all else self.rows[transfer], labels

    @property
    def shortest(self) -> int:
        """Rows of the smallest batch."""
        return min(min(order.sizes) for order in (self.transfer, self.labels) if order is not None)


class Batches:
    """What each step sees: a transfer batch from all inputs, and a label batch from the labelled ones.

    Args:
        data: the data set.
        size: rows of a batch.
        seed: of both orders.
        late: share of the labelled images that are not there from the beginning, in [0, 1).
        late_after: epochs after which they come.
        eras: rows that are at hand before they come, and after, int64; instead of ``late``.
        pairs: no batch of one row: see :class:`Order`.

    Raises:
        ValueError: fewer images than classes would be labelled at first, or a batch of one row cannot be avoided.
    """

    def __init__(
        self,
        data: Dataset,
        size: int,
        seed: int,
        *,
        late: float = 0.0,
        late_after: int = 1,
        eras: tuple[Tensor, Tensor] | None = None,
        pairs: bool = False,
    ):
        self.train, self.pairs, self.seed = data.train, pairs, seed
        self.ways = data.train.ways()
        self._shifted: tuple[int, Tensor] | None = None  # epoch, and the place of each image among the ways
        everything = torch.arange(len(self.train))
        first, then = (_early(data, late) if late else everything, everything) if eras is None else eras
        self.whole = Rows(self.train, everything, size, seed, pairs)
        self.early, self.later = (
            self.whole if len(rows) == len(everything) else Rows(self.train, rows, size, seed, pairs)
            for rows in (first, then)
        )
        self.arrival = late_after * self.transfer.per_epoch  # the first step, counted from 0, that sees what came

    @property
    def transfer(self) -> Order:
        """The order of all inputs; an epoch is one of theirs, even while some have not come."""
        return self.whole.transfer

    @property
    def shortest(self) -> int:
        """Rows of the smallest batch."""
        return min(self.early.shortest, self.later.shortest)

    def __call__(self, step: int) -> tuple[Batch, Batch]:
        """Transfer batch and label batch of a step, counted from 0; one and the same where all or none are labelled."""
        transfer, labelled = (self.early if step < self.arrival else self.later)(step)
        places = self._places(step // self.transfer.per_epoch) if self.train.shifts else None
        seen = self._rows(transfer, places)
        return seen, seen if labelled is None else self._rows(labelled, places)

    def _rows(self, index: Tensor, places: Tensor | None) -> Batch:
        # index_select is several times faster than x[index] on wide rows
        place = index if places is None else places.index_select(0, index)
        x = self.ways.index_select(0, place)
        y, known = (of.index_select(0, index) for of in (self.train.y, self.train.labelled))
        return Batch(index, x, y, known, self.train, place)

    def _places(self, epoch: int) -> Tensor:
        """Where each image is among the ways to see it, in this epoch: (N,) int64."""
        if self._shifted is None or self._shifted[0] != epoch:
            n = len(self.train)
            self._shifted = epoch, torch.arange(n) + n * drawn(n, self.train.shifts, self.seed, epoch)
        return self._shifted[1]


def _early(data: Dataset, share: float) -> Tensor:
    """All rows but the labelled ones that come late, which a stratified draw leaves, the same for every seed."""
    labelled = data.train.labelled.nonzero().squeeze(1)
    first = round(len(labelled) * (1 - share))
    fewest = len(data.train.y[labelled].unique())
    if not fewest <= first:
        raise ValueError(
            f"late must leave a label of each class at first ({fewest} of {len(labelled)} labels), got {share}"
        )
    order = torch.from_numpy(stratified_order(data.train.y[labelled].numpy(), 0))
    here = torch.ones(len(data.train), dtype=torch.bool)
    here[labelled[order[first:]]] = False
    return here.nonzero().squeeze(1)
