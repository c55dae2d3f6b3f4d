"""Data sets: images or words with labels, of which a student may use a share.

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

from kdlab import check, originals, registry, texts
from kdlab.graphs import Graph
from kdlab.registry import data_dir, verify
from kdlab.splits import Split, checked, labels_within, same_form, stratified_order

__all__ = ["Dataset", "Split", "data_dir", "load", "names", "stratified_order", "verify"]

FULL = "fashion-mnist-full"
Pair = tuple[Any, Any]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training, validation and test samples of one task; made by :func:`load` or :meth:`from_tensors`.

    Args:
        name: what it is called in recipes and tables.
        train: labelled samples and, beside them, the unlabelled pool, in the order of the file.
        validation: for every choice; all labelled.
        test: for the last word; all labelled.
        classes: a name per class, in the order of the labels.
        origin: where it comes from, in a line.
        whole: all training samples, from which :meth:`with_labels` draws; None: ``train``.
        edges: pairs of related samples, int64, (E, 2), each once; they go by the rows of the splits, and lead from
            one split to another too. None where nothing is known of that.
        lines: how each sample reads, by its row; empty for what is looked at.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    classes: list[str]
    origin: str = ""
    whole: Split | None = field(default=None, repr=False)
    edges: Tensor | None = field(default=None, repr=False)
    lines: Sequence[str] = field(default=(), repr=False)

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
                Or a dict of several views of the same samples: the first is ``x``, see :meth:`with_view`.
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
        splits, start = {}, 0
        for part, pair in {"": (x, y), "validation ": validation, "test ": test}.items():
            splits[part] = checked(part, *pair, start)
            start += len(splits[part])
        if classes is None:
            classes = [str(c) for c in range(1 + max(int(s.y.max()) for s in splits.values()))]
        for part, s in splits.items():
            labels_within(f"{part}y", s.y, len(classes))
            same_form(part, s, splits[""])
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
        train = replace(whole, labelled=mask)
        if pool is not None and pool < rest:
            kept = mask.clone()
            shuffled = torch.from_numpy(np.random.RandomState([labelled_seed, 1]).permutation(len(whole)))
            kept[shuffled[~mask[shuffled]][:pool]] = True
            train = train.at(kept)
        return replace(self, train=train, whole=whole)

    @property
    def view(self) -> str | None:
        """Name of the view that is ``x``; None where there is one way only to see a sample."""
        return next((name for name, seen in self.train.views.items() if seen is self.train.x), None)

    @property
    def views(self) -> list[str]:
        """Names of the views; empty where there is one way only to see a sample."""
        return list(self.train.views)

    def with_view(self, view: str) -> Dataset:
        """The same samples, labels and draw, with another view as ``x``.

        Raises:
            ValueError: there is no such view.
        """
        whole = self.whole or self.train
        seen = {part: getattr(self, part).with_view(view) for part in ("train", "validation", "test")}
        return replace(self, **seen, whole=whole.with_view(view))

    def everything(self, view: str | None = None) -> Tensor:
        """Inputs of all samples, by their rows, as a graph network sees them at once: (N, …)."""
        return torch.cat([s.seen(view) for s in (self.whole or self.train, self.validation, self.test)])

    @property
    def graph(self) -> Graph | None:
        """All samples in the first view and the edges between them; None where nothing is known of that."""
        return None if self.edges is None else Graph(self.everything(self.views[0] if self.views else None), self.edges)

    @property
    def note(self) -> str:
        """One line: the origin, and how many labels students and choices could use."""
        labels = int(self.train.labelled.sum())
        what = "words" if self.lines else "images"
        return (
            f"{self.origin or self.name}: {labels:,} training labels, {len(self.train) - labels:,} unlabelled {what} "
            f"beside them, {len(self.validation):,} validation labels, {len(self.test):,} test labels"
        )


def names() -> list[str]:
    """The data sets that :func:`load` knows."""
    images = [Path(f).stem for f in registry.entries() if f.endswith(".npz") and f not in texts.files()]
    return [*images, FULL, *texts.names()]


def load(
    name: str,
    labelled: int | None = None,
    pool: int | None = None,
    labelled_seed: int = 0,
    *,
    view: str | None = None,
    task: str | None = None,
) -> Dataset:
    """A data set by name; its file is verified and read once per process, its tensors are shared.

    Args:
        name: one of :func:`names`. ``fashion-mnist`` is the same on every machine; ``fashion-mnist-full`` (all
            70,000 images, 220 MB of memory) needs the original files.
        labelled: how many training samples carry a label that students may use; None: all.
        pool: how many unlabelled samples are kept beside them; None: all the rest; 0: none.
        labelled_seed: of the draw of both.
        view: which view is ``x``, for data with several: of ``fashion-mnist`` picture, silhouette or upper-half, of
            ``wordnet-topics`` gloss, embedding, spelling or node, of ``cmudict-tasks`` letters or endings; None: the
            first.
        task: what is asked, for data with several questions: of ``cmudict-tasks`` syllables, stress or last-phoneme;
            None: the first.

    Raises:
        ValueError: a name is unknown, a number is out of range, or the file's sha256 is not the registered one.
        FileNotFoundError: the file, or for ``fashion-mnist-full`` the originals, are missing.
    """
    check.choice(names(), name=name)
    if task is not None:
        if not texts.tasks(name):
            raise ValueError(f"task must be None, since {name!r} asks one question only, got {task!r}")
        check.choice(texts.tasks(name), task=task)
    found = _full(originals.find()) if name == FULL else _shipped(name, task, data_dir())
    return (found if view is None else found.with_view(view)).with_labels(labelled, pool, labelled_seed)


@lru_cache(maxsize=4)
def _shipped(name: str, task: str | None, folder: Path) -> Dataset:
    """Read registered files; ``folder`` is there for the cache's key."""
    if name in texts.names():
        return _of_text(name, texts.read(name, task))
    file = f"{name}.npz"
    with np.load(io.BytesIO(registry.read(file)), allow_pickle=False) as held:
        arrays = {key: held[key] for key in held.files}
    parts = ("train", "validation", "test")
    if missing := [key for part in parts for key in (f"{part}_x", f"{part}_y") if key not in arrays]:
        raise ValueError(f"data file {folder / file} must hold {', '.join(missing)}, got {', '.join(arrays)}")
    train, validation, test = (_images(arrays[f"{part}_x"], arrays[f"{part}_y"], views=True) for part in parts)
    classes = [str(c) for c in arrays["classes"]] if "classes" in arrays else None
    origin = str(arrays.get("origin", name))
    return Dataset.from_tensors(*train, validation=validation, test=test, classes=classes, name=name, origin=origin)


