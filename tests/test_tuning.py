"""Fine-tuning: one more phase from labels alone, which ends early and keeps the best weights."""

import pytest
import torch
from helpers import bits, net, same, sure, toy, training

from kdlab import events, tuning
from kdlab.events import Changed, Epoch, Phase, Step
from kdlab.schemes import Link


def accuracies(happened, start):
    """Step -> the student's validation accuracy, from a step on."""
    return [(e.step, e.measured["student"]["accuracy"]) for e in happened if isinstance(e, Epoch) and e.step >= start]


def test_it_is_one_more_phase_of_labels_alone():
    made = training(fine_tune=2, patience=9, epochs=2, learning_rate=1e-4)
    assert made.total == 24 == made.recipe.total_steps(90)
    happened = list(made)
    phases = [e for e in happened if isinstance(e, Phase)]
    assert phases == [
        Phase(0, 0, [["student", "teacher"]], {"student<-teacher": []}, "soft-targets"),
        Phase(12, 1, [["student", None]], {"student<-labels": []}, "fine-tuning"),
    ]
    steps = [e for e in happened if isinstance(e, Step)]
    assert [set(e.weights) for e in steps[10:14]] == [{"student/labels", "student/soft targets"}] * 2 + [
        {"student/labels"}
    ] * 2
    assert steps[-1].weights == {"student/labels": 1.0}
    assert "step    12  phase 2: labels → student, fine-tuning" in list(events.replay(happened))


def test_until_then_nothing_is_changed():
    tuned, plain = training(fine_tune=2), training()
    first = []
    while tuned.step < 18:
        first.append(next(iter(tuned)))
    rest = list(plain)
    assert first == rest[: len(first)]
    assert same(bits(tuned), bits(plain))


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("measure_every", [0, 1, 5])
def test_patience_ends_it_and_the_best_weights_come_back(patience, measure_every):
    """At a learning rate that ruins it, and whatever else is measured."""
    made = training(
        fine_tune=20,
        patience=patience,
        measure_every=measure_every,
        schedule={"learning_rate": [[0.14, 0.003], [0.4, 0.1]]},
    )
    happened, seen = [], {}
    for event in made:
        happened.append(event)
        if isinstance(event, Epoch):
            seen.setdefault(event.step, bits(made.students["student"]))
    found = accuracies(happened, 18)
    *tuned, (last, again) = found
    assert last == tuned[-1][0] == made.step == made.total < 18 + 120
    best_step, best = max(tuned, key=lambda pair: (pair[1], -pair[0]))
    assert again == best >= tuned[-1][1]
    assert patience == 1 or best > max(tuned[0][1], tuned[-1][1])  # it got better, and then worse
    assert (last - best_step) // 6 == patience
    assert same(bits(made.students["student"]), seen[best_step])
    told = [e for e in happened if isinstance(e, Changed)]
    assert told == [Changed(last, "weights of step", last, best_step)]
    assert happened.index(told[0]) == len(happened) - 2
    assert list(made) == []


def test_tuning_that_does_not_help_is_undone():
    made = training(fine_tune=3, patience=2, schedule={"learning_rate": [[0.4, 0.01], [0.41, 0.5]]})
    for event in made:
        if isinstance(event, Epoch) and event.step == 18:
            before = bits(made.students["student"])
    assert same(bits(made.students["student"]), before)


def test_the_last_weights_stay_where_they_are_the_best():
    best = tuning.Best(net(1), 0.5, 0)
    for step, accuracy in ((6, 0.6), (12, 0.6), (18, 0.7)):
        best.judge(accuracy, step)
    assert (best.step, best.accuracy, best.waited) == (18, 0.7, 0)
    best.judge(0.7, 24)  # as good is not better
    assert (best.step, best.waited) == (18, 1)
    made = training(fine_tune=1, learning_rate=1e-3)
    happened = list(made)
    if accuracies(happened, 24)[0][1] > accuracies(happened, 18)[0][1]:
        assert not any(isinstance(e, Changed) for e in happened)


def test_the_test_set_plays_no_part():
    data = toy()
    data.test.x.mul_(float("nan"))
    assert list(training(data=data, fine_tune=3)) == list(training(fine_tune=3))


def test_exits_are_tuned_with_their_student_and_peers_are_not():
    assert tuning.phase([(Link("student", None), Link("student:stage1", "student"))]) == (
        Link("student", None),
        Link("student:stage1", None),
    )
    for scheme, variant, tuned in (
        ("self", "exits", [["student", None], ["student:stage1", None]]),
        ("offline", "assistant", [["student", None]]),
        ("online", "mutual", [["student", None]]),
        ("online", "ensemble", [["student", None]]),
        ("online", "co-trained", [["student", None]]),
        ("self", "born-again", [["student", None]]),
        ("self", "moving-average", [["student", None]]),
    ):
        made = training(scheme=scheme, scheme_variant=variant, fine_tune=1, epochs=1)
        last = [e for e in made if isinstance(e, Phase)][-1]
        assert (last.links, last.method) == (tuned, "fine-tuning")
    made = training(scheme="online", fine_tune=1, epochs=1)
    while made.step < 6:
        next(iter(made))
    peer = bits(made.students["peer"])
    list(made)
    assert same(bits(made.students["peer"]), peer)


def test_a_pool_is_not_looked_at():
    made = training(net(1, batch_norm=True), toy(labelled=30), epochs=1, fine_tune=1, patience=9)
    while made.step < 12:
        next(iter(made))
    assert int(made.students["student"].stage1[1].num_batches_tracked) == 2 * 6 + 6


def test_a_finished_run_may_be_tuned_and_a_tuning_run_shortened():
    made, straight = training(), training(fine_tune=2, patience=9)
    list(made)
    made.recipe = made.recipe.replace(fine_tune=2, patience=9)
    happened = list(made)
    assert sum(isinstance(e, Step) for e in happened) == 12
    list(straight)
    assert same(bits(made), bits(straight))
    shortened = training(fine_tune=9, patience=9)
    while shortened.step < 27:
        next(iter(shortened))
    shortened.recipe = shortened.recipe.replace(fine_tune=0, type="feature", method=None)
    list(shortened)
    assert shortened.step == shortened.total == 27
    assert shortened.best.closed


def test_another_scheme_within_tuning_begins_at_its_beginning():
    made = training(fine_tune=5, patience=9)
    while made.step < 20:
        next(iter(made))
    made.recipe = made.recipe.replace(scheme="self", scheme_variant=None)
    happened = list(made)
    began = next(e for e in happened if isinstance(e, Phase))
    assert began.links == [["student", None], ["student:stage1", "student"]]
    assert made.step == made.total


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"fine_tune": -1}, "fine_tune must be a whole number of at least 0, got -1"),
        ({"patience": 0}, "patience must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_values_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        training(**values)


def test_the_teacher_stays_as_it_was():
    teacher = sure(batch_norm=True)
    before = bits(teacher)
    list(training(teacher=teacher, fine_tune=2, init="random"))
    assert same(bits(teacher), before)
    assert torch.is_grad_enabled()
