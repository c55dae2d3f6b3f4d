import pytest
import torch
from safetensors.torch import save
from torch import nn

from kdlab import data, models, registry

SHAPES = {  # name: (parameters, worked by hand: kernel · in · out + out …; stage1; stage2; embedding)
    "mlp-16": (784 * 16 + 16 + 16 * 10 + 10, None, None, 16),
    "mlp-32": (784 * 32 + 32 + 32 * 10 + 10, None, None, 32),
    "mlp-64": (784 * 64 + 64 + 64 * 10 + 10, None, None, 64),
    "conv-4": (9 * 4 + 4 + 9 * 4 * 8 + 8 + 392 * 10 + 10, (4, 14, 14), (8, 7, 7), 392),
    "conv-8": (9 * 8 + 8 + 9 * 8 * 16 + 16 + 784 * 10 + 10, (8, 14, 14), (16, 7, 7), 784),
    "cnn-half": (160 + 9 * 16 * 16 + 16 + 784 * 64 + 64 + 64 * 10 + 10, (16, 14, 14), (16, 7, 7), 64),
    "cnn": (160 + 9 * 16 * 32 + 32 + 1568 * 128 + 128 + 128 * 10 + 10, (16, 14, 14), (32, 7, 7), 128),
    "linear": (784 * 10 + 10, None, None, 784),
    "bag-of-words": (784 * 16 + 16 * 10 + 10, None, None, 16),
    "spelling-mlp": (784 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10, (64,), None, 32),
}


def test_every_network_is_listed_here():
    assert set(models.names()) == {*SHAPES, models.GRAPH}


@pytest.mark.parametrize("name", SHAPES)
def test_stages_have_the_promised_shapes_and_sizes(name):
    parameters, stage1, stage2, embedding = SHAPES[name]
    model = models.build(name)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert name in models.FOR_WORDS or f"{parameters:,}" in models.__doc__
    x, seen = torch.rand(3, 1, 28, 28), {}
    for stage, layer in model.named_children():
        x = seen[stage] = layer(x)
    expected = {"stage1": stage1, "stage2": stage2, "embedding": (embedding,), "head": (10,)}
    assert {k: tuple(v.shape) for k, v in seen.items()} == {k: (3, *v) for k, v in expected.items() if v}
    assert name == "bag-of-words" or all(v.min() >= 0 for k, v in seen.items() if k != "head")  # after ReLU


@pytest.mark.parametrize("name", SHAPES)
def test_weights_depend_on_the_seed_alone(name):
    torch.manual_seed(1)
    first = models.build(name, seed=5).state_dict()
    torch.manual_seed(2)
    again, other = models.build(name, seed=5).state_dict(), models.build(name, seed=6).state_dict()
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not any(torch.equal(first[k], other[k]) for k in first)


def test_building_leaves_the_random_state_alone():
    torch.manual_seed(3)
    models.build("cnn", seed=9)
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(2))


@pytest.mark.parametrize("name", SHAPES)
def test_other_sizes_and_classes_are_fitted(name):
    model = models.build(name, classes=3, size=(3, 30, 21))
    assert model(torch.rand(2, 3, 30, 21)).shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "parameters", "layers"),
    [
        ("mlp-24", 784 * 24 + 24 + 24 * 10 + 10, ["embedding", "head"]),
        ("mlp-64-32", 784 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10, ["stage1", "embedding", "head"]),
        ("conv-6", 9 * 6 + 6 + 9 * 6 * 12 + 12 + 588 * 10 + 10, ["stage1", "stage2", "embedding", "head"]),
        (
            "conv-4-8-16",
            9 * 4 + 4 + 9 * 4 * 8 + 8 + 9 * 8 * 16 + 16 + 16 * 16 * 10 + 10,  # 28, 14, 7, 4 pixels a side
            ["stage1", "stage2", "stage3", "embedding", "head"],
        ),
    ],
)
def test_perceptrons_and_convolutions_come_in_any_width_and_depth(name, parameters, layers):
    model = models.build(name, seed=1)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert [n for n, _ in model.named_children()] == layers
    assert model(torch.rand(2, 1, 28, 28)).shape == (2, 10)
    assert name not in models.names()


def test_a_name_says_all_there_is_to_a_network():
    for one, other in (("spelling-mlp", "mlp-64-32"), ("conv-8", "conv-8-16")):
        a, b = (models.build(name, seed=2).state_dict() for name in (one, other))
        assert all(torch.equal(a[k], b[k]) for k in a | b)


def test_a_perceptron_takes_inputs_of_any_shape():
    assert models.build("mlp-16", classes=4, size=(20,))(torch.rand(5, 20)).shape == (5, 4)


