"""Rows of a data set, in a shuffled order that depends on seed and step alone."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from kdlab.data import Dataset


class Batch(NamedTuple):
    """Rows of a data set's training inputs.

    Attributes:
        index: their places, (batch,) int64.
        x: inputs, (batch, …).
        labels: (batch,) int64, meaningful only where ``known``.
        known: (batch,) bool.
    """

    index: Tensor
    x: Tensor
    labels: Tensor
    known: Tensor


class Order:
    """A shuffled order of ``n`` rows in batches; being a function of the step, it can be resumed anywhere."""

    def __init__(self, n: int, batch_size: int, seed: int):
        self.n, self.batch_size, self.seed = n, batch_size, seed
        self.per_epoch = math.ceil(n / batch_size)
        self._epoch: int | None = None

    def __call__(self, step: int) -> Tensor:
        """The rows of a step, counted from 0: (batch,) int64; the last batch of an epoch may be short."""
        epoch, place = divmod(step, self.per_epoch)
        if self._epoch != epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._batches = torch.randperm(self.n, generator=generator).split(self.batch_size)
            self._epoch = epoch
        return self._batches[place]


class Batches:
    """What each step sees: a transfer batch from all inputs, and a label batch from the labelled ones.

    Args:
        data: the data set.
        size: rows of a batch.
        seed: of both orders.
    """

    def __init__(self, data: Dataset, size: int, seed: int):
        self.train = data.train
        self.transfer = Order(len(data.train), size, seed)
        self.labelled = data.train.labelled.nonzero().squeeze(1)
        all_labelled = len(self.labelled) == len(data.train)
        self.labels = None if all_labelled else Order(len(self.labelled), size, seed + 500_009)

    def __call__(self, step: int) -> tuple[Batch, Batch]:
        """Transfer batch and label batch of a step, counted from 0; one and the same where all are labelled."""
        transfer = self._rows(self.transfer(step))
        return transfer, transfer if self.labels is None else self._rows(self.labelled[self.labels(step)])

    def _rows(self, index: Tensor) -> Batch:
        return Batch(index, self.train.x[index], self.train.y[index], self.train.labelled[index])
