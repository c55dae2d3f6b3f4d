"""A study: every method beside labels alone and the teacher's hard answers, over several seeds, in one table."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from kdlab import __version__, check, finished
from kdlab import data as datasets
from kdlab import methods as known_methods
from kdlab.api import train
from kdlab.data import Dataset
from kdlab.progress import bar
from kdlab.recipe import DEFAULT_ALPHA, Recipe
from kdlab.runs import DivergedError, Run
from kdlab.tally import CELLS, HARD, KEY, LABELS, Cell, Key, Study, read

CONTROLS = {LABELS: {"alpha": 0.0}, "label smoothing": {"alpha": 0.0, "label_smoothing": 0.1}}
EVERYWHERE = (HARD, "soft-targets")  # methods that run with every student, as a measure for the others


@dataclass(frozen=True)
class SetUp:
    """Who learns from what, and for how long.

    Args:
        name: as the table calls it.
        student: name of a model.
        labelled: training labels that may be used.
        pool: unlabelled images beside them; None: all the rest.
        epochs: passes over labelled images and pool, the same for every arm.
        learning_rate: Adam's.
        maps: it runs the methods that compare feature maps, else the others; soft targets and the controls run in both.
        temperature: T.
        alpha: type -> weight of the distillation loss; a type that is not named has its default.
        data: name of a data set.
        teacher: name of a trained model.
    """

    name: str
    student: str
    labelled: int
    pool: int | None
    epochs: int
    learning_rate: float
    maps: bool = False
    temperature: float = 2.0
    alpha: Mapping[str, float] = field(default_factory=dict)
    data: str = "fashion-mnist"
    teacher: str = "fashion-mnist-cnn"

    def arms(self, methods: Iterable[str]) -> dict[str, Recipe]:
        """Arm -> recipe: the controls, and those of the methods that run here, each with its settings written out."""
        shared = {k: v for k, v in asdict(self).items() if k not in ("name", "maps", "alpha")}
        arms = {arm: Recipe(**shared | settings) for arm, settings in CONTROLS.items()}
        kinds = {name: known_methods.kind(name) for name in methods}
        here = [n for n, kind in kinds.items() if n in EVERYWHERE or (kind.compares == "map") == self.maps]
        for name in dict.fromkeys([HARD, *here]):
            method = known_methods.get(name)
            knobs = {knob: getattr(method, knob) for knob in method.knobs()}
            own = {
                "type": method.type,
                "method": name,
                "alpha": (DEFAULT_ALPHA | self.alpha)[method.type],
                "method_knobs": knobs,
            }
            arms[name] = Recipe(**shared | own)
        return arms


SET_UPS = (
    SetUp("mlp-64, the same 500 images", "mlp-64", 500, 0, 60, 5e-3),
    SetUp("mlp-64, 9,500 more as a pool", "mlp-64", 500, None, 5, 5e-3),
    SetUp("conv-8, the same 500 images", "conv-8", 500, 0, 60, 3e-3, maps=True),
    SetUp("conv-8, 9,500 more as a pool", "conv-8", 500, None, 5, 3e-3, maps=True),
)


def shorter(set_up: SetUp) -> SetUp:
    """The same with a tenth of the epochs, for a look at what a study does."""
    return replace(set_up, epochs=max(1, set_up.epochs // 10))


def study(
    methods: Sequence[str] | None = None,
    set_ups: Sequence[SetUp] | None = None,
    seeds: Sequence[int] = range(5),
    *,
    out: str | Path | None = None,
    command: str = "kdlab study",
    progress: bool | None = None,
) -> Study:
    """Train every arm of every set-up with every seed; accuracies are of the test set, on which nothing is chosen.

    Args:
        methods: names; None: all. The controls always run.
        set_ups: None: :data:`SET_UPS`. One in which none of the methods runs is left out.
        seeds: at least two that differ; a seed gives the same initial weights and order of batches to every arm.
        out: folder for the finished trainings (one JSON line each, written as they end), the table (CSV) and its text
            (Markdown). What is finished there already is not trained again, if recipe, data, teacher and torch are the
            same. None: nothing is written.
        command: what made it, for the text.
        progress: a bar; None: where somebody is looking.

    Raises:
        ValueError: a name is unknown, an arm cannot run, or seeds are too few; nothing has been trained then.
        DivergedError: a training's loss stopped being finite; what was finished before is kept.
        BlockingIOError: another study is being written into ``out``.
    """
    wanted = _wanted(methods, SET_UPS if set_ups is None else set_ups, seeds)
    log = None if out is None else Path(out) / CELLS
    known = {} if log is None else read(log)
    data: dict[str, Dataset] = {}
    for (place, _), recipe in {key[:2]: recipe for key, recipe in _todo(wanted, known).items()}.items():
        data[place] = data.get(place) or _load(recipe)
        train(data=data[place], recipe=recipe)  # every arm can run, or nothing is trained
    with finished.sole(log):
        known = known if log is None else read(log)  # others may have written since
        todo = _todo(wanted, known)
        with bar(len(todo), "studying", show=progress) as shown:
            for key, recipe in todo.items():
                data[key[0]] = data.get(key[0]) or _load(recipe)
                known[key] = dict(zip(KEY, key, strict=True)) | _one(recipe, data[key[0]])
                if log is not None:
                    finished.append(log, known[key])
                shown.update()
        made = Study([known[key] for key in wanted], command)
        if log is not None:
            finished.rewrite(log, (read(log) | known).values())  # each once
            made.write(log.parent)
    return made


def _todo(wanted: Mapping[Key, Recipe], known: Mapping[Key, Cell]) -> dict[Key, Recipe]:
    """What of the wanted trainings is still to be done."""
    return {key: recipe for key, recipe in wanted.items() if key not in known or not _same(known[key], recipe)}


def _load(recipe: Recipe) -> Dataset:
    return datasets.load(recipe.data, labelled=recipe.labelled, pool=recipe.pool)


def _wanted(methods: Sequence[str] | None, set_ups: Sequence[SetUp], seeds: Sequence[int]) -> dict[Key, Recipe]:
    """All trainings of a study, in their order."""
    names = known_methods.names() if methods is None else list(methods)
    for name in names:
        check.choice(known_methods.names(), method=name)
    if len(set(seeds)) < max(2, len(seeds)):
        raise ValueError(f"seeds must be at least 2 that differ, got {list(seeds)}")
    arms = {s.name: s.arms(names) for s in set_ups}
    if len(arms) < len(set_ups):
        raise ValueError(f"set_ups must have names that differ, got {[s.name for s in set_ups]}")
    arms = {place: recipes for place, recipes in arms.items() if set(names) & set(recipes)}
    if not arms:
        raise ValueError(f"methods must be such that one runs in one of the {len(set_ups)} set_ups, got {names}")
    return {
        (place, arm, seed): recipe.replace(seed=seed)
        for place, recipes in arms.items()
        for seed in seeds
        for arm, recipe in recipes.items()
    }


def _one(recipe: Recipe, data: Dataset) -> Cell:
    """Train once and look at the test set."""
    training = train(data=data, recipe=recipe, measure_every=0)
    start = time.process_time()  # other work on the machine does not count
    happened = list(training)
    seconds = time.process_time() - start
    run = Run.of(training, happened)
    if run.diverged:
        raise DivergedError(run)
    found, card = run.metrics(), run.card
    counts = {k: card[k] for k in ("steps", "training_labels", "transfer_set", "validation_labels")}
    result = {"accuracy": found["accuracy"], "agreement": found["agreement"], "teacher": found["teacher_accuracy"]}
    counts |= {"test_labels": len(data.test), "parameters": sum(p.numel() for p in run.student.parameters())}
    made = {"seconds": round(seconds, 3), "date": datetime.date.today().isoformat(), "python": card["python"]}
    made["kdlab"] = __version__
    return finished.identity(recipe) | result | counts | made


def _same(cell: Cell, recipe: Recipe) -> bool:
    return finished.key(cell) == finished.key(finished.identity(recipe))
