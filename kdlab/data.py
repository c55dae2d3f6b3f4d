"""Data sets: images with labels, of which a student may use a share.

``load(name)`` gives a data set that ships, verified by its sha256; ``Dataset.from_tensors`` makes one of anybody's own.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdlab import check, originals, registry
from kdlab.registry import data_dir, verify

__all__ = ["Dataset", "Split", "data_dir", "load", "names", "verify"]

FULL = "fashion-mnist-full"
Pair = tuple[Any, Any]


@dataclass(frozen=True, eq=False)
class Split:
    """Inputs and labels. The tensors may be shared with other data sets: read them, never write into them.

    Args:
        x: inputs, float32, (N, …); images (N, 1, H, W) in [0, 1].
        y: labels, int64, (N,), complete and in [0, C); a student may use those marked in ``labelled`` only.
        labelled: bool, (N,); True throughout for validation and test.
    """

    x: Tensor
    y: Tensor
    labelled: Tensor

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training, validation and test images of one task; made by :func:`load` or :meth:`from_tensors`.

    Args:
        name: what it is called in recipes and tables.
        train: labelled images and, beside them, the unlabelled pool, in the order of the file.
        validation: for every choice; all labelled.
        test: for the last word; all labelled.
        classes: a name per class, in the order of the labels.
        origin: where it comes from, in a line.
        whole: all training images, from which :meth:`with_labels` draws; None: ``train``.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: list[str]
    origin: str = ""
    whole: Split | None = field(default=None, repr=False)

    @classmethod
    def from_tensors(
        cls,
        x: Any,
        y: Any,
        *,
        validation: Pair,
        test: Pair,
        labelled: int | None = None,
        classes: Sequence[str] | None = None,
        pool: int | None = None,
        labelled_seed: int = 0,
        name: str = "own",
        origin: str = "own data",
    ) -> Dataset:
        """A data set of one's own.

        Args:
            x: training inputs, tensor or array of floats, (N, …); kept without a copy where it is float32 already.
            y: their labels, whole numbers in [0, C), (N,).
            validation: inputs and labels for choosing.
            test: inputs and labels for the last word.
            labelled: how many training images carry a label that students may use; None: all.
            classes: a name per class; None: "0", "1", … up to the largest label.
            pool: how many unlabelled images are kept beside them; None: all the rest.
            labelled_seed: of the draw of both.
            name: what to call it.
            origin: where it comes from, in a line.

        Raises:
            ValueError: lengths or shapes differ, a split is empty, x holds NaN or infinity, a label is outside
                [0, C), or ``labelled`` or ``pool`` is out of range.
            TypeError: x is not of floats, or y not of whole numbers.
        """
        given = {"": (x, y), "validation ": validation, "test ": test}
        splits = {part: _split(part, *pair) for part, pair in given.items()}
        if classes is None:
            classes = [str(c) for c in range(1 + max(int(s.y.max()) for s in splits.values()))]
        for part, s in splits.items():
            _labels(f"{part}y", s.y, len(classes))
            if s.x.shape[1:] != splits[""].x.shape[1:]:
                raise ValueError(
                    f"{part}x must have samples of the training images' shape {tuple(splits[''].x.shape[1:])}, "
                    f"got {tuple(s.x.shape[1:])}"
                )
        train, validation, test = splits.values()
        made = cls(name, train, validation, test, list(classes), origin, train)
        return made.with_labels(labelled, pool, labelled_seed)

    def with_labels(self, labelled: int | None = None, pool: int | None = None, labelled_seed: int = 0) -> Dataset:
        """The same data with another labelled share, drawn afresh from all training images.

        The draw is stratified (each class has its share, and one image at least) and nested: with one
        ``labelled_seed`` the 250 are among the 500. The pool is drawn without a look at its labels.

        Args:
            labelled: how many training images carry a label that students may use; None: all.
            pool: how many unlabelled images are kept beside them; None: all the rest; 0: none.
            labelled_seed: in [0, 2**32), of the draw of both.

        Raises:
            ValueError: there are fewer images than asked for, or fewer labels than classes.
        """
        whole = self.whole or self.train
        check.whole(0, labelled_seed=labelled_seed)
        check.between(0, 2**32 - 1, labelled_seed=labelled_seed)
        count = len(whole) if labelled is None else labelled
        fewest = len(whole.y.unique())
        if isinstance(count, bool) or not isinstance(count, int) or not fewest <= count <= len(whole):
            why = ": an empty labelled set" if count == 0 else ""
            raise ValueError(
                f"labelled must be a whole number from {fewest} (one label per class) to {len(whole)} "
                f"(every training image), or None for all, got {labelled!r}{why}"
            )
        rest = len(whole) - count
        if pool is not None and (isinstance(pool, bool) or not isinstance(pool, int) or not 0 <= pool <= rest):
            raise ValueError(
                f"pool must be a whole number from 0 (no unlabelled images) to {rest} (all that remain beside "
                f"{count} labelled ones), or None for all of them, got {pool!r}"
            )
        mask = torch.zeros(len(whole), dtype=torch.bool)
        mask[torch.from_numpy(stratified_order(whole.y.numpy(), labelled_seed)[:count])] = True
        train = Split(whole.x, whole.y, mask)
        if pool is not None and pool < rest:
            kept = mask.clone()
            shuffled = torch.from_numpy(np.random.RandomState([labelled_seed, 1]).permutation(len(whole)))
            kept[shuffled[~mask[shuffled]][:pool]] = True
            train = Split(whole.x[kept], whole.y[kept], mask[kept])
        return replace(self, train=train, whole=whole)

    @property
    def note(self) -> str:
        """One line: the origin, and how many labels students and choices could use."""
        labels = int(self.train.labelled.sum())
        return (
            f"{self.origin or self.name}: {labels:,} training labels, {len(self.train) - labels:,} unlabelled images "
            f"beside them, {len(self.validation):,} validation labels, {len(self.test):,} test labels"
        )


def names() -> list[str]:
    """The data sets that :func:`load` knows."""
    return [*(Path(f).stem for f in registry.entries() if f.endswith(".npz")), FULL]


def load(name: str, labelled: int | None = None, pool: int | None = None, labelled_seed: int = 0) -> Dataset:
    """A data set by name; its file is verified and read once per process, its tensors are shared.

    Args:
        name: one of :func:`names`. ``fashion-mnist`` is the same on every machine; ``fashion-mnist-full`` (all
            70,000 images, 220 MB of memory) needs the original files.
        labelled: how many training images carry a label that students may use; None: all.
        pool: how many unlabelled images are kept beside them; None: all the rest; 0: none.
        labelled_seed: of the draw of both.

    Raises:
        ValueError: the name is unknown, a number is out of range, or the file's sha256 is not the registered one.
        FileNotFoundError: the file, or for ``fashion-mnist-full`` the originals, are missing.
    """
    check.choice(names(), name=name)
    whole = _full(originals.find()) if name == FULL else _shipped(name, data_dir())
    return whole.with_labels(labelled, pool, labelled_seed)


@lru_cache(maxsize=4)
def _shipped(name: str, folder: Path) -> Dataset:
    """Read a registered ``.npz``; ``folder`` is there for the cache's key."""
    file = f"{name}.npz"
    with np.load(io.BytesIO(registry.read(file)), allow_pickle=False) as held:
        arrays = {key: held[key] for key in held.files}
    parts = ("train", "validation", "test")
    if missing := [key for part in parts for key in (f"{part}_x", f"{part}_y") if key not in arrays]:
        raise ValueError(f"data file {folder / file} must hold {', '.join(missing)}, got {', '.join(arrays)}")
    train, validation, test = (_images(arrays[f"{part}_x"], arrays[f"{part}_y"]) for part in parts)
    classes = [str(c) for c in arrays["classes"]] if "classes" in arrays else None
    origin = str(arrays.get("origin", name))
    return Dataset.from_tensors(*train, validation=validation, test=test, classes=classes, name=name, origin=origin)


