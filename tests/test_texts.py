"""Data sets of text: counts, splits that share no word, views that stay together, tasks, the word list."""

import gzip
import io
import shutil
from collections import Counter

import numpy as np
import pytest
import torch

from kdlab import data, registry, texts
from kdlab.data import load

TOPICS = ["animal", "plant", "food", "body", "artifact", "person", "location", "communication", "substance", "act"]
PARTS = ("train", "validation", "test")

# The split and the draw as first shipped: stored results hang on them.
FIRST_OF_TEST = ["cat", "queen", "sheep", "buckskin"]
FIRST_LABELLED = [12, 14, 130, 134, 144, 170]


def raw(file):
    """The rows of a shipped table, read without the package."""
    return [
        line.split("\t") for line in gzip.decompress((registry.data_dir() / file).read_bytes()).decode().split("\n")
    ]


@pytest.fixture(scope="module")
def wordnet():
    return load("wordnet-topics")


@pytest.fixture(scope="module")
def in_file(wordnet):
    """For each sample, by its row: the line of the shipped table it came from."""
    places = {}
    for i, (_, word, gloss) in enumerate(row for row in raw("wordnet-topics.tsv.gz") if len(row) == 3):
        places.setdefault(f"{word}: {gloss}", []).append(i)
    found = [places[line].pop(0) for line in wordnet.lines]
    assert not any(places.values())  # each line is used once
    return found


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the files of text that a test may damage."""
    for name in (registry.REGISTRY, "wordnet-topics.tsv.gz", "wordnet-edges.npz", "wordnet-minilm-int8.npz"):
        shutil.copy(registry.data_dir() / name, tmp_path)
    (tmp_path / "build").mkdir()
    shutil.copy(registry.data_dir() / "build" / "wordnet_topics.py", tmp_path / "build")
    monkeypatch.setenv("KDLAB_DATA", str(tmp_path))
    return tmp_path


# wordnet-topics


def test_wordnet_topics_has_the_counts_it_promises(wordnet):
    assert wordnet.classes == TOPICS
    assert [len(getattr(wordnet, part)) for part in PARTS] == [6000, 1000, 1000]
    for part in PARTS:
        split = getattr(wordnet, part)
        assert split.y.bincount().tolist() == [len(split) // 10] * 10
        assert {name: tuple(view.shape[1:]) for name, view in split.views.items()} == {
            "gloss": (2000,),
            "embedding": (384,),
            "spelling": (1000,),
            "node": (1,),
        }
        assert torch.equal(split.views["node"][:, 0].long(), split.rows)
        assert all(view.dtype == torch.float32 and view.isfinite().all() for view in split.views.values())
        assert split.x is split.views["gloss"]
        assert split.labelled.all()


def test_no_word_and_no_gloss_is_in_two_splits(wordnet):
    parts = [[wordnet.lines[i].split(": ", 1) for i in getattr(wordnet, part).rows] for part in PARTS]
    for kind in (0, 1):
        found = [{pair[kind].lower() for pair in part} for part in parts]
        assert not found[0] & found[1]
        assert not found[0] & found[2]
        assert not found[1] & found[2]
    rows = torch.cat([getattr(wordnet, part).rows for part in PARTS])
    assert rows.tolist() == list(range(8000))


def test_row_i_of_every_view_is_the_same_word(wordnet, in_file):
    """Recomputed from the shipped files: label, embedding, and, for tokens that the view knows, gloss and spelling."""
    table = [row for row in raw("wordnet-topics.tsv.gz") if len(row) == 3]
    with np.load(io.BytesIO((registry.data_dir() / "wordnet-minilm-int8.npz").read_bytes())) as held:
        embedding = held["q"] * held["scale"].astype(np.float32)
    glosses = [f" {''.join(c if 'a' <= c <= 'z' else ' ' for c in gloss.lower())} " for _, _, gloss in table]
    known = {view: Counter() for view in ("gloss", "spelling")}  # token -> how many training rows have it
    for i in in_file[:6000]:
        known["gloss"].update(set(glosses[i].split()))
        marked = f"<{table[i][1].lower()}>"
        known["spelling"].update({marked[k : k + n] for n in (2, 3) for k in range(len(marked) - n + 1)})
    columns = {
        view: {token: j for j, (token, _) in enumerate(sorted(c.items(), key=lambda p: (-p[1], p[0]))[:size])}
        for (view, c), size in zip(known.items(), (2000, 1000), strict=True)
    }
    for part in PARTS:
        split = getattr(wordnet, part)
        for k, row in list(enumerate(split.rows.tolist()))[::7]:
            topic, word, gloss = table[in_file[row]]
            assert wordnet.classes[split.y[k]] == topic
            np.testing.assert_allclose(split.views["embedding"][k], embedding[in_file[row]], rtol=1e-6)
            marked = f"<{word.lower()}>"
            groups = {marked[a : a + n] for n in (2, 3) for a in range(len(marked) - n + 1)}
            for view, tokens in (("gloss", set(glosses[in_file[row]].split())), ("spelling", groups)):
                expected = sorted(columns[view][token] for token in tokens if token in columns[view])
                assert split.views[view][k].nonzero().flatten().tolist() == expected, (view, word, gloss)
    assert set(wordnet.train.x.unique().tolist()) == {0.0, 1.0}


def test_embeddings_have_length_one(wordnet):
    assert (wordnet.everything("embedding").norm(dim=1) - 1).abs().max() < 0.002


def test_edges_join_the_rows_they_join_in_the_file(wordnet, in_file):
    with np.load(io.BytesIO((registry.data_dir() / "wordnet-edges.npz").read_bytes())) as held:
        shipped = {tuple(pair) for pair in held["edges"].tolist()}
    loaded = {tuple(sorted((in_file[a], in_file[b]))) for a, b in wordnet.edges.tolist()}
    assert wordnet.edges.shape == (10_369, 2)
    assert wordnet.edges.dtype == torch.int64
    assert loaded == shipped


def test_the_leaks_that_the_card_tells_of(wordnet):
    """The class's own name in its gloss, and edges that join rows of one class: counted, so that nobody is fooled."""
    y = torch.cat([getattr(wordnet, part).y for part in PARTS])
    glosses = [line.split(": ", 1)[1].lower() for line in wordnet.lines]
    names = [TOPICS[c] for c in y.tolist()]
    assert sum(n in g for n, g in zip(names, glosses, strict=True)) == 1396  # as part of a word too: 17.4 %
    assert sum(n in texts.gloss_words(g) for n, g in zip(names, glosses, strict=True)) == 1022  # as a word: 12.8 %
    same = y[wordnet.edges[:, 0]] == y[wordnet.edges[:, 1]]
    assert same.sum().item() == 9791  # of 10,369: 94.4 %
    card = (registry.data_dir() / "wordnet-topics.md").read_text("utf-8")
    assert "1,022" in card
    assert "1,396" in card
    assert "94.4 %" in (registry.data_dir() / "wordnet-edges.md").read_text("utf-8")


