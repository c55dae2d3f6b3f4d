"""Every method under every scheme, for a few steps on random images: what is owed whatever is combined."""

import re
from collections import OrderedDict

import pytest
import torch
from helpers import CLASSES, bits, same, toy
from torch import nn

from kdlab import Recipe, methods, schemes
from kdlab.events import Epoch, Phase, Step
from kdlab.prepare import missing
from kdlab.training import Training


def network(width: int, seed: int) -> nn.Sequential:
    """Two stages with maps, the second with BatchNorm, and a hidden layer; teacher and student differ in width."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        stages = {
            "stage1": nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU()),
            "stage2": nn.Sequential(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.BatchNorm2d(2 * width)),
            "embedding": nn.Sequential(nn.Flatten(), nn.Linear(18 * width, 3 * width), nn.ReLU(inplace=True)),
            "head": nn.Linear(3 * width, CLASSES),
        }
        return nn.Sequential(OrderedDict(stages))


COMBINATIONS = [
    (name, scheme, variant)
    for name in methods.names()
    for scheme in schemes.names()
    for variant in schemes.variants(scheme)
]


def parameters(made: Training, who: str) -> list[nn.Parameter]:
    return list(made.setup.players[who.partition(":")[0]].net.parameters())


def others(made: Training, teacher: str, student: str) -> list[nn.Parameter]:
    """Weights that a link's distillation must not reach: the teacher's, or of a panel those of all but the student."""
    names = [name for name in made.setup.players[teacher].members or (teacher,) if name != student]
    return [p for name in names for p in parameters(made, name) if p.requires_grad]


def gradients(value: torch.Tensor, weights: list[nn.Parameter]) -> list[torch.Tensor]:
    """Those that are not zero throughout."""
    found = torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True)
    return [g for g in found if g is not None and g.abs().max() > 0]


def check_gradients(made: Training) -> None:
    """Named finite terms; they reach their student, and no teacher; of a network's own exits, none above the exit."""
    terms = made.terms(*made.batches(made.step))
    assert all(t.value.shape == () and t.value.isfinite() for t in terms.values()), list(terms)
    taught: dict[str, list[torch.Tensor]] = {}
    for wire in made.wires:
        student, teacher = wire.link
        assert gradients(terms[f"{student}/labels"].value, parameters(made, student))
        if teacher is None:
            continue
        own = {n: t for n, t in terms.items() if n.startswith(f"{student}/") and not n.endswith("/labels")}
        assert own
        pull = sum(float(t.weight) * t.value for t in own.values())
        taught.setdefault(student.partition(":")[0], []).append(pull)
        if student.partition(":")[0] == teacher.partition(":")[0]:
            assert not gradients(pull, list(made.setup.players[teacher].net.head.parameters()))
        elif others(made, teacher, student):
            assert not gradients(pull, others(made, teacher, student))
    for student, pulls in taught.items():
        assert gradients(sum(pulls), parameters(made, student)), student


@pytest.mark.parametrize(("name", "scheme", "variant"), COMBINATIONS)
def test_a_few_steps(name, scheme, variant):
    teacher, student, data = network(4, seed=7), network(3, seed=1), toy(36, labelled=24)
    recipe = Recipe(
        type=methods.kind(name).type, method=name, scheme=scheme, scheme_variant=variant, alpha=0.5, batch_size=16,
        epochs=1, learning_rate=1e-3,
    )  # fmt: skip
    reason = missing(recipe, data, teacher, student)
    if schemes.get(scheme, variant).answers_only and methods.kind(name).compares:  # all other combinations run
        assert reason.startswith(f"method {name!r} compares layers, and the scheme 'online' (ensemble) teaches by")
        with pytest.raises(ValueError, match=re.escape(reason)):
            Training(student, data, teacher=teacher, recipe=recipe)
        return
    assert reason is None
    before = bits(teacher)
    made = Training(student, data, teacher=teacher, recipe=recipe)
    start = bits(made)
    kinds = []
    for event in made:
        kinds.append(type(event))
        if isinstance(event, Phase):
            start |= bits(made)
            check_gradients(made)
    assert kinds.count(Phase) == len(made.setup.phases)
    assert kinds.count(Step) == 3 * len(made.setup.phases)
    assert kinds[-1] is Epoch
    assert same(bits(teacher), before)
    assert all(p.grad is None for p in teacher.parameters())
    after = bits(made)
    for who in made.learners():
        mine = [k for k in start if k.startswith(f"{who} ")]
        assert any(not torch.equal(start[k], after[k]) for k in mine), f"{who} learned nothing"