@lru_cache(maxsize=1)
def _full(folder: Path | None) -> Dataset:
    """All the originals; ``folder`` is there for the cache's key."""
    found = originals.read()
    drawn = originals.split(found.train_y, found.test_y)
    train, validation = (
        _images(found.train_x[index], found.train_y[index]) for index in (drawn.full_train, drawn.full_validation)
    )
    test = _images(found.test_x, found.test_y)
    origin = (
        "Fashion-MNIST (Zalando Research, MIT licence), all 70,000 images; 48,000 of its 55,000 training images "
        "are those the shipped teacher was trained on, its validation and test images are not"
    )
    return Dataset.from_tensors(
        *train, validation=validation, test=test, classes=originals.CLASSES, name=FULL, origin=origin
    )


def _images(x: np.ndarray, y: np.ndarray) -> tuple[Tensor, Tensor]:
    """Images of bytes (N, H, W) as float32 (N, 1, H, W) in [0, 1]; inputs of floats as they are."""
    tensor = torch.tensor(x)
    if tensor.dtype == torch.uint8:
        tensor = tensor.float() / 255
        tensor = tensor[:, None] if tensor.ndim == 3 else tensor
    return tensor, torch.tensor(y)


def _split(part: str, x: Any, y: Any) -> Split:
    x, y = torch.as_tensor(x).detach(), torch.as_tensor(y).detach()
    if not x.is_floating_point():
        raise TypeError(f"{part}x must hold floats (images: x.float() / 255), got {x.dtype}")
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise TypeError(f"{part}y must hold whole numbers, got {y.dtype}")
    check.shape(1, "(samples,)", **{f"{part}y": y})
    if x.ndim < 2 or len(x) == 0:
        raise ValueError(f"{part}x must have shape (samples, …) with one sample at least, got {tuple(x.shape)}")
    check.same_batch(**{f"{part}x": x, f"{part}y": y})
    check.finite(**{f"{part}x": x})
    return Split(x.float(), y.long(), torch.ones(len(y), dtype=torch.bool))


def _labels(name: str, y: Tensor, classes: int) -> None:
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