def test_the_split_is_the_same_in_every_version(wordnet):
    assert wordnet.lines[0].startswith("horse: ")
    assert [wordnet.lines[i].partition(":")[0] for i in wordnet.test.rows[:4]] == FIRST_OF_TEST
    chosen = load("wordnet-topics", labelled=200).train.labelled.nonzero().flatten()
    assert chosen[:6].tolist() == FIRST_LABELLED


def test_labelled_draws_are_nested_stratified_and_the_same_in_every_view():
    known = {n: set(load("wordnet-topics", labelled=n).train.labelled.nonzero().flatten().tolist()) for n in (50, 200)}
    assert known[50] < known[200]
    alone = load("wordnet-topics", labelled=200, pool=100, view="spelling")
    assert alone.train.y[alone.train.labelled].bincount().tolist() == [20] * 10
    whole = load("wordnet-topics").train
    for name, view in alone.train.views.items():
        assert torch.equal(view, whole.views[name][alone.train.rows])
    assert torch.equal(alone.train.y, whole.y[alone.train.rows])
    assert alone.train.x is alone.train.views["spelling"]
    assert torch.equal(alone.train.rows, load("wordnet-topics", labelled=200, pool=100).train.rows)
    assert "200 training labels, 100 unlabelled words" in alone.note


def test_a_view_is_chosen_when_loading_or_later(wordnet):
    seen = load("wordnet-topics", view="embedding")
    for part in PARTS:
        assert torch.equal(getattr(seen, part).x, getattr(wordnet, part).views["embedding"])
    later = load("wordnet-topics", labelled=200, pool=0).with_view("embedding")
    assert later.train.x.shape == (200, 384)
    assert later.with_labels(500).train.x.shape == (6000, 384)  # all training rows again, in the same view
    assert later.everything("gloss").shape == (8000, 2000)


# cmudict-tasks


def test_every_task_asks_the_same_words():
    loaded = {task: load("cmudict-tasks", task=task) for task in texts.tasks("cmudict-tasks")}
    assert set(loaded) == {"syllables", "stress", "last-phoneme"}
    one, *others = loaded.values()
    assert [len(getattr(one, part)) for part in PARTS] == [34_390, 4000, 4000]
    for other in others:
        assert other.lines == one.lines
        assert other.train.x.data_ptr() == one.train.x.data_ptr()
    words = [{one.lines[i].partition(":")[0] for i in getattr(one, part).rows} for part in PARTS]
    assert sum(map(len, words)) == len(set.union(*words)) == 42_390  # no word in two splits
    assert torch.equal(load("cmudict-tasks").train.y, loaded["syllables"].train.y)  # the first task is the default


@pytest.mark.parametrize(
    ("word", "syllables", "stress", "last"),
    [("zucchini", "3", "2nd", "IY"), ("aardvarks", "2", "1st", "S"), ("horse", "1", "1st", "S"),
     ("university", "5", "3rd", "IY"), ("irresponsibility", None, None, None)],
)  # fmt: skip
def test_answers_are_those_of_the_dictionary(word, syllables, stress, last):
    for task, expected in (("syllables", syllables), ("stress", stress), ("last-phoneme", last)):
        d = load("cmudict-tasks", task=task)
        y = torch.cat([getattr(d, part).y for part in PARTS])
        row = next((i for i, line in enumerate(d.lines) if line.startswith(f"{word}:")), None)
        assert (None if row is None else d.classes[y[row]]) == expected


