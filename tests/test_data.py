import shutil
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch

from kdlab import data, originals, registry, texts
from kdlab.data import Dataset, load


def labelled_rows(dataset):
    """The bytes of each image whose label may be used, to compare sets of images over draws."""
    return {row.numpy().tobytes() for row in dataset.train.x[dataset.train.labelled]}


def small(y=(0, 1, 0, 1, 0, 1, 0, 0), **settings):
    """Eight training samples of two features; validation and test have one of each class."""
    x = torch.arange(2.0 * len(y)).reshape(-1, 2)
    pair = (torch.zeros(2, 2), torch.tensor([0, 1]))
    return Dataset.from_tensors(x, torch.tensor(y), **{"validation": pair, "test": pair} | settings)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the data files that a test may damage."""
    for name in (registry.REGISTRY, "fashion-mnist.npz", "fashion-mnist-cnn.safetensors"):
        shutil.copy(registry.data_dir() / name, tmp_path)
    monkeypatch.setenv("KDLAB_DATA", str(tmp_path))
    return tmp_path


# The draw as first shipped: stored results hang on it.
FIRST_LABELLED = [9, 42, 48, 125, 154, 159, 167, 176]
SUM_OF_505 = 2477316
FIRST_UNLABELLED_BESIDE_500 = [1, 4, 5, 15, 20, 28, 34, 38]


# what ships


def test_fashion_mnist_has_the_shapes_types_and_ranges_it_promises():
    d = load("fashion-mnist")
    assert [len(s) for s in (d.train, d.validation, d.test)] == [10_000, 2_000, 2_000]
    assert d.classes == originals.CLASSES
    for split in (d.train, d.validation, d.test):
        assert split.x.shape[1:] == (1, 28, 28)
        assert (split.x.dtype, split.y.dtype, split.labelled.dtype) == (torch.float32, torch.int64, torch.bool)
        assert (split.x.min().item(), split.x.max().item()) == (0.0, 1.0)
        assert split.y.bincount().tolist() == [len(split) // 10] * 10
        assert split.labelled.all()


def test_images_belong_to_their_labels():
    """Trousers are two dark legs beside a gap; ankle boots are high at one side: the class means tell them apart."""
    d = load("fashion-mnist")
    means = torch.stack([d.train.x[d.train.y == c].flatten(1).mean(0) for c in range(10)])
    nearest = torch.cdist(d.test.x.flatten(1), means).argmin(1)
    assert (nearest == d.test.y).float().mean() > 0.6  # chance: 0.1


def test_a_labelled_share_is_stratified_and_the_rest_is_the_pool():
    d = load("fashion-mnist", labelled=500)
    assert len(d.train) == 10_000
    assert d.train.y[d.train.labelled].bincount().tolist() == [50] * 10
    assert d.validation.labelled.all()
    assert d.test.labelled.all()
    whole = load("fashion-mnist")
    assert torch.equal(d.train.y, whole.train.y)  # complete, in the order of the file
    assert d.train.x.data_ptr() == whole.train.x.data_ptr()  # shared, not copied


def test_labelled_draws_are_nested_and_seeded():
    draws = {n: labelled_rows(load("fashion-mnist", labelled=n)) for n in (10, 250, 500, 1000)}
    assert draws[10] < draws[250] < draws[500] < draws[1000]
    assert labelled_rows(load("fashion-mnist", labelled=500)) == draws[500]
    other = labelled_rows(load("fashion-mnist", labelled=500, labelled_seed=1))
    assert len(other & draws[500]) < 60  # by chance some 25


def test_a_draw_leaves_the_random_states_alone():
    torch.manual_seed(3)
    np.random.seed(3)
    load("fashion-mnist", labelled=500, pool=7, labelled_seed=5)
    after = torch.rand(1), np.random.rand()
    torch.manual_seed(3)
    np.random.seed(3)
    assert (torch.rand(1), np.random.rand()) == after


def test_the_draw_is_the_same_in_every_version():
    """Stored results hang on which images are labelled: the draw must never change unseen."""
    chosen = load("fashion-mnist", labelled=500).train.labelled.nonzero().flatten()
    assert chosen[:8].tolist() == FIRST_LABELLED
    odd = load("fashion-mnist", labelled=505).train.labelled.nonzero()  # five classes have one more: ties broken alike
    assert odd.sum().item() == SUM_OF_505
    pool = load("fashion-mnist", labelled=500, pool=100).train
    assert (~pool.labelled).nonzero().flatten()[:8].tolist() == FIRST_UNLABELLED_BESIDE_500


def test_pool_none_keeps_all_zero_keeps_none_and_a_number_keeps_so_many():
    alone, some, more = (load("fashion-mnist", labelled=500, pool=n) for n in (0, 100, 1000))
    assert len(alone.train) == 500
    assert alone.train.labelled.all()
    assert [len(d.train) for d in (some, more)] == [600, 1500]
    assert labelled_rows(alone) == labelled_rows(some) == labelled_rows(load("fashion-mnist", labelled=500))
    rows = [{r.numpy().tobytes() for r in d.train.x} for d in (some, more)]
    assert rows[0] < rows[1]  # nested too
    whole = load("fashion-mnist").train
    place = {row.numpy().tobytes(): i for i, row in enumerate(whole.x)}
    order = [place[row.numpy().tobytes()] for row in some.train.x]
    assert order == sorted(order)  # the order of the file
    assert torch.equal(some.train.y, whole.y[order])


def test_the_pool_is_drawn_without_a_look_at_its_labels():
    """Whatever the labels of the unlabelled images are, the same images are kept."""
    y, compared = [0, 1] * 10, 0
    for seed in range(20):
        first = small(y, labelled=2, pool=5, labelled_seed=seed)
        known = {int(v) // 2 for v in first.train.x[first.train.labelled][:, 0]}
        again = small([v if i in known else 1 - v for i, v in enumerate(y)], labelled=2, pool=5, labelled_seed=seed)
        if labelled_rows(again) == labelled_rows(first):  # the labelled draw itself may look at labels
            assert torch.equal(again.train.x, first.train.x)
            compared += 1
    assert compared >= 5


def test_redrawing_starts_from_all_training_images():
    alone = load("fashion-mnist", labelled=500, pool=0)
    assert int(alone.with_labels(2000).train.labelled.sum()) == 2000
    assert torch.equal(alone.with_labels(500).train.labelled, load("fashion-mnist", labelled=500).train.labelled)


def test_the_note_counts_labels_in_one_line():
    note = load("fashion-mnist", labelled=500, pool=1000).note
    assert "500 training labels, 1,000 unlabelled images" in note
    assert "2,000 validation labels" in note
    assert "\n" not in note


def test_a_dataset_is_frozen():
    with pytest.raises(FrozenInstanceError):
        load("fashion-mnist").name = "other"


# one's own


def test_own_tensors_keep_values_and_order():
    d = small(labelled=4, classes=["cat", "dog"])
    assert (d.name, d.classes) == ("own", ["cat", "dog"])
    assert torch.equal(d.train.x, torch.arange(16.0).reshape(8, 2))
    assert d.train.y.tolist() == [0, 1, 0, 1, 0, 1, 0, 0]
    assert int(d.train.labelled.sum()) == 4


def test_a_rare_class_keeps_one_label_and_shares_follow_the_whole():
    y = [0] * 90 + [1] * 9 + [2]
    for count in (3, 5, 20, 50):
        got = small(y, labelled=count).train
        shares = got.y[got.labelled].bincount(minlength=3).tolist()
        assert sum(shares) == count
        assert shares[2] == 1
        assert shares[1] == pytest.approx(0.09 * count, abs=1)


def test_arrays_serve_as_tensors_and_whole_numbers_of_any_width_as_labels():
    x, y = np.ones((4, 3)), np.array([0, 1, 0, 1], dtype=np.uint8)
    d = Dataset.from_tensors(x, y, validation=(x, y), test=(x, y))
    assert (d.train.x.dtype, d.train.y.dtype, d.classes) == (torch.float32, torch.int64, ["0", "1"])


def test_a_registered_npz_is_loaded_by_its_name(copied, tmp_path):
    x, y = np.full((2, 4, 4), 255, np.uint8), np.array([0, 1])
    arrays = {f"{part}_{key}": value for part in ("train", "validation", "test") for key, value in (("x", x), ("y", y))}
    np.savez(tmp_path / "raw", **arrays, classes=np.array(["cat", "dog"]))
    registry.put("pets.npz", (tmp_path / "raw.npz").read_bytes())
    d = load("pets")
    assert d.train.x.shape == (2, 1, 4, 4)
    assert d.train.x.eq(1).all()
    assert d.classes == ["cat", "dog"]
    assert registry.verify("pets") == [("pets.npz", "ok")]
    assert registry.verify("fashion-mnist") == [("fashion-mnist.npz", "ok")]  # the other lines stayed


# bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labelled": 0}, r"labelled must be a whole number from 2 .* to 8 .*, got 0: an empty labelled set"),
        ({"labelled": 1}, r"labelled must be a whole number from 2 \(one label per class\).*got 1"),
        ({"labelled": 9}, r"labelled .* to 8 \(every training image\).*got 9"),
        ({"labelled": 2.5}, r"labelled must be a whole number.*got 2\.5"),
        ({"labelled": True}, r"labelled must be a whole number.*got True"),
        ({"labelled": 4, "pool": 5}, r"pool must be a whole number from 0 .* to 4 .*got 5"),
        ({"labelled": 4, "pool": -1}, r"pool must be .*got -1"),
        ({"pool": 1}, r"pool must be a whole number from 0 .* to 0 "),
        ({"labelled_seed": -1}, r"labelled_seed must be a whole number of at least 0, got -1"),
        ({"labelled_seed": 2**32}, r"labelled_seed must be .*\[0, .*got 4294967296"),
        ({"classes": ["only"]}, r"y must hold labels in \[0, 1\), got 1 at index 1 \(3 such labels\)"),
        ({"y": (0, 1, -1)}, r"y must hold labels in \[0, 2\), got -1 at index 2"),
        ({"test": (torch.zeros(2, 2), torch.tensor([0, 7])), "classes": ["a", "b"]}, r"test y .*got 7 at index 1"),
        ({"test": (torch.zeros(2, 3), torch.tensor([0, 1]))}, r"test x .* shape \(2,\), got \(3,\)"),
        ({"validation": (torch.zeros(3, 2), torch.tensor([0, 1]))}, r"validation x and validation y .*3 rows and 2"),
        ({"validation": (torch.zeros(0, 2), torch.zeros(0).long())}, r"validation x .*one sample at least"),
        ({"validation": (torch.tensor([[0.0, float("nan")]]), torch.tensor([0]))}, r"validation x .*finite.*\[0, 1\]"),
    ],
)
def test_bad_values_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        small(**settings)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((torch.zeros(2, 2, dtype=torch.uint8), torch.tensor([0, 1])), r"test x must hold floats .*uint8"),
        ((torch.zeros(2, 2), torch.tensor([0.0, 1.0])), r"test y must hold whole numbers, got torch.float32"),
    ],
)
def test_bad_types_are_named(pair, message):
    with pytest.raises(TypeError, match=message):
        small(test=pair)


def test_an_unknown_name_is_refused_with_a_near_miss():
    with pytest.raises(ValueError, match=r"name must be one of .fashion-mnist.*did you mean 'fashion-mnist'"):
        load("fashion-minst")


# files


def test_the_shipped_files_are_the_registered_ones_and_small():
    images = {
        "fashion-mnist-cnn.safetensors",
        "fashion-mnist.npz",
        "wordnet-gcn.safetensors",
        "wordnet-minilm.safetensors",
    }
    folder = registry.data_dir()
    runs = {p.relative_to(folder).as_posix() for p in (folder / "runs").rglob("*") if p.is_file()}
    assert {"runs/first-look/events.jsonl", "runs/first-look/beside/hard answers.jsonl"} < runs
    assert dict(data.verify()) == dict.fromkeys(
        images | texts.files() | {"words-en.txt.gz", "language/letters.safetensors"} | runs, "ok"
    )
    files = [f for f in registry.data_dir().rglob("*") if f.is_file() and "originals" not in f.parts]
    assert sum(f.stat().st_size for f in files) < 15e6


def test_a_flipped_byte_is_found_before_anything_is_read(copied):
    file = copied / "fashion-mnist.npz"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    expected = registry.entries()["fashion-mnist.npz"]
    with pytest.raises(ValueError, match=rf"fashion-mnist\.npz is corrupt.*{expected}, found [0-9a-f]{{64}}; `kdlab"):
        load("fashion-mnist")
    (file_name, state), *_ = data.verify("fashion-mnist")
    assert file_name == "fashion-mnist.npz"
    assert "corrupt" in state
    assert dict(data.verify())["fashion-mnist-cnn.safetensors"] == "ok"


def test_a_missing_file_is_named_with_a_remedy(copied):
    (copied / "fashion-mnist.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"fashion-mnist\.npz is missing .*git checkout -- data/fashion-mnist"):
        load("fashion-mnist")


def test_a_folder_without_a_registry_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KDLAB_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"no registry\.txt in the data folder .*nowhere; KDLAB_DATA names"):
        load("fashion-mnist")


def test_a_broken_line_of_the_registry_is_named(copied):
    (copied / registry.REGISTRY).write_text("# comment\nfashion-mnist.npz 123\n")
    with pytest.raises(ValueError, match=r"registry\.txt line 2 must be 'name sha256', got 'fashion-mnist.npz 123'"):
        load("fashion-mnist")


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    target = tmp_path / "file"
    registry.write(target, b"old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        registry.write(target, b"new")
    assert [f.name for f in tmp_path.iterdir()] == ["file"]
    assert target.read_bytes() == b"old"
