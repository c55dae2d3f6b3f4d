"""Words and their glosses: the data sets of text, each in several views, and the English word list.

A view shows the same samples in another way: a word's gloss as the words in it, as a transformer's embedding, or the
word itself as letters. Here all are plain arrays; ``kdlab.load`` makes data sets of them.
"""

from __future__ import annotations

import gzip
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kdlab import check, registry

__all__ = ["Texts", "Words", "files", "names", "read", "tasks", "words"]

LONGEST = 15  # letters of a word in words-en and cmudict-common
FILES = {
    "wordnet-topics": ("wordnet-topics.tsv.gz", "wordnet-edges.npz", "wordnet-minilm-int8.npz"),
    "cmudict-tasks": ("cmudict-common.tsv.gz",),
}
TASKS = {"cmudict-tasks": ("syllables", "stress", "last-phoneme")}
NODE = "node"  # the view of a graph network: a sample's number in the graph
VOCABULARY = {"gloss": 2000, "spelling": 1000}


class Texts(NamedTuple):
    """What a data set is made from; row i of everything is the same sample.

    Args:
        views: name -> float32 (N, …); the first is the default.
        labels: int64 (N,).
        classes: a name per class.
        sizes: how many rows are for training, validation and test; the rows come in this order.
        lines: how each sample reads.
        edges: pairs of related rows, int64 (E, 2), each once; None where nothing is known of that.
        origin: where it comes from, in a line.
    """

    views: dict[str, np.ndarray]
    labels: np.ndarray
    classes: list[str]
    sizes: tuple[int, int, int]
    lines: list[str]
    edges: np.ndarray | None
    origin: str


class Words(NamedTuple):
    """English words of 3 to 15 letters a to z; no word is in two parts."""

    train: list[str]
    validation: list[str]
    test: list[str]


def names() -> list[str]:
    """The data sets of text whose files are registered."""
    return [name for name, needed in FILES.items() if set(needed) <= set(registry.entries())]


def files() -> set[str]:
    """Files that a data set of text is made from."""
    return {file for needed in FILES.values() for file in needed}


def tasks(name: str) -> tuple[str, ...]:
    """What can be asked of the same samples, the default first; empty where there is but one question."""
    return TASKS.get(name, ())


def read(name: str, task: str | None = None) -> Texts:
    """A data set of text by name, its files verified and read once per process.

    Args:
        name: one of :func:`names`.
        task: one of :func:`tasks`; None: the first.

    Raises:
        ValueError: the name or the task is unknown, or a file's sha256 is not the registered one.
        FileNotFoundError: a file is missing.
    """
    check.choice(FILES, name=name)
    if name == "wordnet-topics":
        return _topics(registry.data_dir())
    task = task or TASKS[name][0]
    check.choice(TASKS[name], task=task)
    return _spoken(registry.data_dir(), task)


def words() -> Words:
    """The word list ``words-en``: 61,500 words to learn from, 1,000 for validation, 1,000 for the last word.

    No Dataset: a word has no label, and what a language model answers is one letter after the other.

    Raises:
        ValueError: the file's sha256 is not the registered one.
        FileNotFoundError: the file is missing.
    """
    listed = lines("words-en.txt.gz")
    order = shuffled(len(listed))
    return Words(*([listed[i] for i in np.sort(part)] for part in (order[2000:], order[:1000], order[1000:2000])))


def lines(file: str) -> list[str]:
    """The lines of a registered ``.gz``, verified."""
    return gzip.decompress(registry.read(file)).decode().splitlines()


def shuffled(n: int) -> np.ndarray:
    """All n rows in one order, always the same: RandomState's stream is frozen for good."""
    return np.random.RandomState(0).permutation(n)


def apart(labels: np.ndarray, keys: Sequence[Iterable[str]], each: int) -> np.ndarray:
    """Which part each row goes to, so that rows that share a key, directly or through others, stay together.

    Args:
        labels: classes of the rows, (N,).
        keys: what no two parts may have in common, for each row.
        each: rows of every class in the validation and in the test part.

    Returns:
        (N,): 0 training, 1 validation, 2 test.
    """
    from scipy.sparse import coo_matrix  # takes a fifth of a second to import
    from scipy.sparse.csgraph import connected_components

    number: dict[str, int] = {}
    pairs = np.array([(row, number.setdefault(k, len(number))) for row, own in enumerate(keys) for k in own])
    rows, count = len(labels), int(labels.max()) + 1
    size = rows + len(number)
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], rows + pairs[:, 1])), (size, size))
    groups: dict[int, list[int]] = {}
    for row, group in enumerate(connected_components(links, directed=False)[1][:rows]):
        groups.setdefault(group, []).append(row)
    part, left = np.zeros(rows, np.int64), {2: np.full(count, each), 1: np.full(count, each)}
    for members in [list(groups.values())[i] for i in shuffled(len(groups))]:
        needed = np.bincount(labels[members], minlength=count)
        into = next((p for p, room in left.items() if (needed <= room).all()), 0)
        part[members] = into
        if into:
            left[into] -= needed
    return part