def _of_text(name: str, t: texts.Texts) -> Dataset:
    ends = np.cumsum(t.sizes)[:-1]
    views = [
        dict(zip(t.views, parts, strict=True))
        for parts in zip(*(np.split(v, ends) for v in t.views.values()), strict=True)
    ]
    train, validation, test = zip(views, np.split(t.labels, ends), strict=True)
    made = Dataset.from_tensors(*train, validation=validation, test=test, classes=t.classes, name=name, origin=t.origin)
    return replace(made, lines=t.lines, edges=None if t.edges is None else torch.from_numpy(t.edges))


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


def _images(x: np.ndarray, y: np.ndarray, views: bool = False) -> tuple[Tensor | dict[str, Tensor], Tensor]:
    """Images of bytes (N, H, W) as float32 (N, 1, H, W) in [0, 1]; inputs of floats as they are.

    With ``views`` also the silhouette, 1 where there is anything, and the upper half, the lower one black.
    """
    tensor = torch.tensor(x)
    if tensor.dtype == torch.uint8:
        tensor = tensor.float() / 255
        tensor = tensor[:, None] if tensor.ndim == 3 else tensor
    if not views or tensor.ndim != 4:
        return tensor, torch.tensor(y)
    upper = tensor.clone()
    upper[:, :, tensor.shape[2] // 2 :] = 0
    return {"picture": tensor, "silhouette": (tensor > 0).float(), "upper-half": upper}, torch.tensor(y)
