"""The scripts in data/build, and which images may overlap; where the originals are found, the file is built anew."""

import gzip
import hashlib
import importlib.util
import io
import zlib

import numpy as np
import pytest
import torch

from kdlab import data, models, originals, registry


def script(name):
    """A script of data/build as a module."""
    spec = importlib.util.spec_from_file_location(name, registry.data_dir() / "build" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shipped():
    with np.load(io.BytesIO(registry.read("fashion-mnist.npz"))) as held:
        return dict(held)


@pytest.fixture
def balanced():
    """Labels as balanced as the originals', in another order: splits can be checked without the images."""
    return np.random.RandomState(7).permutation(np.arange(60_000) % 10), np.arange(10_000) % 10


def teacher_indices(shipped):
    """The teacher's images by the file alone: all originals that do not ship."""
    return np.setdiff1d(np.arange(60_000), np.concatenate([shipped["train_index"], shipped["validation_index"]]))


def test_the_shipped_splits_and_the_teachers_images_are_disjoint(shipped):
    train, validation, test = (shipped[f"{part}_index"] for part in ("train", "validation", "test"))
    for index, stop in ((train, 60_000), (validation, 60_000), (test, 10_000)):
        assert index.dtype == np.int32
        assert (np.diff(index) > 0).all()  # ascending, none twice
        assert index[0] >= 0
        assert index[-1] < stop
    assert not np.intersect1d(train, validation).size
    assert len(teacher_indices(shipped)) == 48_000


def test_the_teacher_was_trained_on_those_that_do_not_ship(shipped):
    told = models.card("fashion-mnist-cnn")["indices_sha256"]
    assert told == hashlib.sha256(teacher_indices(shipped).astype("<i4").tobytes()).hexdigest()


def test_every_split_is_stratified_and_overlaps_only_as_said(balanced):
    train_y, test_y = balanced
    s = originals.split(train_y, test_y)
    sizes = {"train": 10_000, "validation": 2_000, "test": 2_000, "teacher": 48_000}
    sizes |= {"full_train": 55_000, "full_validation": 5_000}
    for part, size in sizes.items():
        y = (test_y if part == "test" else train_y)[getattr(s, part)]
        assert np.bincount(y).tolist() == [size // 10] * 10, part
    for a, b in (("train", "validation"), ("train", "teacher"), ("validation", "teacher"),
                 ("full_train", "full_validation"), ("teacher", "full_validation")):  # fmt: skip
        assert not np.intersect1d(getattr(s, a), getattr(s, b)).size, (a, b)
    assert np.isin(s.validation, s.full_validation).all()
    assert np.isin(s.teacher, s.full_train).all()


def test_the_built_file_is_the_shipped_one(shipped):
    """With the originals: every array, and the bytes. Without: the shipped arrays give the registered bytes again."""
    builder = script("fashion_mnist")
    made = builder.arrays(originals.read()) if originals.find() else shipped
    assert set(made) == set(shipped)
    assert all(made[k].dtype == shipped[k].dtype and np.array_equal(made[k], shipped[k]) for k in shipped)
    if "zlib-ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng packs the same arrays into other bytes
        digest = hashlib.sha256(builder.packed(made)).hexdigest()
        assert digest == registry.entries()["fashion-mnist.npz"]


def test_the_full_set_or_where_it_was_looked_for():
    if originals.find():
        d = data.load("fashion-mnist-full", labelled=500)
        assert [len(s) for s in (d.train, d.validation, d.test)] == [55_000, 5_000, 10_000]
        assert "48,000 of its 55,000 training images are those the shipped teacher was trained on" in d.note
        subset = data.load("fashion-mnist")
        rows = {row.numpy().tobytes() for row in d.validation.x}
        assert all(row.numpy().tobytes() in rows for row in subset.validation.x)
    else:
        with pytest.raises(FileNotFoundError, match="apt-get install dataset-fashion-mnist"):
            data.load("fashion-mnist-full")


def test_missing_originals_are_told_with_every_place_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(originals, "folders", lambda: [tmp_path / "one", tmp_path / "two"])
    with pytest.raises(FileNotFoundError, match=r"one, .*two; get them with `apt-get install dataset-fashion-mnist`"):
        data.load("fashion-mnist-full")


def test_the_named_folder_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("KDLAB_ORIGINALS", str(tmp_path))
    assert originals.folders()[0] == tmp_path
    assert originals.folders()[1] == data.data_dir() / "originals"


def test_originals_that_are_not_the_originals_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("KDLAB_ORIGINALS", str(tmp_path))
    for name in originals.SHA256:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x01\0"))
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz, unpacked: expected sha256 c59f.*found"):
        data.load("fashion-mnist-full")
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(ValueError, match="cannot be unpacked"):
        data.load("fashion-mnist-full")


def test_the_teachers_script_learns_and_is_seeded():
    """Three short passes of its own training function: well above chance, and the same bits again."""
    builder = script("fashion_mnist_cnn")
    d = data.load("fashion-mnist")
    x, y = d.train.x[:1500], d.train.y[:1500]
    model, again = builder.trained(x, y, 3), builder.trained(x, y, 3)
    assert not model.training
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    got = builder.measured(model, d.test.x, d.test.y)
    assert got["accuracy"] > 0.4
    assert set(got) == {"accuracy", "cross_entropy", "ece", "confidence"}