def test_a_bag_of_words_is_the_sum_of_its_words_vectors():
    model = models.build("bag-of-words", classes=3, size=(5,))
    words = torch.eye(5)
    together = model.embedding(words[:1] + words[2:3] + words[4:])
    assert torch.allclose(together, sum(model.embedding(words[[i]]) for i in (0, 2, 4)), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "parameters"), [("linear", "10 D + 10"), ("bag-of-words", "16 D + 170"), ("spelling-mlp", "64 D + 2,474")]
)
def test_networks_for_words_have_the_sizes_the_table_says(name, parameters):
    assert f"{parameters}\n" in models.__doc__
    factor, rest = (int(n.replace(",", "")) for n in parameters.split(" D + "))
    assert sum(p.numel() for p in models.build(name, size=(50,)).parameters()) == factor * 50 + rest


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: models.build("mpl-32"), "name must be one of .*got 'mpl-32'; did you mean 'mlp-32'"),
        (lambda: models.build("mlp-24-x"), r"got 'mlp-24-x'.* \(or other widths, such as 'mlp-24', 'mlp-64-32', 'co"),
        (lambda: models.build("conv-0"), "name must be one of .*got 'conv-0'; did you mean 'conv-"),
        (lambda: models.build("cnn-9"), "name must be one of .*got 'cnn-9'; did you mean 'cnn'"),
        (lambda: models.build("mlp-1-2-3-4-5"), "name must be one of .*got 'mlp-1-2-3-4-5'"),
        (lambda: models.build("cnn", seed=-1), "seed must be a whole number of at least 0, got -1"),
        (lambda: models.build("cnn", classes=0), "classes must be a whole number of at least 1, got 0"),
        (lambda: models.build("mlp-16", size=(1, 0)), r"size\[1\] must be a whole number of at least 1, got 0"),
        (lambda: models.build("conv-4", size=(20,)), r"size must be \(channels, H, W\) with H, W ≥ 4 .*got \(20,\)"),
        (lambda: models.build("cnn", size=(1, 3, 28)), r"size must be .*got \(1, 3, 28\)"),
        (lambda: models.pretrained("fashion-mnist-cn"), "name must be one of .*did you mean 'fashion-mnist-cnn'"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@torch.no_grad()
def test_the_shipped_teacher_keeps_its_word():
    """The accuracy its card states, on images that it has not learned from, and not blindly confident."""
    teacher, told = models.pretrained("fashion-mnist-cnn"), models.card("fashion-mnist-cnn")
    test = data.load("fashion-mnist").test
    p = torch.cat([teacher(part) for part in test.x.split(256)]).softmax(1)
    accuracy = (p.argmax(1) == test.y).float().mean().item()
    assert accuracy >= 0.88
    assert accuracy == pytest.approx(told["test_shipped_2000"]["accuracy"], abs=0.002)
    assert told["test_official_10000"]["accuracy"] >= 0.89
    assert abs(p.max(1).values.mean().item() - accuracy) < 0.05


def test_the_teacher_answers_in_eval_mode_with_weights_of_its_own():
    first, second = models.pretrained("fashion-mnist-cnn"), models.pretrained("fashion-mnist-cnn")
    assert not any(m.training for m in first.modules())
    assert all(p.requires_grad and p.dtype == torch.float32 for p in first.parameters())
    with torch.no_grad():
        first.head.weight.zero_()
    assert second.head.weight.abs().sum() > 0
    assert models.pretrained("fashion-mnist-cnn").head.weight.abs().sum() > 0


def test_the_teacher_has_the_architecture_that_students_can_be_built_with():
    teacher, built = models.pretrained("fashion-mnist-cnn"), models.build("cnn")
    assert str(teacher) == str(built)
    assert isinstance(teacher, nn.Sequential)
    assert (registry.data_dir() / "fashion-mnist-cnn.safetensors").stat().st_size < 1_000_000


def test_altered_weights_are_refused(tmp_path, monkeypatch):
    good = registry.data_dir() / "fashion-mnist-cnn.safetensors"
    content = bytearray(good.read_bytes())
    content[-1] ^= 1
    line = (registry.data_dir() / registry.REGISTRY).read_text()
    monkeypatch.setenv("KDLAB_DATA", str(tmp_path))
    (tmp_path / registry.REGISTRY).write_text(line)
    (tmp_path / good.name).write_bytes(content)
    with pytest.raises(ValueError, match=r"fashion-mnist-cnn\.safetensors is corrupt.*expected sha256 .*found"):
        models.pretrained("fashion-mnist-cnn")


def test_an_own_trained_model_is_one_file(tmp_path, monkeypatch):
    monkeypatch.setenv("KDLAB_DATA", str(tmp_path))
    own = models.build("mlp-16", seed=3, classes=2, size=(4,))
    card = '{"architecture": "mlp-16", "classes": 2, "size": [4]}'
    registry.put("own.safetensors", save(own.state_dict(), metadata={"card": card}))
    x = torch.rand(3, 4)
    assert models.pretrained_names() == ["own"]
    assert torch.equal(models.pretrained("own")(x), own(x))
