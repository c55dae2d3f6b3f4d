"""The student of a saved run as a network that can teach."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from kdlab import data as datasets
from kdlab import models
from kdlab.recipe import Recipe

WEIGHTS = "student.safetensors"


def is_run(name: str) -> bool:
    """Whether a teacher's name is the folder of a saved run."""
    return (Path(name) / WEIGHTS).is_file()


def student_of(folder: str) -> nn.Module:
    """The student of a saved run, in eval mode; its attribute ``sees`` names the view that it has learned from.

    Args:
        folder: of a run whose student has a name.

    Raises:
        ValueError: the student was somebody's own module.
    """
    path = Path(folder)
    recipe = Recipe.from_toml((path / "recipe.toml").read_text(encoding="utf-8"))
    if recipe.student is None:
        raise ValueError(f"teacher must be a run whose student has a name, got {folder!r}, whose student was a module")
    if recipe.data is None:
        card, view = json.loads((path / "card.json").read_text(encoding="utf-8")), recipe.view
        net = models.build(recipe.student, classes=card["classes"], size=tuple(card["size"]))
    else:
        data = datasets.load(recipe.data, view=recipe.view, task=recipe.task)
        net, view = models.fitting(recipe.student, data), data.view
    net = recipe.build_algorithm().student(net)
    net.load_state_dict(load_file(path / WEIGHTS))
    net.sees = view
    return net.eval()
