"""Changing what is trained while a run goes on, and going on from a saved state."""

import pytest
import torch
from helpers import bits, net, same, sure, toy, training

from kdlab.events import Changed, Epoch, Phase, Step

KINDS = {
    "soft targets": {},
    "hint, whose regressor learns too": {"type": "feature", "method_knobs": {"weight": 3.0}},
    "rkd": {"type": "relation"},
    "mix": {"method": {"soft-targets": 1, "hint": 1}},
    "online": {"scheme": "online"},
    "self": {"scheme": "self"},
    "ensemble": {"scheme": "online", "scheme_variant": "ensemble", "peers": 2},
    "mutual of three": {"scheme": "online", "peers": 2},
    "co-trained": {"scheme": "online", "scheme_variant": "co-trained"},
    "generations": {"scheme": "self", "scheme_variant": "born-again", "generations": 3, "epochs": 1},
    "generations, by hints": {"scheme": "self", "scheme_variant": "born-again", "type": "feature", "epochs": 2},
    "moving average": {"scheme": "self", "scheme_variant": "moving-average"},
    "assistants": {"scheme_variant": "assistant", "peers": 2, "epochs": 1},
    "tuned to the end": {"fine_tune": 2, "epochs": 1, "patience": 9},
    "tuned until patience ends": {"fine_tune": 9, "epochs": 1, "patience": 1, "scheme": "online"},
    "generations, then tuned": {"scheme": "self", "scheme_variant": "born-again", "epochs": 1, "fine_tune": 1},
    "schedules": {"schedule": {"temperature": [[0.0, 8.0], [1.0, 1.0]], "learning_rate": [[0.5, 0.01], [0.9, 0.001]]}},
    "late images": {"late": 0.5, "late_after": 2},
    "first weights from the teacher": {"init": "teacher"},
}


def run_to(made, step):
    """Iterate until ``step`` steps are done, and no further."""
    while made.step < step:
        next(iter(made))


@pytest.mark.parametrize("at", [1, 6, 10, 18])
@pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS)
def test_resuming_gives_the_same_bits_and_events(settings, at, tmp_path):
    """In mid-epoch, at an epoch's last step before it is measured, at the end; knobs are turned before and after."""

    def fresh():
        return training(net(1, batch_norm=True, dropout=0.2), toy(labelled=30), **settings)

    def turn(made, event):
        turns = {1: {"temperature": 5.0}, 11: {"alpha": 0.3}}
        if isinstance(event, Step) and event.step in turns:
            made.recipe = made.recipe.replace(**turns[event.step])

    straight, first = fresh(), fresh()
    whole = []
    for event in straight:
        whole.append(event)
        turn(straight, event)
    events = []
    for event in first:
        events.append(event)
        turn(first, event)
        if first.step == at:
            break
    torch.save(first.state(), tmp_path / "state.pt")
    second = fresh()
    second.load(torch.load(tmp_path / "state.pt"))
    for event in second:
        events.append(event)
        turn(second, event)
    assert events == whole
    assert same(bits(second), bits(straight))
    kept = [bits(net) for run in (second, straight) for net in run.students.values()]
    assert all(same(a, b) for a, b in zip(kept[: len(kept) // 2], kept[len(kept) // 2 :], strict=True))


def test_a_state_is_a_copy():
    made, other = training(type="feature"), training(type="feature")
    run_to(made, 4)
    state, then = made.state(), bits(made)
    list(made)
    other.load(state)
    assert same(bits(other), then)
    list(other)
    other.load(state)  # and may be loaded twice
    list(other)
    assert same(bits(other), bits(made))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"type": "feature", "method": None, "alpha": 0.5}),
        ({"type": "feature"}, {"type": "relation", "method": "rkd"}),
        ({}, {"scheme": "online", "scheme_variant": None}),
        ({}, {"scheme": "self", "scheme_variant": None}),
        ({"scheme": "self"}, {"scheme": "offline", "scheme_variant": None}),
        ({"scheme": "online"}, {"scheme": "self", "scheme_variant": None}),
        ({"type": "feature"}, {"taps": {"stage1": "stage1"}}),
    ],
)
def test_another_method_or_scheme_begins_a_phase_and_the_student_goes_on(before, after):
    made = training(**before)
    run_to(made, 7)
    student, weights = made.students["student"], bits(made.students["student"])
    moments = {p: s["exp_avg"].clone() for p, s in made.optimizers["student"].state.items()}
    made.recipe = made.recipe.replace(**after)
    assert same(bits(student), weights)
    rest = list(made)
    kinds = [type(e) for e in rest if not isinstance(e, Changed)]
    assert kinds[0] is Phase
    assert rest[0].step == 7
    assert made.students["student"] is student
    assert made.step == 18  # as many steps as without the change
    fresh = training(**before)
    run_to(fresh, 7)
    fresh.recipe = fresh.recipe.replace(**after)
    iterator = iter(fresh)
    while not isinstance(next(iterator), Phase):
        pass
    state = fresh.optimizers["student"].state
    kept = [
        torch.equal(state[p]["exp_avg"], m)
        for p, m in zip(fresh.students["student"].parameters(), moments.values(), strict=False)
    ]
    assert all(kept)
    assert len(kept) == 6
    trained = {id(p) for o in made.optimizers.values() for group in o.param_groups for p in group["params"]}
    assert {id(p) for module in made.learners().values() for p in module.parameters()} == trained


