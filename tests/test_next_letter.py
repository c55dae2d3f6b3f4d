"""Next-letter bars: what the view computes for its stills, against the networks themselves."""

import io

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

from kdlab import language
from kdlab.language import Speller
from kdlab.ui.panels.next_letter import NextLetter, hashed, rounded

KNOWN = ["cat", "cats", "dog"]


def nets() -> dict[str, Speller]:
    torch.manual_seed(0)
    return {"teacher": Speller(4, 5, [8, 6]), "one": Speller(2, 3, [7]), "two": Speller(3, 4, [6])}


@pytest.fixture
def view() -> NextLetter:
    teacher, *_ = made = list(nets().values())
    return NextLetter(teacher, {"one": made[1], "two": made[2]}, KNOWN, prefix="ca")


def test_each_network_says_what_it_says_but_for_the_rounding(view):
    for net, said in zip(nets().values(), view.said(), strict=True):
        own = net(language.encode(["ca"]).inputs)[0, 2].softmax(-1)
        assert said == pytest.approx(own.detach().double().numpy(), abs=0.01)
    assert view.said().sum(1) == pytest.approx([1, 1, 1])


def test_temperature_softens_what_is_said(view):
    sharp = view.said()
    view.temperature = 3.0
    assert (view.said().max(1) < sharp.max(1)).all()
    expected = sharp ** (1 / 3) / (sharp ** (1 / 3)).sum(1, keepdims=True)
    assert view.said() == pytest.approx(expected, abs=1e-5)


def test_a_matrix_in_eight_bits_is_off_by_half_a_step_at_most():
    weight = torch.randn(9, 7, generator=torch.Generator().manual_seed(1)).numpy()
    weight[3] = 0
    small, scale = rounded(weight)
    assert small.dtype == np.int8
    assert np.abs(small).max() == 127
    assert (np.abs(small * scale[:, None] - weight) <= scale[:, None] / 2 + 1e-7).all()


def test_what_the_page_gets_is_complete(view):
    sizes = {name: [p.shape for p in net.parameters()] for name, net in nets().items()}
    matrices = [shape for shapes in sizes.values() for shape in shapes if len(shape) == 2]
    biases = [shape for shapes in sizes.values() for shape in shapes if len(shape) == 1]
    assert len(view.weights) == sum(a * b for a, b in matrices)
    assert len(view.numbers) == 4 * (sum(a for a, _ in matrices) + sum(n for (n,) in biases))
    assert [net["name"] for net in view.nets] == ["teacher", "one", "two"]
    assert np.frombuffer(view.words, np.uint32).tolist() == hashed(KNOWN).tolist()


def test_the_number_of_a_word_is_fnv_1a():
    assert hashed(["a"]).tolist() == [0xE40C292C]  # as published with the algorithm
    assert hashed(["foobar"]).tolist() == [0xBF9CF968]


def test_words_begin_with_the_prefix_and_are_the_same_for_a_seed(view):
    words = view.spelled(20)
    assert all(word.startswith("ca") and len(word) <= 15 for of in words for word in of)
    assert words == view.spelled(20)
    view.seed = 1
    assert words != view.spelled(20)
    view.prefix = "a" * 15
    assert view.spelled(2) == [["a" * 15] * 2] * 3


@pytest.mark.parametrize("prefix", ["", "ca"])
def test_picture_and_sentence_are_of_what_is_shown(view, prefix):
    view.prefix, view.shown = prefix, 2
    t, s = view.said()[[0, 2]]
    assert view.sentence().startswith(f"After “{prefix}” the" if prefix else "At the beginning of a word the")
    assert f"KL(teacher ‖ student) is {(t * np.log(t / s)).sum():.2f} nats" in view.sentence()
    assert "the student “two”" in view.sentence()
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert len(view.picture()) <= 40_000


@pytest.mark.parametrize("prefix", ["a" * 16, "A", "a b", "ü", "·"])
def test_what_is_no_beginning_of_a_word_is_refused(view, prefix):
    with pytest.raises(traitlets.TraitError, match="prefix must be of at most 15 letters a to z, got"):
        view.prefix = prefix
    assert view.prefix == "ca"


def test_the_networks_that_were_given_stay_as_they_are():
    teacher, one, _ = nets().values()
    before = {key: value.clone() for key, value in teacher.state_dict().items()}
    NextLetter(teacher, {"one": one}, KNOWN)
    assert all(torch.equal(before[key], value) for key, value in teacher.state_dict().items())
