"""Build ``data/wordnet-topics.tsv.gz``, glosses of WordNet's nouns, and register its sha256.

    python data/build/wordnet_topics.py

Needs `apt-get install wordnet-base` (or KDLAB_ORIGINALS=folder, with wordnet/data.noun and wordnet/cntlist.rev in it).
The format of both is described in `man 5 wndb` and `man 5 cntlist`.
"""

from __future__ import annotations

from typing import NamedTuple

from kdlab import registry, sources

FILE = "wordnet-topics.tsv.gz"
EACH = 800
CLASSES = {  # the numbers of WordNet's lexicographer files, in the order of the rows
    5: "animal",
    20: "plant",
    13: "food",
    8: "body",
    6: "artifact",
    18: "person",
    15: "location",
    10: "communication",
    27: "substance",
    4: "act",
}


class Synset(NamedTuple):
    """A meaning: its place in data.noun, its topic's number, its words, how often they were seen in this meaning in
    WordNet's tagged texts, its pointers (symbol, place of the noun pointed at), and its gloss with the examples.
    """

    place: int
    topic: int
    words: list[str]
    count: int
    pointers: list[tuple[str, int]]
    links: int
    gloss: str


def synsets() -> dict[int, Synset]:
    """All meanings of nouns, by their place in data.noun."""
    tagged = {}
    for line in sources.read("wordnet/cntlist.rev").decode().splitlines():
        sense, _, count = line.split(" ")
        tagged[sense] = int(count)
    return {
        s.place: s
        for line in sources.read("wordnet/data.noun").decode("latin-1").splitlines()
        if not line.startswith("  ")  # the licence
        for s in [_parsed(line, tagged)]
    }


def _parsed(line: str, tagged: dict[str, int]) -> Synset:
    fields, _, gloss = line.partition(" | ")
    place, topic, _, how_many, *rest = fields.split(" ")
    end = 2 * int(how_many, 16)
    words, marks = rest[0:end:2], rest[1:end:2]
    senses = (f"{w.lower()}%1:{topic}:{int(mark, 16):02d}::" for w, mark in zip(words, marks, strict=True))
    links = int(rest[end])
    parts = [rest[start : start + 4] for start in range(end + 1, end + 1 + 4 * links, 4)]
    pointers = [(symbol, int(to)) for symbol, to, kind, _ in parts if kind == "n"]
    count = sum(tagged.get(sense, 0) for sense in senses)
    return Synset(int(place), int(topic), words, count, pointers, links, gloss)


def definition(synset: Synset) -> str:
    """The gloss without its examples, which stand in quotes after it."""
    return synset.gloss.partition('; "')[0].strip()


def chosen(found: dict[int, Synset]) -> list[Synset]:
    """The 800 best known of each class: most often seen, then most linked, then first in WordNet; 3 words at least."""
    fit = [s for s in found.values() if len(definition(s).split()) >= 3]
    ranked = sorted(fit, key=lambda s: (-s.count, -s.links, s.place))
    return [s for number in CLASSES for s in [s for s in ranked if s.topic == number][:EACH]]


def lines() -> list[str]:
    """``class<tab>word<tab>gloss``: of several words for a meaning the first."""
    rows = chosen(synsets())
    return [f"{CLASSES[s.topic]}\t{s.words[0].replace('_', ' ')}\t{definition(s)}" for s in rows]


if __name__ == "__main__":
    content = sources.gzipped(lines())
    print(f"{registry.data_dir() / FILE}: {len(content):,} bytes, sha256 {registry.put(FILE, content)}")
