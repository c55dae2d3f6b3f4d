"""Build ``data/wordnet-edges.npz``, which rows of wordnet-topics are related, and register its sha256.

    python data/build/wordnet_edges.py

Needs the same files as wordnet_topics.py.
"""

from __future__ import annotations

import io

import numpy as np
from wordnet_topics import Synset, chosen, synsets

from kdlab import registry

FILE = "wordnet-edges.npz"
KINDS = {"@", "@i"}  # is a kind of, is an instance of


def kinds_above(synset: Synset, found: dict[int, Synset], rows: dict[int, int]) -> set[int]:
    """The nearest kinds of thing above a meaning that have a row: up each way until one is met."""
    met, seen, ways = set(), set(), [synset.place]
    while ways:
        above = {to for place in ways for symbol, to in found[place].pointers if symbol in KINDS} - seen
        seen |= above
        met |= {place for place in above if place in rows}
        ways = [place for place in above if place not in rows]
    return met


def edges() -> np.ndarray:
    """Pairs of rows, uint16 (E, 2), each once and sorted: pointers of any sort, and the nearest kind above."""
    found = synsets()
    rows = {s.place: row for row, s in enumerate(chosen(found))}
    pairs = set()
    for place, row in rows.items():
        pointed = {to for _, to in found[place].pointers if to in rows} | kinds_above(found[place], found, rows)
        pairs |= {(min(row, rows[to]), max(row, rows[to])) for to in pointed - {place}}
    return np.array(sorted(pairs), np.uint16)


def packed(pairs: np.ndarray) -> bytes:
    """The ``.npz`` as bytes; NumPy dates each member 1980-01-01, so equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, edges=pairs)
    return buffer.getvalue()


if __name__ == "__main__":
    content = packed(edges())
    print(f"{registry.data_dir() / FILE}: {len(content):,} bytes, sha256 {registry.put(FILE, content)}")
