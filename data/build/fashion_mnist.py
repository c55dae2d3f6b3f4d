"""Build ``data/fashion-mnist.npz`` from the original files, and register its sha256.

    python data/build/fashion_mnist.py

Needs the originals (`apt-get install dataset-fashion-mnist`, or KDLAB_ORIGINALS=folder). The same bytes come out
wherever zlib packs alike; the arrays are the same in any case.
"""

from __future__ import annotations

import io

import numpy as np

from kdlab import originals, registry

FILE = "fashion-mnist.npz"
ORIGIN = (
    "Fashion-MNIST (Zalando Research, MIT licence), 12,000 of the 60,000 original training images "
    "and 2,000 of the 10,000 test images"
)


def arrays(found: originals.Originals) -> dict[str, np.ndarray]:
    """What the file holds: images uint8 (N, 28, 28), labels uint8 and original indices int32 (N,) of each split."""
    drawn = originals.split(found.train_y, found.test_y)
    held = {"classes": np.array(originals.CLASSES), "origin": np.array(ORIGIN)}
    for part, x, y in (
        ("train", found.train_x, found.train_y),
        ("validation", found.train_x, found.train_y),
        ("test", found.test_x, found.test_y),
    ):
        index = getattr(drawn, part)
        held |= {f"{part}_x": x[index], f"{part}_y": y[index], f"{part}_index": index}
    return held


def packed(held: dict[str, np.ndarray]) -> bytes:
    """The ``.npz`` as bytes; NumPy dates each member 1980-01-01, so equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **held)
    return buffer.getvalue()


if __name__ == "__main__":
    content = packed(arrays(originals.read()))
    digest = registry.put(FILE, content)
    print(f"{registry.data_dir() / FILE}: {len(content):,} bytes, sha256 {digest}")
