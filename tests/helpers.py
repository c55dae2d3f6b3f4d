"""Small random data sets and networks, which train in milliseconds."""

from __future__ import annotations

from collections import OrderedDict
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from kdlab import Dataset, Recipe
from kdlab.training import Training

CLASSES = 3


def rand(*shape: int, seed: int = 0) -> Tensor:
    """Normal float64 numbers that depend on nothing but their seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def images(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Random images (n, 1, 6, 6) with labels that a linear map gives them."""
    x = rand(n, 1, 6, 6, seed=seed).float()
    return x, (x.flatten(1) @ rand(36, CLASSES, seed=99).float()).argmax(1)


def toy(n: int = 90, labelled: int | None = None, pool: int | None = None) -> Dataset:
    """A data set of n training images; of 90 in batches of 16 the last batch is short."""
    test = images(50, seed=3)
    return Dataset.from_tensors(
        *images(n, seed=1), validation=images(40, seed=2), test=test, labelled=labelled, pool=pool, classes=list("abc")
    )


def net(seed: int = 0, classes: int = CLASSES, *, batch_norm: bool = False, dropout: float = 0.0) -> nn.Sequential:
    """A convolution and a hidden layer, in named stages."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        norm = [nn.BatchNorm2d(4)] if batch_norm else []
        drop = [nn.Dropout(dropout)] if dropout else []
        stages = {
            "stage1": nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), *norm, nn.ReLU()),
            "embedding": nn.Sequential(nn.Flatten(), nn.Linear(144, 8), nn.ReLU(), *drop),
            "head": nn.Linear(8, classes),
        }
        return nn.Sequential(OrderedDict(stages))


def sure(seed: int = 7, **settings: Any) -> nn.Sequential:
    """A teacher with strong opinions."""
    made = net(seed, **settings)
    with torch.no_grad():
        made.head.weight.mul_(20)
    return made


def training(student: Any = None, data: Dataset | None = None, *, teacher: Any = "made", **settings: Any) -> Training:
    """A training of the toy student by a toy teacher: three epochs of six steps unless told otherwise."""
    teacher = sure() if teacher == "made" else teacher
    every, peer = settings.pop("measure_every", 1), settings.pop("peer", None)
    recipe = Recipe(**{"epochs": 3, "batch_size": 16, "learning_rate": 0.01} | settings)
    student = net(1) if student is None else student
    data = toy() if data is None else data
    return Training(student, data, teacher=teacher, peer=peer, recipe=recipe, measure_every=every)


def bits(training_or_net: Any) -> dict[str, Tensor]:
    """All weights and buffers of a network, or of all that a training trains, copied."""
    nets = {"net": training_or_net}
    if isinstance(training_or_net, Training):
        nets = training_or_net.learners()
    return {f"{who} {k}": v.clone() for who, module in nets.items() for k, v in module.state_dict().items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    """Whether two sets of weights are equal to the last bit."""
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def seen(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Any:
    """An exchange of logits only, for methods that look at nothing else."""
    logits = (SimpleNamespace(logits=z, features={"layer": z}) for z in (student, teacher))
    return SimpleNamespace(
        **dict(zip(("student", "teacher"), logits, strict=True)),
        temperature=temperature,
        features=lambda: [(student, teacher)],
    )
