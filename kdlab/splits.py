"""A part of a data set: inputs, in one or several views, their labels, and the checks that both must pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdlab import check
from kdlab.shifts import ways


@dataclass(frozen=True, eq=False)
class Split:
    """Inputs and labels. The tensors may be shared with other data sets: read them, never write into them.

    Args:
        x: inputs, float32, (N, …); images (N, 1, H, W) in [0, 1].
        y: labels, int64, (N,), complete and in [0, C); a student may use those marked in ``labelled`` only.
        labelled: bool, (N,); True throughout for validation and test.
        views: the same samples in other ways: name -> inputs, float32, (N, …); ``x`` is one of them. Empty where
            there is one way only.
        rows: numbers of the samples in the whole data set, int64, (N,): what edges and lines go by.
        shifts: in how many shifted ways an image may be seen in training beside the plain one: see :meth:`ways`.
    """

    x: Tensor
    y: Tensor
    labelled: Tensor
    views: Mapping[str, Tensor] = field(default_factory=dict)
    rows: Tensor | None = None
    shifts: int = 0

    def __len__(self) -> int:
        return len(self.y)

    def seen(self, view: str | None = None) -> Tensor:
        """The inputs in a view, (N, …); ``x`` for None.

        Raises:
            ValueError: there is no such view.
        """
        if view is None:
            return self.x
        if not self.views:
            raise ValueError(f"view must be None, since these data have one view only, got {view!r}")
        check.choice(self.views, view=view)
        return self.views[view]

    def ways(self, view: str | None = None) -> Tensor:
        """The inputs in a view, (N, …); where images are shifted, followed by all of them by each shift."""
        return ways(self.seen(view), self.shifts)

    def at(self, index: Tensor) -> Split:
        """Some of the samples, all that belongs to them included: ``index`` is a bool mask or holds places."""
        views = {name: view[index] for name, view in self.views.items()}
        current = next((name for name, view in self.views.items() if view is self.x), None)
        return replace(
            self,
            x=self.x[index] if current is None else views[current],
            y=self.y[index],
            labelled=self.labelled[index],
            views=views,
            rows=None if self.rows is None else self.rows[index],
        )

    def with_view(self, view: str) -> Split:
        """The same samples with another view as ``x``."""
        return replace(self, x=self.seen(view))


def checked(part: str, x: Any, y: Any, start: int = 0) -> Split:
    """A split of inputs and labels, once they are found to be right.

    Args:
        part: how messages call it: ``""``, ``"validation "`` or ``"test "``.
        x: tensor or array of floats (N, …); or several, by the names of the views, of which the first is ``x``.
        y: whole numbers, (N,).
        start: the number of its first row.

    Raises:
        ValueError: lengths differ, there is no sample, or x holds NaN or infinity.
        TypeError: x is not of floats, or y not of whole numbers.
    """
    y = torch.as_tensor(y).detach()
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise TypeError(f"{part}y must hold whole numbers, got {y.dtype}")
    check.shape(1, "(samples,)", **{f"{part}y": y})
    if isinstance(x, Mapping):
        views = {name: _inputs(f"{part}x[{name!r}]", view, part, y) for name, view in x.items()}
        if not views:
            raise ValueError(f"{part}x must hold one view at least, got an empty dict")
        first = next(iter(views.values()))
    else:
        views, first = {}, _inputs(f"{part}x", x, part, y)
    rows = torch.arange(start, start + len(y))
    return Split(first, y.long(), torch.ones(len(y), dtype=torch.bool), views, rows)


def _inputs(name: str, x: Any, part: str, y: Tensor) -> Tensor:
    x = torch.as_tensor(x).detach()
    if not x.is_floating_point():
        raise TypeError(f"{name} must hold floats (images: x.float() / 255), got {x.dtype}")
    if x.ndim < 2 or len(x) == 0:
        raise ValueError(f"{name} must have shape (samples, …) with one sample at least, got {tuple(x.shape)}")
    check.same_batch(**{name: x, f"{part}y": y})
    check.finite(**{name: x})
    return x.float()


def same_form(part: str, split: Split, first: Split) -> None:
    """A split has the views of the first one, and samples of the same shapes.

    Raises:
        ValueError: it has not.
    """
    if list(split.views) != list(first.views):
        raise ValueError(f"{part}x must have the training inputs' views {list(first.views)}, got {list(split.views)}")
    for name in first.views or [None]:
        got, wanted = (tuple(s.seen(name).shape[1:]) for s in (split, first))
        if got != wanted:
            where = "x" if name is None else f"x[{name!r}]"
            raise ValueError(f"{part}{where} must have samples of the training images' shape {wanted}, got {got}")


def labels_within(name: str, y: Tensor, classes: int) -> None:
    """All labels are in [0, classes).

    Raises:
        ValueError: one is not.
    """
    bad = ((y < 0) | (y >= classes)).nonzero().flatten()
    if len(bad):
        raise ValueError(
            f"{name} must hold labels in [0, {classes}), got {y[bad[0]].item()} at index {bad[0].item()} "
            f"({len(bad)} such labels)"
        )


def stratified_order(y: np.ndarray, seed: int) -> np.ndarray:
    """All indices in an order of which every beginning mirrors the classes' shares and has each class early."""
    # RandomState's stream is frozen for good; default_rng's may change with a new NumPy, and the draws with it.
    shuffled = np.random.RandomState(seed).permutation(len(y))
    place = np.empty(len(y))
    for c in np.unique(y):
        members = shuffled[y[shuffled] == c]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
        place[members[0]] = 0.0
    return shuffled[np.argsort(place[shuffled], kind="stable")]
