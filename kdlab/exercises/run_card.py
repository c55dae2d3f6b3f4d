"""Exercise of notebook 00: read a number off a saved run."""

from __future__ import annotations

import tempfile
from pathlib import Path

import tomli_w  # noqa: F401  (Run.save needs it: not to be imported for the first time while the clock runs)
import torch

from kdlab import models
from kdlab.exercises.base import Asked, WrongAnswer, exercise
from kdlab.recipe import Recipe
from kdlab.runs import Run

NAMES = ("accuracy", "cross_entropy", "ece", "agreement", "soft_agreement", "kl", "teacher_accuracy")


def write_run(folder: Path, random: torch.Generator, low: float) -> dict[str, float]:
    """Save a run with an untrained student and made-up metrics between ``low`` and ``low + 0.2``; returns these."""
    values = low + 0.2 * torch.rand(len(NAMES), generator=random, dtype=torch.float64)
    metrics = dict(zip(NAMES, values.tolist(), strict=True))
    card = {"student": "mlp-16", "classes": 10, "size": [1, 28, 28], "steps": 240, "metrics": metrics}
    Run(Recipe(student="mlp-16"), [], {"student": models.build("mlp-16")}, card=card).save(folder)
    return metrics


@exercise(
    "agreement",
    "agreement(folder)",
    right="right: read off two runs that you have never seen",
    hints=(
        "A saved run is a folder. Look into it with your file browser: which file holds the results?",
        'card.json holds them, under "metrics"; json.loads(text) turns it into a dictionary. '
        "Or let kdlab.Run.open(folder) read it.",
        'kdlab.Run.open(folder).metrics()["agreement"], or '
        'json.loads((Path(folder) / "card.json").read_text())["metrics"]["agreement"].',
    ),
)
def agreement(yours: Asked, random: torch.Generator) -> None:
    """Two runs that the learner has never seen."""
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / "run-1", Path(place) / "run-2"]
        cards = [write_run(folder, random, low) for folder, low in zip(folders, (0.5, 0.75), strict=True)]
        got = [yours.tensor(folder, shape=()).item() for folder in folders]

    def is_(values: list[float], tolerance: float = 1e-6) -> bool:
        return all(abs(g - v) <= tolerance for g, v in zip(got, values, strict=True))

    wanted = [card["agreement"] for card in cards]
    if is_(wanted):
        return
    if got[0] == got[1]:
        raise WrongAnswer("the same number for two different runs: read it from the folder that is given")
    if is_([100 * w for w in wanted], 1e-3):
        raise WrongAnswer("that is in per cent; report the share, between 0 and 1, as the card has it")
    if is_(wanted, 0.006):
        raise WrongAnswer("nearly, but rounded: report all digits of the card, and round only what you print")
    for name in NAMES:
        if is_([card[name] for card in cards]):
            raise WrongAnswer(f"that is the run's {name}, not its agreement")
    raise WrongAnswer("that number is not on the run's card under metrics, agreement")