def test_rare_answers_go_together_and_labels_are_in_range():
    counts = {}
    for task in texts.tasks("cmudict-tasks"):
        d = load("cmudict-tasks", task=task)
        y = torch.cat([getattr(d, part).y for part in PARTS])
        counts[task] = y.bincount(minlength=len(d.classes)).tolist()
        assert len(counts[task]) == len(d.classes)
        assert min(counts[task]) >= 100
        assert all(len(getattr(d, part).y.unique()) == len(d.classes) for part in PARTS)
    assert counts["syllables"] == [6586, 16055, 11627, 5719, 2039, 364]
    assert counts["stress"] == [28343, 10434, 2889, 724]
    assert len(counts["last-phoneme"]) == 27


def test_letters_spell_the_word_from_either_end():
    d = load("cmudict-tasks")
    for k, row in list(enumerate(d.test.rows.tolist()))[::97]:
        word = d.lines[row].partition(":")[0]
        for view, start in (("letters", 0), ("endings", 15 - len(word))):
            places, which = d.test.views[view][k].reshape(15, 26).nonzero(as_tuple=True)
            assert places.tolist() == list(range(start, start + len(word)))
            assert "".join(chr(ord("a") + c) for c in which.tolist()) == word


# words-en


def test_the_word_list_in_three_parts_that_share_no_word():
    parts = texts.words()
    assert [len(p) for p in parts] == [61_500, 1000, 1000]
    assert sorted(w for p in parts for w in p) == [word for word, *_ in raw("words-en.txt.gz") if word]
    assert all(3 <= len(w) <= 15 and w.isascii() and w.isalpha() and w.islower() for p in parts for w in p)
    assert parts.test[:3] == ["aback", "abattoir", "abscond"]  # the same in every version


# how rows are kept apart


def test_rows_that_share_a_key_through_others_stay_together():
    labels = np.array([0, 1] * 30)
    keys = [[f"own {i}"] for i in range(60)]
    keys[0], keys[1], keys[2] = ["a"], ["a", "b"], ["b"]  # 0 and 2 share nothing, but both share with 1
    part = texts.apart(labels, keys, each=5)
    assert part[0] == part[1] == part[2]
    assert [np.bincount(labels[part == p]).tolist() for p in (0, 1, 2)] == [[20, 20], [5, 5], [5, 5]]


def test_a_bag_knows_only_what_the_training_rows_say():
    found = texts.bag([["a", "b", "b"], ["b", "c"], ["d", "a"]], train=2, size=2)
    assert found.tolist() == [[1, 1], [1, 0], [0, 1]]  # columns: b (two training rows have it), a (before c)


# bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load("wordnet-topic"), "did you mean 'wordnet-topics'"),
        (lambda: load("wordnet-topics", view="glos"), r"view must be one of 'gloss', .*'glos'; did you mean 'gloss'"),
        (
            lambda: load("fashion-mnist", view="gloss"),
            r"view must be one of 'picture', 'silhouette', 'upper-half', got 'gloss'",
        ),
        (lambda: load("cmudict-tasks", task="sylables"), r"task must be one of .*; did you mean 'syllables'"),
        (lambda: load("wordnet-topics", task="stress"), r"task must be None, since 'wordnet-topics' asks one question"),
        (lambda: load("wordnet-topics", labelled=9), r"labelled must be a whole number from 10"),
        (lambda: texts.read("cmudict-task"), "did you mean 'cmudict-tasks'"),
    ],
)
def test_bad_values_are_named_with_near_misses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("file", ["wordnet-topics.tsv.gz", "wordnet-edges.npz", "wordnet-minilm-int8.npz"])
def test_a_flipped_byte_is_found_before_anything_is_read(copied, file):
    content = bytearray((copied / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / file).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{file} is corrupt.*expected sha256 {registry.entries()[file]}, found"):
        load("wordnet-topics")
    assert [state for _, state in data.verify(file.partition(".")[0])] != ["ok"]


def test_a_missing_file_is_named_with_the_script_that_makes_it(copied):
    (copied / "wordnet-topics.tsv.gz").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"tsv\.gz is missing .*build it again with `python data/build/wordnet_t"
    ):
        load("wordnet-topics")


def test_text_whose_files_are_not_registered_is_not_offered(copied):
    assert "wordnet-topics" in data.names()
    assert "cmudict-tasks" in data.names()
    kept = [line for line in (copied / registry.REGISTRY).read_text().splitlines() if "edges" not in line]
    (copied / registry.REGISTRY).write_text("\n".join(kept))
    assert "wordnet-topics" not in data.names()
    assert not {"wordnet-edges", "wordnet-minilm-int8"} & set(data.names())
