"""Build ``data/words-en.txt.gz`` from Debian's American word list, and register its sha256.

    python data/build/words_en.py

Needs `apt-get install wamerican` (or KDLAB_ORIGINALS=folder, with dict/american-english in it).
"""

from __future__ import annotations

import re

from kdlab import registry, sources

FILE = "words-en.txt.gz"


def words() -> list[str]:
    """Words of 3 to 15 letters a to z, without capitals, accents and apostrophes, sorted."""
    listed = sources.read("dict/american-english").decode().splitlines()
    return sorted({word for word in listed if re.fullmatch("[a-z]{3,15}", word)})


if __name__ == "__main__":
    content = sources.gzipped(words())
    print(f"{registry.data_dir() / FILE}: {len(content):,} bytes, sha256 {registry.put(FILE, content)}")
