"""The runs of a workbench: those made in it, and those found on disk."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdlab import charts, events, plots
from kdlab.charts import Trace
from kdlab.data import data_dir
from kdlab.recipe import Recipe
from kdlab.runs import Run

ROLES = ("student", "teacher", "labels", "other")
DASHES = ("", "dash", "dot")


@dataclass
class Entry:
    """One run in the table; ``run`` is there once it was made or opened."""

    name: str
    recipe: Recipe
    traces: list[Trace]
    steps: int
    when: str
    folder: Path | None = None
    run: Run | None = None
    shown: bool = False
    card: dict[str, Any] = field(default_factory=dict)

    def take(self, run: Run) -> None:
        """The run as it is now: it has gone on."""
        self.run, self.recipe, self.card, self.steps = run, run.recipe, run.card, run.card["steps"]

    def last(self, number: str) -> float | None:
        """The last that was measured on the validation set: accuracy or agreement, a share."""
        _, y = self.traces[0].measured(number)
        return y[-1] if y else None

    @property
    def label(self) -> str:
        """What the student is called where it teaches: ``"own: cnn, 3 epochs, 84.1 %"``."""
        epochs = f"{self.recipe.epochs} epoch{'s' if self.recipe.epochs > 1 else ''}"
        accuracy = self.last("accuracy")
        measured = "" if accuracy is None else f", {plots.reading(100 * accuracy, '%')} %"
        return f"own: {self.card['student']}, {epochs}{measured}"

    def row(self, place: int) -> dict[str, Any]:
        """As the table shows it; accuracy and agreement are the last on the validation set."""
        recipe, last = self.recipe.resolved(), {name: self.last(name) for name in ("accuracy", "agreement")}
        return {
            "id": str(place), "name": self.name, "type": recipe.type, "method": taught_by(recipe),
            "scheme": recipe.scheme, "temperature": recipe.temperature, "alpha": recipe.alpha,
            "student": self.card.get("student", ""), **last,
            "steps": self.steps, "seeds": len(self.traces), "when": self.when, "shown": self.shown,
            "toml": self.recipe.to_toml(), "code": code(self.recipe),
        }  # fmt: skip


def taught_by(recipe: Recipe, *, short: bool = False) -> str:
    """The method, its parts where it is a mix (or just that), or what else has taught."""
    recipe = recipe.resolved()
    if recipe.highest_alpha == 0:
        return "labels alone"
    if isinstance(recipe.method, str):
        return recipe.method
    return "mix" if short else " + ".join(recipe.method)


def code(recipe: Recipe) -> str:
    """Python that runs the recipe again."""
    default = Recipe().to_dict()
    changed = {k: v for k, v in recipe.to_dict().items() if default.get(k) != v}
    arguments = "".join(f"    {name}={value!r},\n" for name, value in changed.items())
    made = f"recipe = kdlab.Recipe(\n{arguments})"
    return f"import kdlab\n\n{made}\nrun = kdlab.distill(recipe=recipe)\nprint(run.metrics())\n"


class Shelf:
    """Runs by the place they have in the table.

    Args:
        folder: where runs are saved.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.entries: list[Entry] = []
        for found in (data_dir() / "runs", folder):
            for path in sorted(found.glob("*/recipe.toml")) if found.is_dir() else ():
                self._found(path.parent)

    def _found(self, folder: Path) -> None:
        try:
            recipe = Recipe.from_toml((folder / "recipe.toml").read_text(encoding="utf-8"))
            happened = events.read(folder / "events.jsonl")
            card = _card(folder)
        except (OSError, ValueError):
            return  # not a run that can be read: the table does without it
        seeds = [Trace(events.read(p)) for p in sorted((folder / "beside").glob("seed *.jsonl"))]
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime((folder / "card.json").stat().st_mtime))
        self.entries.append(
            Entry(folder.name, recipe, [Trace(happened), *seeds], card["steps"], when, folder, card=card)
        )

    def add(self, run: Run, traces: list[Trace]) -> Entry:
        """A run made in this workbench."""
        same = sum(e.run is not None for e in self.entries)
        entry = Entry(
            f"run {same + 1}: {taught_by(run.recipe, short=True)}",
            run.recipe,
            traces,
            run.card["steps"],
            time.strftime("%H:%M:%S"),
            run=run,
        )
        entry.card, entry.shown = run.card, True
        self.entries.append(entry)
        return entry

    def save(self, entry: Entry) -> Path:
        """Write a run into a new folder under ``folder``."""
        method = taught_by(entry.recipe, short=True).replace(" ", "-")
        stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{entry.card.get('student', 'own')}-{method}"
        path, again = self.folder / stem, 1
        while path.exists():
            again += 1
            path = self.folder / f"{stem}-{again}"
        entry.folder = entry.run.save(path)
        entry.name = path.name
        return path

    def open(self, place: int) -> Run:
        """The run of an entry, read from disk if need be."""
        entry = self.entries[place]
        if entry.run is None:
            entry.run = Run.open(entry.folder)
        return entry.run

    def kept(self) -> list[dict[str, Any]]:
        """Saved runs whose student can teach: ``{"folder", "label", "student", "data", "task"}`` each."""
        found = []
        for entry in self.entries:
            if entry.folder is not None and entry.recipe.student is not None:
                known = {"student": entry.recipe.student, "data": entry.card["data"], "task": entry.recipe.task or ""}
                found.append({"folder": str(entry.folder), "label": entry.label, **known})
        labels = [one["label"] for one in found]
        for one in found:
            if labels.count(one["label"]) > 1:
                one["label"] += f", {Path(one['folder']).name}"
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The table."""
        return [entry.row(i) for i, entry in enumerate(self.entries)]

    def overlay(self) -> dict[str, Any]:
        """Validation accuracy of the runs that are shown, over one another; empty if none is."""
        lines = []
        for i, entry in enumerate(e for e in self.entries if e.shown):
            look = (ROLES[i % len(ROLES)], DASHES[i % len(DASHES)])
            made = charts.band(entry.name, look[0], entry.traces, "accuracy", 100)
            if made["x"]:
                lines.append({**made, "dash": look[1]})
        if not lines:
            return {}
        return {"name": "overlay", "title": "Validation accuracy", "unit": "%", "series": lines}


def _card(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))
