"""What a network costs, counted by hand."""

import subprocess
import sys

import pytest
import torch
from helpers import bits, net, same
from torch import nn

import kdlab
from kdlab.deploy import TURN, WARM, in_turns, measure


def test_a_perceptron_by_hand():
    cost = measure(kdlab.build("mlp-16"), torch.zeros(1, 1, 28, 28), repeats=3)
    assert cost.parameters == 784 * 16 + 16 + 16 * 10 + 10
    assert cost.bytes == 4 * cost.parameters
    assert cost.macs == 784 * 16 + 16 * 10


def test_a_convolution_by_hand():
    """A 3 × 3 kernel at 36 places, from 1 channel to 4; then 144 × 8 and 8 × 3."""
    model = net(batch_norm=True)
    cost = measure(model, torch.zeros(1, 1, 6, 6), repeats=3)
    assert cost.macs == 36 * 9 * 4 + 144 * 8 + 8 * 3
    assert cost.parameters == (9 * 4 + 4) + (4 + 4) + (144 * 8 + 8) + (8 * 3 + 3)
    assert cost.bytes == 4 * (cost.parameters + 4 + 4) + 8  # running mean and variance, and a counter of 8 bytes


def test_other_precisions_and_shared_weights_are_counted_as_stored():
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 36, bias=False), nn.Linear(36, 36, bias=False))
    model[2].weight = model[1].weight
    cost = measure(model.half(), torch.zeros(1, 36, dtype=torch.half), repeats=1)
    assert (cost.parameters, cost.bytes, cost.macs) == (36 * 36, 2 * 36 * 36, 2 * 36 * 36)


def test_time_is_of_one_answer_to_one_input():
    sizes = []
    model = net()
    model.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    cost = measure(model, torch.zeros(7, 1, 6, 6), repeats=30)
    assert set(sizes) == {1}
    assert len(sizes) == (WARM + TURN) + (WARM + 10) + 1
    assert 0 < cost.microseconds <= cost.p95


def test_several_are_timed_in_turns_and_counted_each_for_itself():
    order, models = [], {"small": net(seed=0), "other": net(batch_norm=True)}
    for name, model in models.items():
        model.register_forward_pre_hook(lambda _, inputs, name=name: order.append(name))
    costs = in_turns(models, torch.zeros(1, 1, 6, 6), repeats=2 * TURN)
    turns = [name for i, name in enumerate(order) if i == 0 or order[i - 1] != name]
    assert turns[:4] == ["small", "other", "small", "other"]
    assert list(costs) == ["small", "other"]
    for name, model in models.items():
        assert costs[name][:3] == measure(model, torch.zeros(1, 1, 6, 6), repeats=1)[:3]


def test_a_busy_moment_slows_all_down_alike(monkeypatch):
    """A clock by which every answer takes 1 s, and 9 s while the machine is busy: for half of the time at most."""
    now, given = [0.0], [0]

    class Answers(nn.Identity):
        def forward(self, x):
            given[0] += 1
            now[0] += 9.0 if 30 < given[0] < 150 else 1.0
            return x

    monkeypatch.setattr("kdlab.deploy.time.perf_counter", lambda: now[0])
    costs = in_turns({"a": Answers(), "b": Answers()}, torch.zeros(1, 3), repeats=200)
    assert [cost.microseconds for cost in costs.values()] == [1e6, 1e6]


def test_nothing_about_the_network_or_torch_changes():
    model = net(batch_norm=True, dropout=0.5).train()
    before, threads = bits(model), torch.get_num_threads()
    measure(model, torch.rand(1, 1, 6, 6), repeats=2)
    assert same(bits(model), before)
    assert model.training
    assert torch.get_num_threads() == threads


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"^example must be one input of shape \(1, …\), got \(0, 36\)$"):
        measure(net(), torch.zeros(0, 36))
    with pytest.raises(ValueError, match=r"^repeats must be a whole number of at least 1, got 0$"):
        measure(net(), torch.zeros(1, 1, 6, 6), repeats=0)


def test_operations_are_those_that_torch_counts():
    """And without its compiler, whose import takes a second of the first look at a workbench."""
    code = """
import sys, torch, kdlab
from kdlab.deploy import TURN, WARM, in_turns, measure
net = torch.nn.Sequential(
    torch.nn.Conv2d(1, 4, 3, stride=2, groups=1), torch.nn.Flatten(), torch.nn.Linear(676, 8, bias=False),
    torch.nn.Unflatten(1, (2, 4)), torch.nn.LSTM(4, 3),
)
x = torch.rand(1, 1, 28, 28)
macs = [measure(kdlab.pretrained("fashion-mnist-cnn"), x).macs, measure(net, x).macs]
assert "torch._dynamo" not in sys.modules
from torch.utils.flop_counter import FlopCounterMode
for model, found in zip([kdlab.pretrained("fashion-mnist-cnn"), net], macs):
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.eval()(x)
    assert found == counter.get_total_flops() // 2 > 0, (found, counter.get_total_flops())
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