def test_exits_that_come_in_mid_run_are_trained():
    """Their weights must reach an optimiser, though the student had one before there were exits."""
    made = training()
    run_to(made, 7)
    made.recipe = made.recipe.replace(scheme="self", scheme_variant=None)
    run_to(made, 8)
    head = made.setup.players["student"].heads[0][-1].weight
    before = head.clone()
    run_to(made, 9)
    assert not torch.equal(head, before)


VARIANTS = [
    ("offline", "assistant"), ("online", "ensemble"), ("online", "co-trained"), ("self", "born-again"),
    ("self", "moving-average"),
]  # fmt: skip
TWO_PHASES = ("assistant", "born-again")


@pytest.mark.parametrize("first", [("offline", "frozen"), *VARIANTS])
@pytest.mark.parametrize("second", [("offline", "frozen"), *VARIANTS])
def test_any_variant_may_follow_any_other_and_be_resumed(first, second):
    made, straight = (training(scheme=first[0], scheme_variant=first[1]) for _ in range(2))
    for run in (made, straight):
        run_to(run, 5)
        run.recipe = run.recipe.replace(scheme=second[0], scheme_variant=second[1])
        run_to(run, 22 if second[1] in TWO_PHASES else 9)
    again = training(scheme="self")
    again.load(made.state())
    assert list(again) == list(straight)
    assert same(bits(again), bits(straight))
    assert straight.step == straight.total == (36 if second[1] in TWO_PHASES else 18)


@pytest.mark.parametrize("path", [["self", "offline"], ["online", "offline"], ["self", "online"], ["online", "self"]])
def test_a_run_whose_scheme_has_changed_can_be_resumed(path):
    made, straight = (training(scheme=path[0]) for _ in range(2))
    for run in (made, straight):
        run_to(run, 5)
        run.recipe = run.recipe.replace(scheme=path[1], scheme_variant=None)
        run_to(run, 9)
    rest = list(straight)
    for scheme in ("offline", "online", "self"):  # whatever it was built as
        again = training(scheme=scheme)
        again.load(made.state())
        assert list(again) == rest
        assert same(bits(again), bits(straight))
    measured = {"offline": ["student"], "online": ["student", "peer"], "self": ["student", "student:stage1"]}
    assert list(rest[-1].measured) == measured[path[1]]


