"""Many students at once: the same as one after another."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from helpers import bits, images, net, rand, same, sure, toy
from stacks import STEPS, double, gap, run, trainings

from kdlab import Dataset, methods, stacked
from kdlab.events import Changed, Diverged, Epoch, Step
from kdlab.sidebyside import AcrossClasses
from kdlab.stacked import Stack

# --- what can be stacked is the same ---


@pytest.mark.parametrize("name", methods.names())
def test_every_method_stacked_is_the_same_as_one_by_one(name):
    kind = methods.kind(name)
    knobs = {f.name: f.default for f in dataclasses.fields(kind) if isinstance(f.default, float)}
    settings = {"type": kind.type, "method": name, "knobs": knobs}
    together, alone = trainings(**settings), trainings(**settings)
    stack = Stack(together)
    events = run(stack)
    assert stack.why_not is None
    assert gap(together, trainings(**settings)) > 1e-3  # they have learned something
    for training, happened in zip(alone, events, strict=True):
        expected = list(training)
        assert [type(event) for event in happened] == [type(event) for event in expected]
        for one, other in zip(happened, expected, strict=True):
            if isinstance(one, Step):
                assert one.loss == pytest.approx(other.loss, abs=1e-8)
                assert one.terms == pytest.approx(other.terms, abs=1e-8)
                assert one.weights == pytest.approx(other.weights, abs=1e-12)
    assert gap(together, alone) < 1e-8


VARIED = {
    "a mix": {"method": {"soft-targets": 1.0, "hint": 0.5}},
    "labels alone": {"alpha": 0.0, "teacher": None},
    "one of them with labels alone": {"alpha": 0.0},
    "few labels": {"data": double(toy(labelled=30))},
    "peers": {"scheme": "online", "teacher": None},
    "exits": {"scheme": "self", "teacher": None},
    "a teacher that learns": {"scheme": "online", "scheme_variant": "co-trained"},
    "late labels": {"data": double(toy(labelled=60)), "late": 0.5},
    "schedules": {"schedule": {"temperature": [[0, 4.0], [1, 1.0]], "learning_rate": [[0, 0.02], [1, 0.001]]}},
    "smoothing": {"label_smoothing": 0.1},
}


@pytest.mark.parametrize("what", VARIED)
def test_stacked_is_the_same_as_one_by_one_with(what):
    together, alone = trainings(**VARIED[what]), trainings(**VARIED[what])
    if what == "one of them with labels alone":
        for some in (together, alone):
            some[1].recipe = some[1].recipe.replace(alpha=0.7)
    stack = Stack(together)
    run(stack)
    assert stack.why_not is None
    for training in alone:
        list(training)
    assert gap(together, alone) < 1e-8


def test_batch_norm_keeps_the_statistics_of_each():
    def normed(seed):
        return net(seed, batch_norm=True)

    together, alone = trainings(student=normed), trainings(student=normed)
    run(Stack(together))
    for training in alone:
        list(training)
    # the bias before a BatchNorm has gradient 0, of which Adam makes steps of rounding errors
    state, expected = (
        [{k: v for k, v in bits(t).items() if "stage1.0.bias" not in k} for t in some] for some in (together, alone)
    )
    for mine, theirs in zip(state, expected, strict=True):
        assert all(torch.allclose(mine[k], theirs[k], rtol=0, atol=1e-8) for k in mine)
        assert mine["student 0.stage1.1.num_batches_tracked"] == STEPS


def test_in_float32_accuracies_agree_within_a_point():
    validation, test = images(1000, seed=2), images(1000, seed=3)
    data = Dataset.from_tensors(*images(400, seed=1), validation=validation, test=test)
    together, alone = (trainings(5, data=data, teacher=sure()) for _ in range(2))
    run(Stack(together))
    for training in alone:
        list(training)
    measured = [[t.measure()["student"]["accuracy"] for t in some] for some in (together, alone)]
    assert measured[0] == pytest.approx(measured[1], abs=0.01)
    assert max(measured[0]) > 0.6


def test_more_than_the_cache_holds_are_stacked_in_parts(monkeypatch):
    monkeypatch.setattr(stacked, "ROOM", 1.0)
    together, alone = trainings(5), trainings(5)
    stack = Stack(together)
    stack.advance()
    assert [len(part.trainings) for part in stack._parts] == [2, 2, 1]
    run(stack)
    for training in alone:
        list(training)
    assert gap(together, alone) < 1e-8


# --- each can be looked at, saved, steered, or go on alone ---


def test_a_state_saved_meanwhile_goes_on_alone_to_the_same_end():
    together, [_, alone, _] = trainings(), trainings()
    stack = Stack(together)
    run(stack, steps=7)
    state = together[1].state()
    run(stack)
    alone.load(state)
    list(alone)
    assert gap([together[1]], [alone]) < 1e-8


def test_a_stack_that_is_left_goes_on_one_by_one_and_may_come_together_again():
    together, alone = trainings(), trainings()
    stack = Stack(together)
    run(stack, steps=7)
    for training in together:  # while they are still stacked
        training.take_step()
    stack.part()
    for training in together:
        training.take_step()
    run(stack)
    assert stack.why_not is None
    for training in alone:
        list(training)
    assert gap(together, alone) < 1e-8


def test_afterwards_each_has_memory_of_its_own():
    together = trainings()
    run(Stack(together))
    for training in together:
        tensors = [*bits(training).values(), *training.learners()["student"].parameters()]
        tensors += [m for s in training.optimizers["student"].state.values() for m in s.values()]
        assert all(t.untyped_storage().nbytes() == t.nbytes for t in tensors)
    copy = bits(together[1])
    with torch.no_grad():
        next(iter(together[0].learners()["student"].parameters())).zero_()
    assert same(bits(together[1]), copy)


def test_knobs_turned_meanwhile_take_effect_at_the_next_step():
    together, alone = trainings(), trainings()
    stack, events = Stack(together), [[], [], []]
    for happened in stack.run():
        for place, new in enumerate(happened):
            events[place] += new
        if together[0].step == 11:
            for training in together:
                training.recipe = training.recipe.replace(temperature=9.0, learning_rate=0.002)
    assert stack.why_not is None
    for training, mine in zip(alone, events, strict=True):
        expected = []
        for event in training:
            expected.append(event)
            if isinstance(event, Step) and event.step == 11:
                training.recipe = training.recipe.replace(temperature=9.0, learning_rate=0.002)
        assert [e for e in mine if isinstance(e, Changed)] == [e for e in expected if isinstance(e, Changed)] != []
    assert gap(together, alone) < 1e-8


def test_epochs_that_are_over_by_a_turn_end_all_with_what_each_has_measured():
    together = trainings()
    stack = Stack(together)
    run(stack, steps=11)
    for training in together:
        training.recipe = training.recipe.replace(epochs=1)
    [events] = {tuple(type(event) for event in happened) for happened in stack.advance()}
    assert events == (Changed, Epoch)
    assert stack.over
    assert [training.step for training in together] == [11] * 3


def test_a_knob_that_parts_them_makes_them_go_on_one_by_one():
    together, alone = trainings(), trainings()
    stack = Stack(together)
    run(stack, steps=11)
    for some in (together, alone):
        for training in some:
            while training.step < 11:
                list(training.until_step())
                training.take_step()
        some[0].recipe = some[0].recipe.replace(learning_rate=0.002)
    run(stack)
    assert stack.why_not == "learning_rate must be the same for all"
    for training in alone:
        list(training)
    assert gap(together, alone) < 1e-8


def test_one_that_diverges_leaves_with_the_weights_it_had():
    together, alone = trainings(4), trainings(4)
    for some in (together, alone):
        with torch.no_grad():
            some[2].students["student"].head.weight.fill_(float("inf"))
    stack = Stack(together)
    events = run(stack)
    expected = [list(training) for training in alone]
    assert isinstance(events[2][-1], Diverged)
    assert events[2] == expected[2]
    assert same(bits(together[2]), bits(alone[2]))
    assert gap(together[:2] + together[3:], alone[:2] + alone[3:]) < 1e-8
    assert stack.why_not is None
    assert isinstance(events[3][-1], Epoch)


# --- softmax with the batch innermost ---

Z, TARGETS = rand(7, 3, seed=1), torch.tensor([0, 2, 1, 1, 0, 2, 2])
SOFTMAXES = {
    "F.log_softmax": lambda z: F.log_softmax(z, dim=1),
    "torch.log_softmax": lambda z: torch.log_softmax(z, -1),
    "Tensor.log_softmax": lambda z: z.log_softmax(1),
    "F.softmax": lambda z: F.softmax(z, dim=-1),
    "by name": lambda z: F.softmax(input=z, dim=1) + F.cross_entropy(input=z, target=TARGETS),
    "torch.softmax": lambda z: torch.softmax(z, dim=1),
    "Tensor.softmax": lambda z: z.softmax(1),
    "over the batch": lambda z: z.softmax(0) + F.log_softmax(z, dim=0),
    "three axes": lambda z: z[None].softmax(1) + z[:, None].log_softmax(2),
    "another kind": lambda z: z.softmax(1, torch.float32),
    "cross_entropy": lambda z: F.cross_entropy(z, TARGETS),
    "summed": lambda z: F.cross_entropy(z, TARGETS, reduction="sum"),
    "weighed": lambda z: F.cross_entropy(z, TARGETS, torch.tensor([1.0, 2.0, 3.0], dtype=z.dtype)),
    "weighed by name": lambda z: F.cross_entropy(z, TARGETS, weight=torch.tensor([1.0, 2.0, 3.0], dtype=z.dtype)),
    "ignored": lambda z: F.cross_entropy(z, TARGETS, ignore_index=2),
    "smoothed": lambda z: F.cross_entropy(z, TARGETS, label_smoothing=0.3),
    "shares": lambda z: F.cross_entropy(z, z.detach().softmax(1)),
}


@pytest.mark.parametrize("what", SOFTMAXES)
def test_softmax_with_the_batch_innermost_is_the_same_with_its_gradient(what):
    found, expected = Z.clone().requires_grad_(), Z.clone().requires_grad_()
    with AcrossClasses():
        mine = SOFTMAXES[what](found)
    theirs = SOFTMAXES[what](expected)
    assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
    assert torch.allclose(mine, theirs, rtol=0, atol=1e-12)
    weights = rand(*mine.shape, seed=2).to(mine.dtype) if mine.ndim else 1.0
    (mine * weights).sum().backward()
    (theirs * weights).sum().backward()
    assert torch.allclose(found.grad, expected.grad, rtol=0, atol=1e-7 if mine.dtype == torch.float32 else 1e-12)