def bag(tokens: Sequence[Iterable[str]], train: int, size: int) -> np.ndarray:
    """1 where a row has a token, else 0, float32 (N, size); the tokens are those that most training rows have.

    Args:
        tokens: of each row; the first ``train`` rows are for training.
        train: how many rows choose the tokens.
        size: how many tokens are kept; of those equally common the first in the alphabet.
    """
    counts = Counter(token for row in tokens[:train] for token in set(row))
    kept = sorted(counts, key=lambda token: (-counts[token], token))[:size]
    column = {token: i for i, token in enumerate(kept)}
    found = np.zeros((len(tokens), len(kept)), np.float32)
    for i, row in enumerate(tokens):
        found[i, [column[token] for token in row if token in column]] = 1
    return found


def gloss_words(gloss: str) -> list[str]:
    """Its words, in small letters."""
    return re.findall("[a-z]+", gloss.lower())


def letter_groups(word: str) -> list[str]:
    """Two and three letters in a row, ``<`` and ``>`` marking where the word begins and ends."""
    marked = f"<{word.lower()}>"
    return [marked[i : i + n] for n in (2, 3) for i in range(len(marked) - n + 1)]


def letters(listed: Sequence[str], *, from_end: bool = False) -> np.ndarray:
    """One of 26 at each of 15 places, float32 (N, 390): from the first letter on, or so that the last ones align."""
    found = np.zeros((len(listed), LONGEST, 26), np.float32)
    for row, word in enumerate(listed):
        start = LONGEST - len(word) if from_end else 0
        found[row, range(start, start + len(word)), [ord(letter) - ord("a") for letter in word]] = 1
    return found.reshape(len(listed), -1)


@lru_cache(maxsize=1)
def _topics(folder: Path) -> Texts:
    """WordNet; ``folder`` is there for the cache's key."""
    table, edge_file, embedding_file = FILES["wordnet-topics"]
    topic, word, gloss = zip(*(line.split("\t") for line in lines(table)), strict=True)
    classes = list(dict.fromkeys(topic))
    labels = np.array([classes.index(t) for t in topic])
    part = apart(labels, [(f"word {w.lower()}", f"gloss {g}") for w, g in zip(word, gloss, strict=True)], each=100)
    order = np.argsort(part, kind="stable")  # training, validation, test; within each as in the file
    place = np.argsort(order)
    train, validation, test = np.bincount(part).tolist()
    with np.load(io.BytesIO(registry.read(embedding_file)), allow_pickle=False) as held:
        embedding = held["q"].astype(np.float32) * held["scale"].astype(np.float32)
    with np.load(io.BytesIO(registry.read(edge_file)), allow_pickle=False) as held:
        edges = place[held["edges"].astype(np.int64)]
    views = {
        "gloss": bag([gloss_words(gloss[i]) for i in order], train, VOCABULARY["gloss"]),
        "embedding": embedding[order],
        "spelling": bag([letter_groups(word[i]) for i in order], train, VOCABULARY["spelling"]),
        NODE: np.arange(len(labels), dtype=np.float32)[:, None],
    }
    origin = "WordNet 3.0 (Princeton University), 8,000 nouns of 10 topics; embeddings by all-MiniLM-L6-v2"
    read_as = [f"{word[i]}: {gloss[i]}" for i in order]
    return Texts(views, labels[order], classes, (train, validation, test), read_as, edges, origin)


@lru_cache(maxsize=1)
def _pronounced(folder: Path) -> tuple[list[str], list[list[str]], dict[str, np.ndarray]]:
    """Words of CMUdict, their phonemes, and the views that all tasks share; ``folder`` is there for the cache's key."""
    pairs = [line.split("\t") for line in lines("cmudict-common.tsv.gz")]
    pairs = [pair for pair in pairs if "1" in pair[1]]  # without 14 words that have no main stress
    pairs = [pairs[i] for i in shuffled(len(pairs))]
    listed = [word for word, _ in pairs]
    views = {"letters": letters(listed), "endings": letters(listed, from_end=True)}
    return listed, [phonemes.split() for _, phonemes in pairs], views


def _spoken(folder: Path, task: str) -> Texts:
    listed, phonemes, views = _pronounced(folder)
    labels, classes = _answers(phonemes, task)
    read_as = [f"{word}: {' '.join(spoken)}" for word, spoken in zip(listed, phonemes, strict=True)]
    origin = f"CMUdict (Carnegie Mellon University), {len(listed):,} common English words, task {task}"
    return Texts(views, labels, classes, (len(listed) - 8000, 4000, 4000), read_as, None, origin)


def _answers(phonemes: list[list[str]], task: str) -> tuple[np.ndarray, list[str]]:
    """The labels of a task and the names of its classes; what is rare goes together."""
    stresses = [[p[-1] for p in spoken if p[-1].isdigit()] for spoken in phonemes]  # of each vowel: 0, 1 main, 2
    if task == "syllables":
        return np.array([min(len(s), 6) - 1 for s in stresses]), ["1", "2", "3", "4", "5", "6 or more"]
    if task == "stress":
        return np.array([min(s.index("1"), 3) for s in stresses]), ["1st", "2nd", "3rd", "4th or later"]
    last = [spoken[-1].rstrip("012") for spoken in phonemes]
    common = sorted(p for p, count in Counter(last).items() if count >= 100)
    return np.array([common.index(p) if p in common else len(common) for p in last]), [*common, "other"]