def test_adapters_are_new_in_a_new_phase():
    made = training(type="feature")
    run_to(made, 7)
    first = made.learners()["student<-teacher"]
    made.recipe = made.recipe.replace(method={"hint": 1.0, "soft-targets": 1.0})
    run_to(made, 8)
    assert made.learners()["student<-teacher"] is not first
    assert set(made.optimizers) == {"student", "student<-teacher"}
    made.recipe = made.recipe.replace(type="response", method="soft-targets")
    run_to(made, 9)
    assert set(made.optimizers) == {"student"}


def test_a_pending_change_is_part_of_the_state():
    made, other = training(), training()
    run_to(made, 3)
    made.recipe = made.recipe.replace(temperature=7.0)
    other.load(made.state())
    assert other.recipe.temperature == 7.0
    assert list(other) == list(made)


@pytest.mark.parametrize(
    ("epochs", "steps", "measured"), [(5, 30, [6, 12, 18, 24, 30]), (2, 12, [6, 12]), (1, 10, [6, 10])]
)
def test_epochs_may_be_changed_mid_run(epochs, steps, measured):
    """More, fewer, or fewer than are done already, which ends the run."""
    made = training()
    events = []
    for event in made:
        events.append(event)
        if made.step == 10 and isinstance(event, Step):
            made.recipe = made.recipe.replace(epochs=epochs)
    assert made.step == made.total == steps
    assert [e.step for e in events if isinstance(e, Epoch)] == measured


def test_a_finished_run_goes_on_when_epochs_are_added():
    made, straight = training(), training(epochs=5)
    list(made)
    assert list(made) == []
    made.recipe = made.recipe.replace(epochs=5)
    assert sum(isinstance(e, Step) for e in made) == 12
    list(straight)
    assert same(bits(made), bits(straight))


@pytest.mark.parametrize("name", ["seed", "batch_size", "data", "labelled", "pool", "teacher", "student"])
def test_what_belongs_to_the_whole_run_may_not_change(name):
    made = training()
    value = 3 if name in ("seed", "batch_size", "labelled", "pool") else "other"
    old = getattr(made.recipe, name)
    with pytest.raises(ValueError, match=rf"^{name} must stay {old!r} within a run, got {value!r}$"):
        made.recipe = made.recipe.replace(**{name: value})
    assert getattr(made.recipe, name) == old


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"type": "feature", "method": None, "taps": {"stag1": "stage1"}},
            r"taps \(teacher's layer\) must be one of .*'stage1'",
        ),
        (
            {"type": "feature", "method": None, "taps": {"stage1": "heda"}},
            r"taps \(student's layer\) must be one of .*, got",
        ),
        ({"temperature": 0.0}, "temperature must be a finite number above 0"),
    ],
)
def test_a_change_that_cannot_be_is_refused_where_it_is_made_and_the_run_goes_on(change, message):
    made, straight = training(), training()
    run_to(made, 5)
    with pytest.raises(ValueError, match=rf"^{message}"):
        made.recipe = made.recipe.replace(**change)
    run_to(straight, 5)
    assert list(made) == list(straight)
    assert same(bits(made), bits(straight))


def test_a_teacher_cannot_be_missed_later_either():
    for settings, change in (
        ({"alpha": 0}, {"alpha": 0.5}),
        ({"scheme": "self"}, {"scheme": "offline", "scheme_variant": None}),
    ):
        made = training(teacher=None, **settings)
        run_to(made, 3)
        with pytest.raises(
            ValueError, match=r"^teacher must be a trained module or a name for scheme 'offline', got None"
        ):
            made.recipe = made.recipe.replace(**change)
        list(made)
    with pytest.raises(ValueError, match=r"^teacher must be .*; or alpha 0, to train on labels alone\)$"):
        training(teacher=None)


def test_a_state_of_another_run_is_refused():
    with pytest.raises(ValueError, match=r"^seed must stay 0 within a run, got 1$"):
        training().load(training(seed=1).state())


def test_teachers_of_two_trainings_do_not_mix():
    one, other = training(teacher=sure(7)), training(teacher=sure(8))
    steps = [next(e for e in run if isinstance(e, Step)) for run in (one, other)]
    assert steps[0].terms != steps[1].terms
