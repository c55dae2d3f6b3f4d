"""What networks know: a teacher that is asked once, a student that is asked each time."""

import gc

import pytest
import torch
from helpers import bits, net, same, sure, toy, training
from torch import nn

from kdlab import players
from kdlab.batches import Batches
from kdlab.players import REMEMBERED, Kept, Player, answers, ask, fingerprint, own_chance, tell


@pytest.mark.parametrize("shape", [600, 256, 90])
def test_kept_is_asked_to_the_bit(shape):
    """Shuffled, with a short last batch: what was kept of a row is what the teacher says of it now."""
    data, teacher = toy(shape), sure()
    kept = Kept(teacher, data.train)
    kept.taps = {"stage1", "embedding"}
    batches = Batches(data, 112, 0)
    with torch.no_grad():
        for step in range(2 * batches.transfer.per_epoch):
            batch, _ = batches(step)
            said = kept.know(batch)[""]
            now = tell(teacher, data.train.x, ["embedding"]).at(batch.index)
            assert torch.equal(said.logits, now.logits)
            assert torch.equal(said.features["embedding"], now.features["embedding"])
            assert torch.equal(said.features["stage1"], teacher.stage1(batch.x))
            assert torch.allclose(said.logits, teacher(batch.x), atol=1e-5)
    assert len(batch.index) == shape % 112 or shape == 256


def test_a_teacher_in_train_mode_is_asked_in_eval_mode_and_stays_as_it_was():
    teacher = sure(batch_norm=True, dropout=0.5).train()
    before, x = bits(teacher), toy().train.x
    said = tell(teacher, x)
    assert teacher.training
    assert teacher.stage1[1].training
    assert same(bits(teacher), before)
    assert torch.equal(said.logits, teacher.eval()(x))
    assert not said.logits.requires_grad


def test_asking_twice_is_asking_once(monkeypatch):
    asked = []
    monkeypatch.setattr(players, "tell", lambda net, x, taps=(): asked.append(len(x)) or tell(net, x, taps))
    teacher, x = sure(), toy().train.x
    said = ask(teacher, x)
    assert asked == [8, 90]  # a few that are asked again each time, and all
    assert ask(teacher, x) is said
    assert asked == [8, 90, 8]
    ask(teacher, x[:16])
    ask(teacher, x, ["stage1"])
    assert asked[3:] == [8, 16, 8, 90]


def test_a_teacher_that_has_changed_is_asked_anew():
    """A fused optimiser leaves the version counters of weights as they are; only their content tells."""
    teacher, x = sure(), toy().train.x
    first = ask(teacher, x).logits
    optimizer = torch.optim.Adam(teacher.parameters(), 0.1, fused=True)
    teacher(x).sum().backward()
    optimizer.step()
    assert not torch.equal(first, ask(teacher, x).logits)
    assert torch.equal(ask(teacher, x).logits, tell(teacher, x).logits)
    teacher.head.bias.data.add_(1)
    assert torch.equal(ask(teacher, x).logits, tell(teacher, x).logits)
    moved = sure(batch_norm=True)
    print_before = fingerprint(moved)
    moved.train()(x)
    assert fingerprint(moved) != print_before  # buffers count too


class Scaled(nn.Module):
    """Its factor stands neither among its weights nor in its text."""

    def __init__(self):
        super().__init__()
        self.body, self.scale = net(), 1.0

    def forward(self, x):
        return self.body(x) * self.scale


def other_layer(model):
    model.body.stage1[1] = nn.Tanh()


def other_attribute(model):
    model.scale = 5.0


def hook(model):
    model.register_forward_hook(lambda _module, _inputs, logits: 2 * logits)


@pytest.mark.parametrize("change", [other_layer, other_attribute, hook])
def test_a_change_that_leaves_the_weights_alone_is_seen_too(change):
    model, x = Scaled(), toy().train.x
    first = ask(model, x).logits
    change(model)
    assert not torch.equal(first, tell(model, x).logits)
    assert torch.equal(ask(model, x).logits, tell(model, x).logits)


def test_a_layer_that_changes_on_its_own_is_seen_too():
    """The logits stay as they are, and what is said of the layer does not."""
    model, x = Scaled(), toy().train.x
    ask(model, x, ["body.stage1.0"])
    model.body.stage1[0].register_forward_hook(lambda _module, _inputs, seen: seen.clamp(min=-1e-3))
    said, now = ask(model, x, ["body.stage1.0"]), tell(model, x, ["body.stage1.0"])
    assert torch.equal(said.features["body.stage1.0"], now.features["body.stage1.0"])


def test_inputs_that_have_changed_are_asked_anew():
    teacher, x = sure(), toy().train.x.clone()
    first = ask(teacher, x).logits
    x.add_(1)
    assert not torch.equal(first, ask(teacher, x).logits)


def test_memory_has_an_end():
    teacher, x = sure(), toy().train.x
    for i in range(3 * REMEMBERED):
        ask(teacher, x[: i + 1])
    assert len(players._asked[teacher]) == REMEMBERED
    del teacher
    gc.collect()
    assert not [net for net in players._asked if hasattr(net, "head") and net.head.out_features == 0]


def test_a_students_exits_answer_from_its_layers():
    student = net()
    made = training(student, scheme="self")
    player = made.setup.players["student"]
    validation = toy().validation
    x, said = validation.x, answers(player, validation)
    assert list(said) == ["", "stage1"]
    assert torch.equal(said[""], tell(player.net, x).logits)
    with torch.no_grad():
        assert torch.allclose(said["stage1"], player.heads[0](player.net.stage1(x)))
    batch, _ = made.batches(0)
    known = player.know(batch)
    assert known["stage1"].logits.requires_grad
    assert torch.equal(known[""].logits, player.net(batch.x))


def test_a_player_looks_at_no_more_than_is_asked():
    data = toy()
    player = Player(net())
    assert player.know(Batches(data, 16, 0)(0)[0])[""].features == {}
    player.taps = {"stage1"}
    assert list(player.know(Batches(data, 16, 0)(0)[0])[""].features) == ["stage1"]


def test_own_chance_depends_on_seed_and_step_and_leaves_the_callers_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()

    def draw(seed, step):
        with own_chance(seed, step):
            return torch.rand(3).tolist()

    a = draw(0, 1)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.rand(7)
    assert draw(0, 1) == a
    assert draw(0, 2) != a
    assert draw(1, 1) != a
