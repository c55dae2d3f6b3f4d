"""What cannot be stacked is trained one after another, and it is said why."""

import dataclasses

import pytest
import torch
from helpers import bits, net, same, sure, toy
from stacks import double, run, trainings
from torch import nn

from kdlab import Recipe, methods
from kdlab.methods import Method, Term
from kdlab.methods.base import _METHODS
from kdlab.stacked import Stack, groups, why_not


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"student": lambda seed: net(seed, dropout=0.5)}, "dropout would draw other numbers"),
        ({"scheme": "self", "scheme_variant": "born-again", "teacher": None}, "the scheme has several phases"),
        ({"fine_tune": 1}, "the scheme has several phases"),
        ({"scheme": "self", "scheme_variant": "moving-average", "teacher": None}, "somebody follows the student"),
        ({"order_seed": None}, "each has an order of batches of its own"),
        ({"n": 1}, "one student alone"),
    ],
)
def test_why_not(changed, why):
    together, alone = trainings(**changed), trainings(**changed)
    stack = Stack(together)
    run(stack)
    assert why in stack.why_not
    assert why in why_not(trainings(**changed))
    for training in alone:
        list(training)
    assert all(same(bits(a), bits(b)) for a, b in zip(together, alone, strict=True))


def test_why_not_with_others():
    def against(**changed):
        return why_not([*trainings(1), *trainings(1, **changed)])

    assert against(learning_rate=0.02, epochs=4) == "learning_rate, epochs must be the same for all"
    assert against(method="dkd") == "method must be the same for all"
    assert against(teacher=sure().double()) == "they do not share one teacher"
    assert against(data=double(toy())) == "they do not share one data set"
    assert "differ in their layers" in against(student=lambda seed: nn.Sequential(nn.Flatten(), nn.Linear(36, 3)))
    [later] = trainings(1)
    list(later.until_step())
    later.take_step()
    assert why_not([*trainings(1), later]) == "they stand at different steps, 0 and 1"
    assert against() is None


@pytest.fixture
def own_methods():
    known = dict(_METHODS)
    yield
    _METHODS.clear()
    _METHODS.update(known)


class Asks(Method):
    def terms(self, seen):
        value = (seen.student.logits - seen.teacher.logits).square().mean()
        return {"gap": Term(1.0, value if value.detach() > 1 else value.sqrt())}


class Remembers(Method):
    """Its adapter holds a tensor that is neither weight nor buffer: a stack would use the first one's for all."""

    def adapter(self, student, teacher, pairs):
        made = nn.Linear(1, 1)
        made.drawn = torch.randn(3, dtype=torch.float64)
        return made

    def terms(self, seen):
        return {"gap": Term(1.0, (seen.student.logits - seen.adapter.drawn).square().mean())}


class Draws(Method):
    def terms(self, seen):
        return {"gap": Term(1.0, (seen.student.logits * torch.rand_like(seen.student.logits)).square().mean())}


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Asks, "method 'own' cannot be stacked: vmap"),
        (Remembers, "student/gap is another for a student alone"),
        (Draws, "method 'own' cannot be stacked: vmap"),
    ],
)
def test_a_method_is_found_out_by_trying(own_methods, kind, why):
    methods.register("own", type="response")(dataclasses.dataclass(frozen=True)(kind))
    together, alone = trainings(method="own"), trainings(method="own")
    before = [bits(training) for training in together]
    assert why_not(together).startswith(why)
    assert all(same(bits(a), b) for a, b in zip(together, before, strict=True))
    stack = Stack(together)
    torch.manual_seed(3)
    stack.advance()
    assert stack.why_not.startswith(why)
    torch.manual_seed(3)
    for training in alone:
        list(training.until_step())
        training.take_step()
    assert all(same(bits(a), bits(b)) for a, b in zip(together, alone, strict=True))


def test_groups_are_of_one_structure_and_one_order():
    one, two = trainings(2), trainings(2, method="dkd")
    own = trainings(2, order_seed=None)
    assert groups([one[0], two[0], own[0], one[1], own[1], two[1]]) == [[0, 3], [1, 5], [2], [4]]


# --- order_seed ---


def test_order_seed_is_of_the_order_alone():
    def rows(**settings):
        [training] = trainings(1, **settings)
        return [training.batches(step)[0].index.tolist() for step in range(12)]

    assert rows(seed=1, order_seed=4) == rows(seed=2, order_seed=4) == rows(seed=4, order_seed=None)
    assert rows(seed=1, order_seed=4) != rows(seed=1, order_seed=None)
    [a], [b] = (trainings(1, seed=1, order_seed=o, type="feature") for o in (4, None))
    assert same(bits(a), bits(b))  # the same first weights, adapters included
    with pytest.raises(ValueError, match="order_seed must be"):
        Recipe(order_seed=-1)
    assert "order_seed" not in Recipe().to_dict()
    assert Recipe.from_toml(Recipe(order_seed=3).to_toml()).order_seed == 3


def halved(module, slope):
    """The same, but for what a layer does that no weight shows."""
    return nn.Sequential(*module[:1], nn.LeakyReLU(slope), *module[1:])


class Scaled(nn.Module):
    """A factor that is neither weight nor buffer, and that its text does not show."""

    def __init__(self, seed, factor):
        super().__init__()
        self.net, self.factor = net(seed), factor

    def forward(self, x):
        return self.factor * self.net(x)


def frozen(seed, who):
    made = net(seed)
    made.stage1.requires_grad_(seed != who)
    return made


@pytest.mark.parametrize(
    ("student", "why"),
    [
        (lambda seed: frozen(seed, 0), "the networks differ in their layers or in what is frozen"),
        (lambda seed: frozen(seed, 1), "the networks differ in their layers or in what is frozen"),
        (lambda seed: halved(net(seed), 0.3 if seed == 1 else 0.01), "the networks differ in their layers"),
        (lambda seed: Scaled(seed, 1.5 if seed == 1 else 1.0), "is another for a student alone"),
    ],
)
def test_one_in_the_middle_who_is_another_is_not_taken_for_the_rest(student, why):
    together, alone = trainings(student=student), trainings(student=student)
    stack = Stack(together)
    run(stack)
    assert why in stack.why_not
    for training in alone:
        list(training)
    assert all(same(bits(a), bits(b)) for a, b in zip(together, alone, strict=True))
