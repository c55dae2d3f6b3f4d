"""Trainings that can be stacked, stepped together, and compared with others."""

import dataclasses

import pytest
from helpers import bits, net, sure, toy

from kdlab import Dataset, Recipe
from kdlab.stacked import Stack
from kdlab.sweeps import Results
from kdlab.training import Training

STEPS = 30  # 5 epochs of 6


def double(data: Dataset) -> Dataset:
    parts = {part: getattr(data, part) for part in ("train", "validation", "test")}
    return dataclasses.replace(data, **{name: dataclasses.replace(s, x=s.x.double()) for name, s in parts.items()})


DATA = double(toy())
TEACHER = sure().double()


def trainings(n=3, *, data=DATA, teacher=TEACHER, student=net, knobs=None, **settings):
    """Students 0, 1 … of other first weights, temperatures and alphas; they see the same batches."""
    made = []
    for i in range(n):
        own = {"seed": i, "order_seed": 5, "temperature": 1.0 + i, "alpha": (0.2, 0.4, 0.9)[i % 3]}
        own |= {"method_knobs": {k: v * (1 - 0.1 * i) for k, v in (knobs or {}).items()}}
        recipe = Recipe(**{"epochs": 5, "batch_size": 16, "learning_rate": 0.01} | own | settings)
        training = Training(student(i).to(data.train.x.dtype), data, teacher=teacher, recipe=recipe)
        for module in training.learners().values():
            module.to(data.train.x.dtype)
        made.append(training)
    return made


def run(stack: Stack, steps: int | None = None):
    """Events of each training, step after step."""
    found = [[] for _ in stack.trainings]
    for happened in stack.run():
        for events, new in zip(found, happened, strict=True):
            events += new
        if stack.trainings[0].step == steps:
            break
    return found


def gap(some, others) -> float:
    """Largest difference of any weight of any student."""
    pairs = [(bits(a), bits(b)) for a, b in zip(some, others, strict=True)]
    return max(float((a[k].double() - b[k].double()).abs().max()) for a, b in pairs for k in a)


def assert_same(found: Results, expected: Results) -> None:
    """Results of two sweeps are the same but for the time they took, and for rounding."""
    fewest = min(r[k] for r in expected.trials.values() for k in ("validation_labels", "test_labels"))
    for one, other in zip(found.table(), expected.table(), strict=True):
        for name in other:
            if name.endswith(("accuracy", "agreement")):
                assert one[name] == pytest.approx(other[name], abs=1.05 / fewest)  # one input, at most
            elif name != "seconds":
                assert one[name] == (pytest.approx(other[name], abs=1e-4) if "_" in name else other[name])
