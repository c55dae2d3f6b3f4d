"""Kept knowledge on disk: the same bits as asking, and never those of another network, other data or other layers."""

import pytest
import torch
from helpers import bits, net, same, sure, toy, training
from safetensors.torch import load_file
from torch import nn

from kdlab import Recipe, Sweep, answerfile, keep, players, sweep
from kdlab.batches import Batches
from kdlab.keep import key
from kdlab.players import Kept, ask, tell

TAPS = ("stage1", "embedding")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder that is named as cache."""
    monkeypatch.setenv(keep.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def asked(monkeypatch):
    """How many inputs have been asked about, each time that somebody was."""
    found = []
    monkeypatch.setattr(players, "tell", lambda net, x, taps=(): found.append(len(x)) or tell(net, x, taps))
    return found


def equal(a, b):
    return torch.equal(a.logits, b.logits) and same(a.features, b.features)


# --- the same bits, asked once ---


@pytest.mark.parametrize("by_rows", [False, True])
def test_what_is_read_is_what_is_said_for_a_new_network_too(cache, asked, by_rows, monkeypatch):
    """Shuffled batches, the last one short; of a large file the rows are read, of a small one they are mapped."""
    monkeypatch.setattr(answerfile, "ROOM", 0 if by_rows else 2**27)
    data = toy(600)
    for start in range(2):
        teacher = sure()
        kept = Kept(teacher, data.train)
        kept.taps = set(TAPS)
        batches = Batches(data, 112, 0)
        for step in range(2 * batches.transfer.per_epoch):
            batch, _ = batches(step)
            said, now = kept.know(batch)[""], tell(teacher, data.train.x, TAPS).at(batch.index)
            assert equal(said, now)
            assert not said.logits.requires_grad
        assert len(batch.index) == 600 % 112
        assert asked == ([8, 256, 256, 88] if start == 0 else [8])
        asked.clear()


@pytest.mark.parametrize("by_rows", [False, True])
def test_a_row_that_is_not_there_is_refused(cache, by_rows, monkeypatch):
    monkeypatch.setattr(answerfile, "ROOM", 0 if by_rows else 2**27)
    said = ask(sure(), toy().train.x, TAPS)
    for wrong in (90, -1):
        with pytest.raises(IndexError):
            said.at(torch.tensor([0, wrong]))


@pytest.mark.parametrize("settings", [{"type": "response"}, {"type": "feature"}, {"type": "relation"}])
@pytest.mark.parametrize("where", ["small", "large", "folder"])
def test_a_student_learns_the_same_bits_from_what_lies_on_disk(settings, where, tmp_path, monkeypatch, asked):
    def trained():
        made = training(net(1), toy(labelled=30), **settings)
        asked.clear()
        list(made)
        return bits(made)

    expected = trained()
    if where == "large":
        monkeypatch.setattr(keep, "LARGE", 1)
    elif where == "folder":
        monkeypatch.setenv(keep.VARIABLE, str(tmp_path))
    monkeypatch.setattr(answerfile, "ROOM", 0)
    assert same(trained(), expected)
    first = sum(asked)
    assert same(trained(), expected)
    assert first - sum(asked) == (90 + 40 if where == "folder" else 0)  # training and validation images


class Cast(nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.dtype = dtype

    def forward(self, x):
        return (3 * x).to(self.dtype)


class Kinds(nn.Module):
    """Layers that answer numbers of every kind, beside the one that counts."""

    def __init__(self):
        super().__init__()
        self.kinds, self.body = nn.ModuleList(Cast(dtype) for dtype in answerfile.CODES), net()

    def forward(self, x):
        for kind in self.kinds:
            kind(x)
        return self.body(x)


def test_layers_of_all_kinds_of_numbers_are_kept(cache):
    model, x, taps = Kinds(), toy(300).train.x, [f"kinds.{i}" for i in range(len(answerfile.CODES))]
    assert equal(ask(model, x, taps), tell(model, x, taps))
    held = load_file(*cache.iterdir())
    assert {held[f"features/{name}"].dtype for name in taps} == set(answerfile.CODES)


def test_a_file_is_in_the_form_of_safetensors(cache):
    teacher, x = sure(), toy().train.x
    said = ask(teacher, x, TAPS)
    held = load_file(*cache.iterdir())
    assert torch.equal(held["logits"], said.logits)
    assert torch.equal(held["features/stage1"], said.features["stage1"])
    assert torch.equal(held["probe/logits"], tell(teacher, x[::12]).logits)


def test_what_is_written_into_an_answer_does_not_reach_the_file(cache):
    ask(sure(), toy().train.x).logits.zero_()
    assert equal(ask(sure(), toy().train.x), tell(sure(), toy().train.x))


# --- the key: all that determines the answers ---


def test_the_key_sees_one_bit_of_the_weights_the_buffers_and_the_data():
    x = toy().train.x
    keys = [key(sure(batch_norm=True), x, TAPS)]
    assert key(sure(batch_norm=True), x.clone(), TAPS) == keys[0]
    for name in ("head.bias", "stage1.0.weight", "stage1.1.running_var"):
        other = sure(batch_norm=True)
        other.state_dict()[name].view(torch.int32).flatten()[0] ^= 1
        keys.append(key(other, x, TAPS))
    changed = x.clone()
    changed.view(torch.int32).flatten()[-1] ^= 1
    keys += [key(sure(batch_norm=True), other, TAPS) for other in (changed, x[:-1], x.flatten(1), x.double())]
    assert len(set(keys)) == len(keys)


def test_the_key_sees_the_architecture_the_layers_and_the_surroundings(monkeypatch):
    x, keys = toy().train.x, []
    keys += [key(sure(), x, taps) for taps in ([], ["stage1"], ["embedding"], TAPS)]
    assert key(sure().train(), x, TAPS[::-1]) == keys[-1]
    other = sure()
    other.stage1[1] = nn.Tanh()  # no weights
    slower = sure()
    slower.stage1[0].stride = (2, 2)
    renamed = nn.Sequential(*sure())
    last = sure().to(memory_format=torch.channels_last)  # an order that other kernels work on
    keys += [key(changed, x, TAPS) for changed in (other, slower, renamed, last)]
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    keys.append(key(sure(), x, TAPS))
    for name, value in {"__version__": "9.9", "get_num_threads": lambda: 7}.items():
        monkeypatch.setattr(torch, name, value)
        keys.append(key(sure(), x, TAPS))
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    keys.append(key(sure(), x, TAPS))
    assert len(set(keys)) == len(keys)


class Scaled(nn.Module):
    """Its factor stands neither among its weights nor in its text."""

    def __init__(self, factor):
        super().__init__()
        self.body, self.factor = net(), factor

    def forward(self, x):
        return self.body(x) * self.factor


def test_what_no_hash_can_see_is_found_by_asking(cache):
    x = toy().train.x
    assert key(Scaled(1.0), x, []) == key(Scaled(2.0), x, [])
    for factor in (1.0, 2.0, 1.0):
        assert torch.equal(ask(Scaled(factor), x).logits, tell(Scaled(factor), x).logits)


def test_a_sweep_that_starts_again_asks_its_teacher_about_a_few_inputs_alone(cache, monkeypatch):
    asked = []

    def heard_by_the_teacher(net, x, taps=()):
        if sum(p.numel() for p in net.parameters()) > 100_000:
            asked.append(len(x))
        return tell(net, x, taps)

    monkeypatch.setattr(players, "tell", heard_by_the_teacher)
    base = Recipe(data="fashion-mnist", labelled=100, pool=0, student="mlp-16", teacher="fashion-mnist-cnn", epochs=1)
    heard = []
    for _ in range(2):
        asked.clear()
        players._asked.clear()  # what this process has heard before, in this test or in another
        table = sweep(Sweep(base, {"temperature": [1.0, 4.0]}, seeds=2))
        heard.append((asked.copy(), [trial["test"] for trial in table.trials.values()]))
    (first, figures), (second, again) = heard
    assert again == figures
    assert sum(second) < sum(first) / 20
