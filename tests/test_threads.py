"""One thread where small networks are trained, and as many as before afterwards."""

import pytest
import torch
from helpers import net, sure, toy
from torch import nn

import kdlab
from kdlab.threads import SMALL, one_thread


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


class Looking(nn.Module):
    """A student that notes how many threads there are when it answers."""

    seen: set

    def __init__(self, seen):
        super().__init__()
        self.net, self.seen = net(), seen

    def forward(self, x):
        self.seen.add((self.training, torch.get_num_threads()))
        return self.net(x)

    def __deepcopy__(self, memo):
        copied = Looking(self.seen)
        copied.load_state_dict(self.state_dict())
        return copied


def test_small_networks_are_trained_on_one_thread_and_large_ones_on_those_there_are(two_threads):
    with one_thread(net(), net(1)):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with one_thread(net(), nn.Linear(1000, SMALL // 1000)):
        assert torch.get_num_threads() == 2


def test_the_number_comes_back_after_an_error(two_threads):
    with pytest.raises(RuntimeError), one_thread():
        raise RuntimeError
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("stacked", [False, True])
def test_distill_and_compare_train_on_one_thread(two_threads, stacked):
    recipe, seen = kdlab.Recipe(epochs=1, order_seed=0), set()
    kdlab.distill(Looking(seen), toy(), teacher=sure(), recipe=recipe)
    arms = [recipe, recipe.replace(alpha=0.0)]
    kdlab.compare(arms, toy(), teacher=sure(), student=lambda seed: Looking(seen), seeds=[0, 1], stacked=stacked)
    assert {threads for training, threads in seen if training} == {1}
    assert torch.get_num_threads() == 2
