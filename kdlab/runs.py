"""A run: what was asked for, what happened, and the students that came of it; on disk one folder each."""

from __future__ import annotations

import copy
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from kdlab import charts, metrics, models
from kdlab import events as log
from kdlab.arrangement import Teacher, find_data, find_teacher, one_teacher, teacher_view
from kdlab.cast import exit_heads
from kdlab.charts import Beside, Chart, Trace
from kdlab.data import Dataset
from kdlab.players import Player, answers, ask, tell
from kdlab.recipe import Recipe

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from plotly.graph_objects import Figure as PlotlyFigure

    from kdlab.training import Training


EXITS = "exits.safetensors"
UNFINISHED = ".unfinished"  # what the name of a run's folder ends in while it is recorded: see kdlab.recorder


class DivergedError(RuntimeError):
    """The loss stopped being a finite number; ``run`` is what there is until then."""

    def __init__(self, run: Run):
        self.run = run
        last = run.events[-1]
        super().__init__(
            f"training diverged at step {last.step}: the loss was {last.loss}; "
            f"try a smaller learning_rate than {run.recipe.learning_rate:g} (the run until then is in .run)"
        )


@dataclass(eq=False)
class Run:
    """A finished (or stopped) distillation.

    Attributes:
        recipe: every knob, as it was at the end.
        events: what happened, in order.
        students: networks by name; the one asked for is ``"student"``.
        data: the data set, or None where it is not known by name.
        teacher: the teacher, or None.
        card: facts that stay with the run: names, counts of labels, versions, and once saved its metrics.
        beside: events of runs that belong to it, by name: other seeds, and the baselines it was watched against.
        exits: classifiers at the student's exits, by layer.
    """

    recipe: Recipe
    events: list[log.Event]
    students: dict[str, nn.Module]
    data: Dataset | None = None
    teacher: nn.Module | None = None
    card: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, list[log.Event]] = field(default_factory=dict)
    exits: dict[str, nn.Module] = field(default_factory=dict)

    @classmethod
    def of(cls, training: Training, happened: list[log.Event]) -> Run:
        """The run that a training has made so far."""
        data, recipe = training.data, training.recipe
        train, named = data.train, recipe.teacher
        teachers = named if isinstance(named, str) else " + ".join(named or ())
        card = {
            "student": recipe.student or "own",
            "teacher": teachers or ("none" if training.teacher is None else "own"),
            "data": data.name,
            "classes": len(data.classes),
            "size": list(train.x.shape[1:]),
            "transfer_set": len(train),
            "training_labels": int(train.labelled.sum()),
            "validation_labels": len(data.validation),
            "steps": training.step,
            "torch": torch.__version__.partition("+")[0],
            "python": platform.python_version(),
        }
        if "peer" in training.students:
            card["peer"] = recipe.peer or ("as the student" if training.peer is None else "own")
        if training.copied:
            card["first_weights"] = {recipe.init: training.copied}
        learner = training.setup.players["student"]
        exits = dict(zip(learner.exits, learner.heads, strict=True))
        return cls(recipe, happened, training.students, data, training.reference, card, {}, exits)

    @property
    def student(self) -> nn.Module:
        """The network that was asked for."""
        return self.students["student"]

    @property
    def teacher_view(self) -> str | None:
        """The view that the teacher sees; None: the student's."""
        return teacher_view(self.recipe, self.teacher)

    @property
    def diverged(self) -> int | None:
        """The step at which the loss stopped being finite, or None."""
        last = self.events[-1] if self.events else None
        return last.step if isinstance(last, log.Diverged) else None

    def metrics(self) -> dict[str, float]:
        """The student on the test set, all at T = 1 but the soft agreement, which is at the recipe's T.

        Returns:
            accuracy, cross_entropy, ece, and where there is a teacher agreement, soft_agreement, kl and
            teacher_accuracy: shares in [0, 1], cross_entropy and kl in nats. A run opened from disk without its data
            answers what its card says.
        """
        return dict(self._metrics)

    @cached_property
    def _metrics(self) -> dict[str, float]:
        if self.data is None:
            return self.card["metrics"]
        test = self.data.test
        labels = test.y.numpy()
        logits = tell(self.student, test.x).logits.numpy()
        found = {
            "accuracy": metrics.accuracy(logits, labels),
            "cross_entropy": metrics.cross_entropy(logits, labels),
            "ece": metrics.ece(logits, labels),
        }
        if self.teacher is not None:
            teacher = ask(self.teacher, test.seen(self.teacher_view)).logits.numpy()
            found |= {
                "agreement": metrics.agreement(logits, teacher),
                "soft_agreement": metrics.soft_agreement(logits, teacher, self.recipe.temperature),
                "kl": metrics.kl(teacher, logits),
                "teacher_accuracy": metrics.accuracy(teacher, labels),
            }
        return found

    def traces(self) -> tuple[list[Trace], dict[str, Beside]]:
        """The run and its other seeds, and by name the baselines beside it, as they are drawn."""
        seeds = [Trace(events) for name, events in self.beside.items() if name.startswith("seed ")]
        others = {name: Trace(events) for name, events in self.beside.items() if not name.startswith("seed ")}
        return [Trace(self.events), *seeds], charts.beside(others)

    def charts(self) -> list[Chart]:
        """Curves as plain dicts: several seeds as a band, the baselines beside them, the teacher as a level line."""
        level = None
        if self.teacher is not None and self.data is not None:
            held_out = self.data.validation
            said = ask(self.teacher, held_out.seen(self.teacher_view)).logits.numpy()
            level = metrics.accuracy(said, held_out.y.numpy())
        return charts.of_run(*self.traces(), level)

    def exit_accuracies(self) -> dict[str, float]:
        """Accuracy on the test set, a share, at each exit by its layer, and ``""`` for the student's own answer."""
        if self.data is None:
            return self.card.get("exits", {})
        test = self.data.test
        said = answers(Player(self.student, self.exits), test)
        return {exit: metrics.accuracy(logits, test.y.numpy()) for exit, logits in said.items()}

    def plot(self) -> Figure:
        """Curves of the run as a matplotlib figure."""
        from kdlab import plots

        return plots.curves(self.charts())

    def explore(self) -> PlotlyFigure:
        """The same curves as a plotly figure, to zoom and hover in."""
        from kdlab import plots

        return plots.explore(self.charts())

    def save(self, folder: str | os.PathLike) -> Path:
        """Write the run into a new folder, whole or not at all.

        The folder holds ``recipe.toml``, ``events.jsonl``, ``card.json``, each student's weights as safetensors, and
        in ``beside/`` the events of the runs that belong to it.

        Raises:
            ValueError: the folder exists; nothing is ever overwritten.
        """
        folder = Path(folder)
        if folder.exists():
            raise ValueError(f"folder must be new, got {str(folder)!r}, which exists")
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            self.write(draft)
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        return folder

    def write(self, draft: Path) -> None:
        """Write the files of :meth:`save` into a folder that is there and empty; the caller sees to atomicity."""
        (draft / "recipe.toml").write_text(self.recipe.to_toml(), encoding="utf-8", newline="\n")
        log.write(self.events, draft / "events.jsonl")
        card = self.card | {"metrics": self.metrics()} | ({"exits": self.exit_accuracies()} if self.exits else {})
        (draft / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8", newline="\n")
        for name, net in self.students.items():
            weights = {k: v.contiguous().clone() for k, v in net.state_dict().items()}  # tied ones apart
            save_file(weights, draft / f"{name}.safetensors")
        if self.exits:
            heads = {f"{layer}/{k}": v for layer, head in self.exits.items() for k, v in head.state_dict().items()}
            save_file(heads, draft / EXITS)
        for name, theirs in self.beside.items():
            (draft / "beside").mkdir(exist_ok=True)
            log.write(theirs, draft / "beside" / f"{name}.jsonl")
        for path in draft.glob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        draft.chmod(0o755)

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike,
        *,
        student: nn.Module | None = None,
        peer: nn.Module | None = None,
        teacher: Teacher = None,
    ) -> Run:
        """Read a saved run.

        Args:
            folder: as given to :meth:`save`.
            student: a module for the weights, for a student that was somebody's own.
            peer: the same for its peer.
            teacher: the same for a co-trained teacher; or the frozen teacher itself.

        Raises:
            ValueError: the folder holds no run, the student cannot be built from its name, or the weights are not its.
        """
        folder = Path(folder)
        for name in ("recipe.toml", "events.jsonl", "card.json", "student.safetensors"):
            if not (folder / name).is_file():
                begun = f"; {folder}{UNFINISHED} can go on" if os.path.isdir(f"{folder}{UNFINISHED}") else ""
                raise ValueError(f"folder must hold a saved run, got {str(folder)!r}, which has no {name}{begun}")
        recipe = Recipe.from_toml((folder / "recipe.toml").read_text(encoding="utf-8"))
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        data = find_data(None, recipe) if recipe.data else None
        if student is None and recipe.student is None:
            raise ValueError("student must be given to open a run whose student was somebody's own module, got None")
        teacher = one_teacher(recipe, data, find_teacher(teacher, recipe))
        given = {"student": student, "peer": peer, "co-teacher": teacher}
        paths = [path for path in sorted(folder.glob("*.safetensors")) if path.name != EXITS]
        students = {path.stem: _filled(path, _like(path.stem, recipe, card, given)) for path in paths}
        students["student"] = recipe.build_algorithm().student(students["student"])
        happened = log.read(folder / "events.jsonl")
        beside = {path.stem: log.read(path) for path in sorted((folder / "beside").glob("*.jsonl"))}
        exits = _exits(folder / EXITS, students["student"], card) if (folder / EXITS).is_file() else {}
        return cls(recipe, happened, students, data, students.get("co-teacher", teacher), card, beside, exits)


