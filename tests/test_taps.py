"""Looking inside anybody's network."""

from collections import OrderedDict
from types import SimpleNamespace

import pytest
import torch
from helpers import bits, net, same
from torch import nn

from kdlab.taps import frozen, layers, observe, pairing, resting, tapped

X = torch.randn(5, 1, 6, 6, generator=torch.Generator().manual_seed(0))


class Answer(nn.Module):
    """Answers as some libraries do: an object with ``.logits``, or a tuple led by them."""

    def __init__(self, how):
        super().__init__()
        self.how = how
        self.body, self.last = nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.Tanh()), nn.Linear(4, 3)

    def forward(self, x):
        logits = self.last(self.body(x))
        return {"logits": SimpleNamespace(logits=logits), "tuple": (logits, 0), "dict": {"logits": logits}}[self.how]


class TwoHeads(nn.Module):
    """A layer whose output is a tuple."""

    def forward(self, x):
        return x.flatten(1)[:, :4], "more"


def test_a_tap_records_what_the_layer_answered():
    model = net()
    found = observe(model, X, ["stage1", "embedding"])
    inner = model.stage1(X)
    assert torch.equal(found.features["stage1"], inner)
    assert torch.equal(found.features["embedding"], model.embedding(inner))
    assert torch.equal(found.logits, model(X))


def test_nested_layers_can_be_tapped():
    model = net()
    found = observe(model, X, ["stage1.0", "embedding.1"])
    assert torch.equal(found.features["stage1.0"], model.stage1[0](X))
    assert found.features["embedding.1"].shape == (5, 8)


def test_an_activation_in_place_does_not_write_into_a_tap():
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(inplace=True), nn.Linear(8, 3))
    found = observe(model, X, ["1", "2"])
    assert torch.equal(found.features["1"], model[1](X.flatten(1)))
    assert (found.features["1"] < 0).any()
    assert (found.features["2"] >= 0).all()
    found.features["1"].sum().backward()  # the tap is in the graph
    assert model[1].weight.grad is not None


def test_hooks_are_gone_after_an_error_too():
    model = net()

    def hooked():
        return [name for name, module in model.named_modules() if module._forward_hooks]

    def fail():
        with tapped(model, ["stage1"]):
            assert hooked() == ["stage1"]
            model(torch.zeros(2, 7))

    with pytest.raises(RuntimeError):
        fail()
    assert hooked() == []


def test_an_unknown_layer_is_named_with_the_near_miss():
    with pytest.raises(ValueError, match=r"^layer must be one of .*, got 'stage_1'; did you mean 'stage1'\?$"):
        observe(net(), X, ["stage_1"])


@pytest.mark.parametrize("how", ["logits", "tuple"])
def test_answers_of_other_kinds(how):
    model = Answer(how)
    found = observe(model, X, ["body"])
    assert torch.equal(found.logits, model.last(model.body(X)))
    assert layers(model, X) == {"body": (4,)}


def test_answers_without_logits_are_refused():
    with pytest.raises(ValueError, match=r"^model must answer logits of shape \(batch, classes\), got dict$"):
        observe(Answer("dict"), X)
    with pytest.raises(ValueError, match=r"^model must answer logits .* got shape \(5, 4, 6, 6\)$"):
        observe(nn.Conv2d(1, 4, 3, padding=1), X)


def test_the_layers_of_a_network():
    assert layers(net(), X) == {"stage1": (4, 6, 6), "embedding": (8,)}
    assert list(layers(net(), X, nested=True)) == [
        "stage1.0", "stage1.1", "stage1", "embedding.0", "embedding.1", "embedding.2", "embedding",
    ]  # fmt: skip
    wrapped = nn.Sequential(OrderedDict(inner=net()))
    assert "inner.stage1" in layers(wrapped, X)
    assert layers(nn.Sequential(OrderedDict(flat=nn.Flatten(), answer=nn.Linear(36, 3))), X) == {"flat": (36,)}


def test_a_layer_that_answers_a_tuple():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.two, self.head = TwoHeads(), nn.Linear(4, 3)

        def forward(self, x):
            return self.head(self.two(x)[0])

    model = Model()
    assert layers(model, X) == {"two": (4,)}
    assert torch.equal(observe(model, X, ["two"]).features["two"], X.flatten(1)[:, :4])


def test_looking_changes_nothing():
    model = net(batch_norm=True, dropout=0.5).train()
    model.stage1.eval()
    before, modes = bits(model), [m.training for m in model.modules()]
    layers(model, X)
    with frozen(model):
        assert not model(X).requires_grad
        assert torch.equal(model(X), model(X))  # no dropout
    with resting(model):
        assert model(X).requires_grad
    with pytest.raises(ZeroDivisionError), frozen(model):
        _ = 1 / 0
    assert [m.training for m in model.modules()] == modes
    assert same(bits(model), before)
    assert torch.is_grad_enabled()


def test_the_default_pair_is_the_last_common_name_else_the_last_of_each():
    a = {"stage1": (4, 6, 6), "embedding": (8,)}
    assert pairing(a, {"stage1": (2, 6, 6), "embedding": (3,)}) == (("embedding", "embedding"),)
    assert pairing(a, {"stage1": (2, 6, 6), "other": (3,)}) == (("stage1", "stage1"),)
    assert pairing(a, {"x": (2,), "y": (3,)}) == (("embedding", "y"),)
    assert pairing(a, a, "map") == (("stage1", "stage1"),)
    with pytest.raises(ValueError, match=r"^the student has no layer with feature maps to compare$"):
        pairing(a, {"x": (2,)}, "map")
