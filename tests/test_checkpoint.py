"""Checkpoints: what is packed comes back, bits and places in memory included, and nothing else is read."""

import pytest
import torch
from helpers import rand
from hypothesis import given
from hypothesis import strategies as st

from kdlab import checkpoint

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
NESTS = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=12,
)
TENSORS = [
    torch.tensor(3.0),
    torch.zeros(0, 4),
    rand(3, 2),
    rand(3, 2).half(),
    rand(3, 2).bfloat16(),
    torch.tensor([True, False]),
    torch.tensor([float("nan"), float("inf"), -0.0]),
    rand(2, 3, 4, 4).to(memory_format=torch.channels_last),
    rand(4, 3).T,
    rand(6)[::2],
    torch.zeros(1).expand(3),
]


def returned(value, folder):
    (folder / "file").write_bytes(checkpoint.pack(value))
    return checkpoint.read(folder / "file")


def test_plain_values_come_back_as_they_were(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")

    @given(NESTS)
    def come_back(value):
        again = returned(value, folder)
        assert again == value
        assert repr(again) == repr(value)  # 1, 1.0 and True are equal, lists and tuples that hold them are not

    come_back()


@pytest.mark.parametrize("tensor", TENSORS, ids=lambda t: f"{t.dtype} {tuple(t.shape)} {t.stride()}")
def test_tensors_come_back_to_the_bit(tensor, tmp_path):
    again = returned({"state": {0: [tensor]}}, tmp_path)["state"][0][0]
    assert (again.dtype, again.shape) == (tensor.dtype, tensor.shape)
    assert again.contiguous().view(-1).view(torch.uint8).equal(tensor.contiguous().view(-1).view(torch.uint8))


def test_tensors_lie_in_memory_as_they_did(tmp_path):
    """A fused optimiser takes its moments to lie as the weights do, whatever their strides."""
    images = rand(2, 3, 4, 4)
    for tensor in (images, images.to(memory_format=torch.channels_last), rand(4, 3).T):
        assert returned(tensor, tmp_path).stride() == tensor.stride()


def test_what_shares_its_memory_is_written_once(tmp_path):
    weights = rand(100, 100)
    once, twice = checkpoint.pack([weights]), checkpoint.pack([weights, weights.view(100, 100)])
    assert len(twice) < len(once) + 200
    again = returned([weights, weights[:50], weights.T], tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(again, [weights, weights[:50], weights.T], strict=True))


@pytest.mark.parametrize(
    ("value", "place"),
    [({"a": [0, {1, 2}]}, "set at '/a/1'"), ({"a": object()}, "object at '/a'"), ({(1, 2): 0}, "dict at ''")],
)
def test_anything_else_is_refused_with_its_place(value, place):
    with pytest.raises(TypeError, match=f"^value must be made of tensors and plain values, got {place}$"):
        checkpoint.pack(value)


def test_a_damaged_file_is_named(tmp_path):
    path, good = tmp_path / "file", checkpoint.pack({"a": rand(9)})
    for content in (b"", b"pickle", good[:-9], good[:40]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"file' must be a checkpoint, and cannot be read as one: "):
            checkpoint.read(path)