def _like(name: str, recipe: Recipe, card: Mapping[str, Any], given: Mapping[str, nn.Module | None]) -> nn.Module:
    """A network of the architecture that the run's network of this name has."""
    who = "peer" if name.startswith("peer") else name if name == "co-teacher" else "student"
    if who == "peer" and card.get("peer", "as the student") == "as the student":
        who = "student"
    if given[who] is not None:
        return copy.deepcopy(given[who])
    model = {"student": recipe.student, "peer": recipe.peer}.get(who)
    if model is None:
        argument = "teacher" if who == "co-teacher" else who
        raise ValueError(f"{argument} must be given to open a run whose {who} was somebody's own module, got None")
    return models.build(model, classes=card["classes"], size=tuple(card["size"]))


def _filled(path: Path, net: nn.Module) -> nn.Module:
    """The network with the weights of a file."""
    try:
        net.load_state_dict(load_file(path))
    except (RuntimeError, SafetensorError) as error:
        raise ValueError(f"folder must hold weights of the student, {path.name!r} does not: {error}") from None
    return net.eval()


def _exits(path: Path, student: nn.Module, card: Mapping[str, Any]) -> dict[str, nn.Module]:
    """The classifiers at the student's exits with the weights of a file."""
    heads = exit_heads(student, torch.zeros(2, *card["size"]), card["classes"], 0)
    weights = load_file(path)
    for layer, head in heads.items():
        head.load_state_dict({k.rpartition("/")[2]: v for k, v in weights.items() if k.rpartition("/")[0] == layer})
    return heads
