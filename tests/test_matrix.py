"""The whole map, type × scheme × algorithm: each cell runs through a whole life, or says why it cannot."""

import math
import re
from dataclasses import replace

import pytest
import torch
from helpers import bits, same, toy
from test_contract import network

import kdlab
from kdlab import Dataset, Recipe, algorithms, methods, models, schemes
from kdlab.events import Changed, Phase, Step
from kdlab.prepare import missing
from kdlab.training import Training

MATRIX = [
    (kind, scheme, variant, algorithm)
    for kind in methods.TYPES
    for scheme in schemes.names()
    for variant in schemes.variants(scheme)
    for algorithm in algorithms.names()
]
VARIANTS = sum(len(schemes.variants(scheme)) for scheme in schemes.names())


def viewed(data: Dataset, **views) -> Dataset:
    """Data with further views, each a function of a split."""
    parts = {p: getattr(data, p) for p in ("train", "validation", "test")}
    parts = {p: replace(s, views={"plain": s.x} | {n: f(s) for n, f in views.items()}) for p, s in parts.items()}
    return replace(data, **parts, whole=parts["train"])


def needed(algorithm: str, scheme: str) -> dict:
    """What each algorithm asks for: teachers, views, a graph; the rest is alike."""
    data, teacher, peer, settings = toy(48, labelled=24), network(3, seed=7), None, {}
    if algorithm == "multi-teacher":
        teacher = [teacher, network(3, seed=8)]
    if algorithm == "cross-modal":
        data, settings = viewed(data, negative=lambda split: -split.x), {"view": "plain", "teacher_view": "negative"}
    if algorithm == "graph-based":
        data = viewed(data, node=lambda split: split.rows[:, None].float())
        flat = replace(data, edges=torch.stack([torch.arange(47), torch.arange(1, 48)], 1))
        graph = flat.graph._replace(x=flat.graph.x.flatten(1))
        data, settings = flat, {"view": "plain", "teacher_view": "node"}
        teacher = models.build("gcn", seed=7, classes=3, graph=graph)
        if scheme == "online":
            peer = teacher
    if algorithm == "data-free":
        settings["algorithm_knobs"] = {"steps": 1}
    return {"data": data, "teacher": teacher, "peer": peer, "settings": settings}


@pytest.mark.parametrize(("kind", "scheme", "variant", "algorithm"), MATRIX)
def test_every_cell_of_the_matrix_runs_through_a_whole_life_or_says_why_not(kind, scheme, variant, algorithm):
    """First weights from the teacher, schedules, images that come late, and fine-tuning at the end."""
    given, student = needed(algorithm, scheme), network(3, seed=1)
    data, teacher, peer, settings = given.values()
    blind = algorithm == "data-free"  # without labels there is no alpha to turn, and nothing to tune on
    whole = blind or algorithm == "lifelong"  # its classes come late already
    alike = not isinstance(teacher, list) and algorithm != "graph-based"
    schedule = {"temperature": [[0.0, 4.0], [1.0, 1.0]]}
    if not blind:
        schedule["alpha"] = [[0.0, 0.1], [1.0, 0.9]]
    recipe = Recipe(
        type=kind, scheme=scheme, scheme_variant=variant, algorithm=algorithm, batch_size=16, epochs=2,
        init="teacher" if alike else "random", late=0.0 if whole else 0.5, fine_tune=0 if blind else 1,
        schedule=schedule, **settings,
    )  # fmt: skip
    nets = [teacher] if alike or algorithm == "graph-based" else teacher
    names = {"type": kind, "scheme": scheme, "scheme_variant": variant, "algorithm": algorithm}
    reason = kdlab.explain(**names, **_views(settings), data=data, teacher=teacher, student=student, peer=peer)
    assert reason == missing(recipe, data, teacher, student, peer)
    if reason:
        with pytest.raises(ValueError, match=re.escape(reason)):
            Training(student, data, teacher=teacher, peer=peer, recipe=recipe)
        return
    before = [bits(one) for one in nets]
    made = Training(student, data, teacher=teacher, peer=peer, recipe=recipe)
    happened = list(made)
    steps = [e for e in happened if isinstance(e, Step)]
    assert len(steps) == made.step == made.total == 3 * (2 * len(made.setup.phases) + recipe.fine_tune)
    assert all(math.isfinite(value) for step in steps for value in step.terms.values())
    assert ([e.method for e in happened if isinstance(e, Phase)][-1] == "fine-tuning") is not blind
    told = {e.knob: e for e in happened if isinstance(e, Changed)}
    if alike:
        assert told["first weights"].new == "teacher: stage1.0, stage2.0, stage2.1, embedding.1, head"
    if not whole:
        late = told["labels at hand"]
        assert (late.step, late.old, late.new) == (3, 12, 24)
    first, last = ({name: points[i][1] for name, points in schedule.items()} for i in (0, -1))
    assert (steps[0].knobs, steps[-1].knobs) == (first, last)
    assert all(same(bits(one), was) for one, was in zip(nets, before, strict=True))


def _views(settings: dict) -> dict:
    return {name: value for name, value in settings.items() if "view" in name}


@pytest.mark.parametrize(
    ("algorithm", "cells"),
    [
        ("standard", 3 * VARIANTS - 2),  # an ensemble has no layers to compare
        ("attention-based", VARIANTS - 1),
        ("adversarial", 2 * VARIANTS - 1),
        ("lifelong", 3),
        ("data-free", 6),
        ("quantised", 3 * VARIANTS - 2),
    ],
)
def test_how_much_of_the_map_an_algorithm_covers(algorithm, cells):
    cell = {"data": toy(48), "teacher": network(3, seed=7), "student": network(3, seed=1), "algorithm": algorithm}
    reasons = [
        kdlab.explain(type=kind, scheme=scheme, scheme_variant=variant, **cell)
        for kind, scheme, variant, name in MATRIX
        if name == algorithm
    ]
    assert reasons.count(None) == cells, [r for r in reasons if r]
