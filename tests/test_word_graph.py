"""The graph of words: messages against a plain loop, the neighbourhood, and the layout."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import kdlab
from kdlab.ui.panels.word_graph import HEIGHT, WIDTH, WordGraph, around, places

PATH = torch.tensor([[0, 1], [1, 2], [2, 3], [1, 4]])


@pytest.fixture(scope="module")
def view() -> WordGraph:
    data = kdlab.load("wordnet-topics", labelled=200)
    plain, student = (kdlab.build("bag-of-words", seed, 10, (2000,)) for seed in (0, 1))
    for net in (plain, student):
        net.head.weight.data.mul_(20)
    return WordGraph(data, plain=plain, teacher=kdlab.pretrained("wordnet-gcn"), student=student, start=1824, count=20)


def test_a_neighbourhood_goes_outwards_from_its_word():
    assert around(PATH, 0, 3) == [0, 1, 2]
    assert around(PATH, 3, 10) == [3, 2, 1, 0, 4]
    with pytest.raises(ValueError, match="count"):
        around(PATH, 0, 1)


def test_each_step_is_the_mean_of_a_word_and_its_neighbours(view):
    p = view.said("plain")
    for step in (1, 2):
        near = [[k] + [b if a == k else a for a, b in view.edges if k in (a, b)] for k in range(20)]
        p = np.stack([p[around_k].mean(0) for around_k in near])
        assert view.messages(step) == pytest.approx(p, abs=1e-6)
    assert view.messages(0) == pytest.approx(view.said("plain"))


def test_words_labels_and_edges_are_those_of_the_data(view):
    data = kdlab.load("wordnet-topics")
    rows = around(data.edges, 1824, 20)
    assert view.lines[0] == data.lines[1824]
    assert view.lines == [data.lines[row] for row in rows]
    joined = {(a, b) for a, b in data.edges.tolist()}
    assert all((rows[a], rows[b]) in joined or (rows[b], rows[a]) in joined for a, b in view.edges)
    assert len(view.edges) == sum(a in rows and b in rows for a, b in joined)


def test_a_layout_is_the_same_for_the_same_seed_and_within_the_drawing():
    edges = PATH.tolist()
    at = places(5, edges, seed=1)
    assert np.array_equal(at, places(5, edges, seed=1))
    assert not np.allclose(at, places(5, edges, seed=2))
    assert (at >= 0).all()
    assert (at <= [WIDTH, HEIGHT]).all()


def test_picture_and_sentence_are_of_what_is_set(view):
    view.step = 2
    said = view.sentence()
    assert f"After 2 steps of messages {view.right(view.messages(2))} of 20 words" in said
    assert "“" + view.lines[view.picked].partition(": ")[0] + "”" in said
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert len(view.picture()) <= 40_000
    view.step = 0


def test_at_first_a_word_is_read_that_is_wrong_alone(view):
    top = view.said("plain").argmax(1)
    assert top[view.picked] != view.labels[view.picked]
    assert (top[: view.picked] == np.array(view.labels)[: view.picked]).all()
