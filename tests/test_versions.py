"""Versions: names made from the content, differences by hand, and soft labels that fit nothing but what they are of."""

import pytest
import torch
from helpers import net, toy

from kdlab import versions
from kdlab.splits import Split
from kdlab.versions import Changes, difference, fingerprint, load_soft_labels, row_hashes, save_soft_labels


def split(rows: list, labels: list[int]) -> Split:
    return Split(torch.tensor(rows), torch.tensor(labels), torch.ones(len(rows), dtype=torch.bool))


def test_equal_rows_have_equal_hashes_wherever_they_stand():
    first, second, third = row_hashes(torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]))
    assert first == third != second
    assert len(first) == 64
    assert row_hashes(torch.tensor([[1.0, 2.0]]))[0] == first
    assert row_hashes(torch.tensor([[[1.0], [2.0]]]))[0] != first  # the same bytes in another shape
    assert row_hashes(torch.tensor([[1, 2]]))[0] != first


def test_a_fingerprint_is_the_same_for_the_same_content_and_another_for_any_other():
    x = torch.arange(12.0).reshape(4, 3)
    name = fingerprint(x)
    assert len(name) == versions.DIGITS
    assert fingerprint(x.clone()) == fingerprint(x.t().contiguous().t()) == name
    others = [x.flip(0), x[:3], x + torch.tensor([0.0, 0.0, 1e-5]), x.reshape(2, 6), x.double()]
    assert len({name, *map(fingerprint, others)}) == 6


def test_labels_and_the_labelled_share_belong_to_the_version_of_a_data_set():
    data = toy()
    assert fingerprint(toy()) == fingerprint(data)
    assert fingerprint(toy(labelled=30)) != fingerprint(data)
    assert fingerprint(data.train) != fingerprint(data.train.at(torch.arange(89)))
    relabelled = split(data.train.x.tolist(), ((data.train.y + 1) % 3).tolist())
    assert fingerprint(relabelled) != fingerprint(data.train)


def test_a_network_is_named_by_its_weights_and_buffers():
    assert fingerprint(net(1)) == fingerprint(net(1).eval())
    assert fingerprint(net(1)) != fingerprint(net(2))
    with_norm = net(1, batch_norm=True)
    before = fingerprint(with_norm)
    with_norm(torch.randn(4, 1, 6, 6))  # moves its running mean
    assert fingerprint(with_norm) != before


def test_what_has_no_version_is_refused():
    with pytest.raises(TypeError, match="thing must be a tensor, a split, a data set or a network, got list"):
        fingerprint([1, 2])


def test_a_difference_by_hand():
    old = split([[1.0], [2.0], [3.0], [5.0]], [0, 1, 1, 2])
    new = split([[2.0], [4.0], [1.0], [5.0]], [0, 1, 0, 2])
    found = difference(old, new)
    assert found == Changes(added=[1], removed=[2], relabelled=[(1, 0)], same=2)
    assert repr(found) == "1 added, 1 removed, 1 relabelled, 2 as they were"
    assert difference(old, old) == Changes([], [], [], 4)


def test_of_equal_rows_those_with_equal_labels_are_matched_first():
    old = split([[1.0], [1.0], [1.0]], [0, 1, 2])
    assert difference(old, split([[1.0], [1.0]], [2, 0])) == Changes([], [1], [], 2)
    assert difference(old, split([[1.0], [1.0], [1.0], [1.0]], [1, 7, 0, 2])) == Changes([1], [], [], 3)
    assert difference(old, split([[1.0], [1.0], [1.0]], [1, 7, 0])) == Changes([], [], [(2, 1)], 2)


X = torch.rand(6, 1, 6, 6, generator=torch.Generator().manual_seed(0))
Z = net(1)(X).detach()


@pytest.fixture
def path(tmp_path):
    save_soft_labels(tmp_path / "soft.safetensors", Z, inputs=X, teacher=net(1), temperature=4.0)
    return tmp_path / "soft.safetensors"


def test_soft_labels_come_back_with_what_they_are_from(path):
    found = load_soft_labels(path, inputs=X, teacher=net(1), temperature=4.0)
    assert torch.equal(found.probabilities, (Z / 4).softmax(1))
    assert (found.temperature, found.inputs, found.teacher) == (4.0, fingerprint(X), fingerprint(net(1)))
    assert load_soft_labels(path, inputs=X, teacher=net(1)).version == found.version
    assert found._replace(temperature=2.0).version != found.version
    assert [p.name for p in path.parent.iterdir()] == ["soft.safetensors"]  # nothing half written is left


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"inputs": X.flip(0)}, "inputs must be those of the soft labels"),
        ({"inputs": X[:5]}, "inputs must be those of the soft labels"),
        ({"teacher": net(2)}, "teacher must be those of the soft labels"),
        ({"temperature": 2.0}, "temperature must be that of the soft labels, 4, got 2"),
    ],
)
def test_soft_labels_of_anything_else_are_refused(path, changed, words):
    with pytest.raises(ValueError, match=words):
        load_soft_labels(path, **{"inputs": X, "teacher": net(1), "temperature": 4.0} | changed)


def test_a_file_that_is_missing_cut_off_or_of_another_kind_is_refused(path, tmp_path):
    given = {"inputs": X, "teacher": net(1)}
    with pytest.raises(FileNotFoundError, match="path must name a file of soft labels"):
        load_soft_labels(tmp_path / "none", **given)
    content = path.read_bytes()
    for wrong in (content[:-9], b"", b"no such thing", content.replace(b'"teacher"', b'"preacher"')[:-1]):
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match="path must name a whole file of soft labels"):
            load_soft_labels(path, **given)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"temperature": 0.0}, "temperature must be"),
        ({"logits": Z[:5]}, "logits"),
        ({"logits": Z * float("nan")}, "logits must hold finite numbers only"),
        ({"logits": Z[0]}, "logits must"),
    ],
)
def test_what_cannot_be_soft_labels_is_not_written(tmp_path, changed, words):
    given = {"logits": Z, "inputs": X, "teacher": net(1), "temperature": 4.0} | changed
    with pytest.raises(ValueError, match=words):
        save_soft_labels(tmp_path / "soft", given.pop("logits"), **given)
    assert not list(tmp_path.iterdir())
