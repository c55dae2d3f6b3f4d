"""The training loop: equal to plain loops to the bit, steered at every step, and hard to disturb."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from helpers import bits, net, rand, same, sure, toy, training

from kdlab.batches import Batches
from kdlab.data import Split
from kdlab.events import Changed, Diverged, Epoch, Phase, Step


def plain_loop(student, teacher, data, knobs, *, seed=0, size=16, smoothing=0.0):
    """Soft targets as one writes them in plain PyTorch; ``knobs``: (T, alpha, learning rate) of each step."""
    batches = Batches(data, size, seed)
    optimizer = torch.optim.Adam(student.parameters(), 1e-3, fused=True)
    with torch.no_grad():
        answers = torch.cat([teacher.eval()(x) for x in data.train.x.split(256)])
    student.train()
    for step, (T, alpha, rate) in enumerate(knobs):
        transfer, labelled = batches(step)
        z = student(transfer.x)
        z_labelled = z if labelled is transfer else student(labelled.x)
        ce = F.cross_entropy(z_labelled, labelled.labels, label_smoothing=smoothing)
        log_p, log_q = F.log_softmax(z / T, 1), F.log_softmax(answers[transfer.index] / T, 1)
        soft = T**2 / len(z) * (log_q.exp() * (log_q - log_p)).sum()
        loss = (1 - alpha) * ce + alpha * soft
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return student


@pytest.mark.parametrize("labelled", [None, 30])
def test_training_is_the_plain_loop_to_the_bit(labelled):
    data, student = toy(labelled=labelled), net(1)
    made = training(student, data, temperature=3.0, alpha=0.7, label_smoothing=0.1)
    list(made)
    by_hand = plain_loop(student, sure(), data, [(3.0, 0.7, 0.01)] * 18, smoothing=0.1)
    assert same(bits(made.students["student"]), bits(by_hand))
    assert not same(bits(by_hand), bits(net(1)))


@pytest.mark.parametrize("labelled", [None, 30])
def test_knobs_turned_between_two_steps_take_effect_at_the_next(labelled):
    data = toy(labelled=labelled)
    turns = {
        3: {"temperature": 8.0},
        7: {"alpha": 0.2},
        8: {"learning_rate": 0.1},
        12: {"temperature": 1.0, "alpha": 1.0},
    }
    knobs, now = [], {"temperature": 2.0, "alpha": 0.9, "learning_rate": 0.01}
    for step in range(18):
        now |= turns.get(step, {})
        knobs.append(tuple(now.values()))
    made = training(data=data)
    events = []
    for event in made:
        events.append(event)
        if isinstance(event, Step) and event.step in turns:
            made.recipe = made.recipe.replace(temperature=5.5)  # passed over on the way
            made.recipe = made.recipe.replace(**({"temperature": knobs[event.step][0]} | turns[event.step]))
    assert same(bits(made.students["student"]), bits(plain_loop(net(1), sure(), data, knobs)))
    changed = [e for e in events if isinstance(e, Changed)]
    assert {(e.step, e.knob, e.new) for e in changed} == {
        (s, k, v) for s, turn in turns.items() for k, v in turn.items()
    }
    weights = {e.step: e.weights["student/soft targets"] for e in events if isinstance(e, Step)}
    assert [weights[s] for s in (7, 8, 12, 13)] == [0.9, 0.2, 0.2, 1.0]
    assert {e.step: e.weights["student/labels"] for e in events if isinstance(e, Step)}[8] == 0.8


def test_a_methods_own_knob_takes_effect_at_the_next_step():
    made = training(type="feature", alpha=0.5, method_knobs={"weight": 1.0})
    weights = []
    for event in made:
        if isinstance(event, Step):
            weights.append(event.weights["student/hint"])
            if event.step == 2:
                made.recipe = made.recipe.replace(method_knobs={"weight": 3.0})
    assert weights[:4] == [0.5, 0.5, 1.5, 1.5]


def test_alpha_0_is_training_on_labels_alone():
    untaught, deaf = training(teacher=None, alpha=0), training(alpha=0)
    events = list(deaf)
    list(untaught)
    assert same(bits(untaught), bits(deaf))
    assert all(e.weights == {"student/labels": 1.0} for e in events if isinstance(e, Step))
    by_hand = plain_loop(net(1), sure(), toy(), [(1.0, 0.0, 0.01)] * 18)
    assert same(bits(by_hand), bits(deaf.students["student"]))


def test_alpha_1_is_the_teacher_alone():
    made = training(alpha=1.0)
    steps = [e for e in made if isinstance(e, Step)]
    assert all(e.weights == {"student/labels": 0.0, "student/soft targets": 1.0} for e in steps)
    assert steps[0].loss == pytest.approx(steps[0].terms["student/soft targets"])


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_the_labels_of_the_pool_are_never_used(alpha):
    clean, poisoned = toy(labelled=30), toy(labelled=30)
    poisoned.train.y[~poisoned.train.labelled] = (poisoned.train.y[~poisoned.train.labelled] + 1) % 3
    results = []
    for data in (clean, poisoned):
        made = training(data=data, alpha=alpha, method={"soft-targets": 1, "hint": 1, "rkd": 1, "hard-targets": 1})
        results.append((list(made), bits(made)))
    assert results[0][0] == results[1][0]
    assert same(results[0][1], results[1][1])


def test_the_test_set_plays_no_part_before_the_end():
    data = toy()
    hidden = replace(data, test=Split(data.test.x * float("nan"), -data.test.y, data.test.labelled))
    assert list(training(data=hidden)) == list(training(data=data))


@pytest.mark.parametrize("settings", [{"alpha": 0.0}, {"alpha": 1.0}, {"scheme": "online"}, {"scheme": "self"}])
def test_equal_steps_whatever_alpha_and_scheme(settings):
    for data in (toy(), toy(labelled=30)):
        made = training(data=data, **settings)
        assert made.total == 18
        assert sum(isinstance(e, Step) for e in made) == 18 == made.step == made.total


def test_measuring_changes_no_bits():
    runs = [training(net(1, batch_norm=True, dropout=0.3), measure_every=every) for every in (0, 1, 2)]
    measured = [[e.step for e in run if isinstance(e, Epoch)] for run in runs]
    assert measured == [[18], [6, 12, 18], [12, 18]]
    assert same(bits(runs[0]), bits(runs[1]))
    assert same(bits(runs[0]), bits(runs[2]))


def test_whoever_iterates_may_call_eval():
    asked, plain = training(net(1, batch_norm=True)), training(net(1, batch_norm=True))
    for _ in asked:
        asked.students["student"].eval()
    list(plain)
    assert same(bits(asked), bits(plain))
    assert not same(bits(asked), bits(training(net(1, batch_norm=True))))


@pytest.mark.parametrize("mode", [True, False])
def test_the_teacher_stays_as_it_was(mode):
    teacher = sure(batch_norm=True, dropout=0.5).train(mode)
    teacher.head.requires_grad_(False)
    before = bits(teacher)
    for settings in ({}, {"type": "feature"}, {"type": "relation"}, {"scheme": "self"}):
        list(training(teacher=teacher, epochs=1, **settings))
    assert same(bits(teacher), before)
    assert all(module.training == mode for module in teacher.modules())
    assert all(p.grad is None for p in teacher.parameters())
    assert [p.requires_grad for p in teacher.head.parameters()] == [False, False]
    assert teacher.stage1[0].weight.requires_grad


def test_the_student_that_was_given_stays_as_it_was():
    student = net(1).eval().requires_grad_(False)
    before = bits(student)
    made = training(student)
    list(made)
    assert same(bits(student), before)
    assert not student.training
    assert not same(bits(made.students["student"]), before)


def test_pausing_and_going_on_gives_the_same_bits():
    paused, straight = training(net(1, dropout=0.3)), training(net(1, dropout=0.3))
    events = []
    while True:
        iterator = iter(paused)
        some = [e for _, e in zip(range(4), iterator, strict=False)]
        iterator.close()
        torch.rand(9)  # a cell that draws random numbers meanwhile
        rand(9)
        if not some:
            break
        events += some
    assert events == list(straight)
    assert same(bits(paused), bits(straight))


def test_dropout_draws_by_the_seed_and_leaves_the_global_state_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first = training(net(1, dropout=0.3))
    list(first)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(4)
    again, without = training(net(1, dropout=0.3)), training(net(1))
    for _ in again:
        torch.rand(3)
    list(without)
    assert same(bits(first), bits(again))
    assert not same(bits(first), bits(without))  # it did drop something


def test_nothing_is_inherited_by_whoever_iterates():
    for _ in training(net(1, dropout=0.3, batch_norm=True), scheme="online"):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_a_training_that_diverges_stops_with_the_step():
    made = training(learning_rate=1e30, epochs=50)
    events = list(made)
    assert isinstance(events[-1], Diverged)
    assert made.diverged
    assert events[-1].step == made.step + 1 == sum(isinstance(e, Step) for e in events) + 1
    assert events[-1].loss in ("nan", "inf")
    assert list(made) == []


def test_events_in_order():
    events = list(training(data=toy(32), epochs=2))
    assert [type(e) for e in events] == [Phase, Step, Step, Epoch, Step, Step, Epoch]
    assert events[0] == Phase(0, 0, [["student", "teacher"]], {"student<-teacher": []}, "soft-targets")
    assert [e.step for e in events] == [0, 1, 2, 2, 3, 4, 4]
    assert [e.epoch for e in events if isinstance(e, Epoch)] == [1, 2]
    step = events[1]
    assert step.loss == pytest.approx(sum(step.weights[k] * v for k, v in step.terms.items()))
