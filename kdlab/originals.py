"""The 70,000 original Fashion-MNIST images, where they are found, and how they are split.

The shipped subset, the images the shipped teacher was trained on, and the splits of ``fashion-mnist-full`` are all
drawn here, so that what overlaps and what does not is decided in one place.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kdlab.registry import data_dir

CLASSES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

# sha256 of the *unpacked* files: whoever packs them again gets another .gz, but not another content.
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


class Originals(NamedTuple):
    """Images uint8 (N, 28, 28), labels uint8 (N,): 60,000 for training, 10,000 for testing."""

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


class Indices(NamedTuple):
    """Positions in the original files, int32, ascending; every class has an equal share of each.

    Args:
        train: 10,000 of the original training images, which ship.
        validation: 2,000 more of them, which ship.
        test: 2,000 of the original test images, which ship.
        teacher: the other 48,000 training images; the shipped teacher was trained on them.
        full_train: 55,000: the teacher's, and 7,000 of the shipped ``train``.
        full_validation: 5,000: the shipped ``validation`` and 3,000 of the shipped ``train``, all new to the teacher.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    teacher: np.ndarray
    full_train: np.ndarray
    full_validation: np.ndarray


def folders() -> list[Path]:
    """Where the originals are looked for, in this order."""
    named = [Path(os.environ["KDLAB_ORIGINALS"]).expanduser()] if os.environ.get("KDLAB_ORIGINALS") else []
    return [*named, data_dir() / "originals", Path("/usr/share/datasets/fashion-mnist")]


def find() -> Path | None:
    """The first folder that holds all four ``.gz`` files, or None."""
    return next((f for f in folders() if all((f / f"{name}.gz").is_file() for name in SHA256)), None)


def read() -> Originals:
    """Read and verify the four original files.

    Raises:
        FileNotFoundError: no folder holds them; the message says which were tried.
        ValueError: a file's content is not the original one.
    """
    folder = find()
    if folder is None:
        raise FileNotFoundError(
            "the original Fashion-MNIST files (" + ", ".join(f"{name}.gz" for name in SHA256) + ") were not found in "
            + ", ".join(map(str, folders()))
            + "; get them with `apt-get install dataset-fashion-mnist`, or from "
            "https://github.com/zalandoresearch/fashion-mnist, and set KDLAB_ORIGINALS to their folder"
        )  # fmt: skip
    return Originals(*(_idx(folder, name) for name in SHA256))


def _idx(folder: Path, name: str) -> np.ndarray:
    path = folder / f"{name}.gz"
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, ValueError) as problem:
        raise ValueError(f"original file {path} cannot be unpacked: {problem}; fetch it again") from problem
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise ValueError(
            f"original file {path}, unpacked: expected sha256 {SHA256[name]}, found {found}; fetch it again"
        )
    dimensions = content[3]  # the idx format: two zeros, the type (8: uint8), the number of dimensions, then each size
    sizes = np.frombuffer(content, ">i4", count=dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(sizes)


def split(train_y: np.ndarray, test_y: np.ndarray, seed: int = 0) -> Indices:
    """Draw every split from the original labels, class by class, so that each class has an equal share.

    Args:
        train_y: the 60,000 original training labels, 6,000 of each class.
        test_y: the 10,000 original test labels, 1,000 of each class.
        seed: of the draw; the files that ship were drawn with 0.
    """
    # RandomState's stream is frozen for good; default_rng's may change with a new NumPy, and the splits with it.
    draw = np.random.RandomState(seed)
    train = [draw.permutation(np.flatnonzero(train_y == c)) for c in range(len(CLASSES))]
    test = [draw.permutation(np.flatnonzero(test_y == c)) for c in range(len(CLASSES))]

    def part(members: list[np.ndarray], start: int, stop: int | None) -> np.ndarray:
        return np.sort(np.concatenate([m[start:stop] for m in members])).astype(np.int32)

    return Indices(
        train=part(train, 200, 1200),
        validation=part(train, 0, 200),
        test=part(test, 0, 200),
        teacher=part(train, 1200, None),
        full_train=part(train, 500, None),
        full_validation=part(train, 0, 500),
    )
