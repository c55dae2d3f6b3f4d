"""The folded part of the controls: which fields there are, made from the state and the method's knobs."""

from __future__ import annotations

from typing import Any

from kdlab import algorithms, methods, schemes, texts
from kdlab import data as datasets
from kdlab.shifts import MOST
from kdlab.ui import options, paths
from kdlab.ui.state import MIX, OWN, LabState

Field = dict[str, Any]
ALL = "all"
AS_STUDENT = ["", "as the student", ""]


def _choice(name: str, label: str, options: list, help: str, group: str) -> Field:
    rows = [[o, str(o), ""] if not isinstance(o, (list, tuple)) else list(o) for o in options]
    return {"name": name, "label": label, "kind": "choice", "options": rows, "help": help, "group": group}


def _number(name: str, label: str, low: float, high: float, help: str, group: str, step: float = 1) -> Field:
    kind = "int" if step == 1 else "float"
    found = {"name": name, "label": label, "kind": kind, "min": low, "max": high, "step": step}
    return {**found, "help": help, "group": group}


def fields(state: LabState) -> list[Field]:
    """The fields, in the order in which they are shown; a group all of whose fields are folded is closed at first."""
    return [
        *_method(state), *_scheme(state), *_algorithm(state), *_student(state), *_teacher(state), *_data(state),
        *_training(state), *_fine_tuning(state), *paths.fields(state),
    ]  # fmt: skip


def _method(state: LabState) -> list[Field]:
    found = [_choice("method", "Method", options.methods_of(state), "what the loss compares", "Method")]
    if state.method == MIX:
        return found + [
            _number(f"mix.{name}", f"× {name}", 0.0, 4.0, f"how much {name} counts in the mix; 0 leaves it out",
                    "Method", 0.1)
            for name in state.mix
        ]  # fmt: skip
    return found + _knobs(methods.kind(state.method)(), "knob", "Method")


def _knobs(settings: Any, head: str, group: str) -> list[Field]:
    """Sliders of a method's or an algorithm's numbers."""
    found = []
    for name, (low, high, meaning, log) in settings.knobs().items():
        whole = isinstance(getattr(settings, name), int)
        field = _number(f"{head}.{name}", name.replace("_", " "), low, high, meaning, group, 1 if whole else 0.1)
        found.append({**field, "kind": "log"} if log and not whole else field)
    return found


def _algorithm(state: LabState) -> list[Field]:
    cls, group = algorithms.kind(state.algorithm), "Algorithm"
    meaning = (cls.__doc__ or "how knowledge is carried over").split("\n")[0]
    found = [
        _choice("algorithm", "Algorithm", options.algorithms_of(state), meaning, group),
        *_knobs(cls(), "algo", group),
    ]
    for name, (allowed, meaning) in cls.options().items():
        found.append(_choice(f"algo.{name}", name.replace("_", " "), list(allowed), meaning, group))
    if cls.several and state.teacher != OWN:
        others = options.more_teachers(state)
        for place, name in enumerate(("Second teacher", "Third teacher")[: len(state.more_teachers) + 1]):
            found.append(_choice(f"more.{place}", name, others, "speaks with the first", group))
        for place in range(len(state.more_teachers) + 1):
            meaning = "how much this teacher counts beside the others"
            found.append(_number(f"weight.{place}", f"Weight {place + 1}", 0.0, 4.0, meaning, group, 0.1))
    return found


def _scheme(state: LabState) -> list[Field]:
    names, variant = schemes.variants(state.scheme), schemes.get(state.scheme, state.scheme_variant)
    found = []
    if len(names) > 1:
        found.append(_choice("scheme_variant", "Variant", options.variants(state), variant.meaning, "Scheme"))
    if variant.needs_peer:
        others = [AS_STUDENT, *(option for option in options.students(state) if option[0])]
        found += [
            _number("peers", "Peers", 1, 4, "how many networks learn beside the student", "Scheme"),
            _choice("peer", "Peer's network", others, "what learns beside the student", "Scheme"),
        ]
    if state.scheme_variant == "born-again":
        meaning = "each starts anew and learns from the one before; each has as many epochs"
        found.append(_number("generations", "Generations", 2, 5, meaning, "Scheme"))
    if state.scheme_variant == "moving-average":
        meaning = "how much of the average stays at each step; less during the first steps"
        found.append(_number("decay", "Decay", 0.0, 1.0, meaning, "Scheme", 0.001))
    if state.scheme_variant == "co-trained" or state.late:
        meaning = "share of the labelled images that is not there at first"
        found.append(_number("late", "Late images", 0.0, 0.9, meaning, "Scheme", 0.1))
    if state.late:
        last = max(1, state.epochs - 1)
        found.append(_number("late_after", "They come after", 1, last, "so many epochs", "Scheme"))
    return found


def _student(state: LabState) -> list[Field]:
    networks = [OWN] if "student" in state.own else options.students(state)
    return [
        _choice("student", "Student", networks, "the one that learns; a new one begins a new run", "Student"),
        _choice("init", "First weights", options.first_weights(state),
                "what the student starts with, where layers have the same name and shape", "Student"),
    ]  # fmt: skip


def _teacher(state: LabState) -> list[Field]:
    teach = {"name": "teach", "label": "Use this student as teacher", "kind": "action", "group": "Teacher"}
    teach |= {"help": "saves the run on show; its student then teaches the next one"}
    reason = "" if state.step else "train a student first"
    if "student" in state.own:
        reason = "the student is a module of your own: give it as teacher in Python"
    return [
        _choice("teacher", "Teacher", options.teachers(state), "trained before, never changed", "Teacher"),
        {**teach, "reason": reason},
    ]


def _data(state: LabState) -> list[Field]:
    data, group = state.load_data(), "Data"
    found, what = [], "words" if data.lines else "images"
    if "data" not in state.own:
        names = [n for n in datasets.names() if not n.endswith("-full")]
        whole = len(data.whole or data.train)
        shares = [*(n for n in (250, 500, 1000, 2000, 4000) if n < whole), [ALL, f"all {whole:,}", ""]]
        left = whole - (whole if state.labelled is None else state.labelled)
        pools = [[0, "none", ""], *(n for n in (2000, 5000) if n < left), [ALL, "all the rest", ""]]
        found += [
            _choice("data", "Data set", names, data.origin, group),
            _choice("labelled", f"Labelled {what}", shares, "labels that the student may use", group),
            _choice("pool", "Unlabelled pool", pools, f"further {what}, on which the student sees only its teacher",
                    group),
        ]  # fmt: skip
        if texts.tasks(state.data):
            found.append(_choice("task", "Question", list(texts.tasks(state.data)), f"asked of the same {what}", group))
    if data.views:
        theirs = [["", "as it has learned", ""], *data.views]
        found += [
            _choice("view", "Student sees", data.views, f"how the {what} reach the student", group),
            _choice("teacher_view", "Teacher sees", theirs, "how they reach the teacher, or peers beside it", group),
        ]
    if data.train.x.ndim == 4:
        meaning = "in which each image may be seen beside the plain one; another in each epoch"
        found.append(_number("shifts", "Shifted ways", 0, MOST, meaning, group))
    return found


def _training(state: LabState) -> list[Field]:
    given = {0, 1, 2, *([] if state.order_seed is None else [state.order_seed])}
    orders = [[ALL, "of each seed", ""], *([n, f"all as seed {n}", ""] for n in sorted(given))]
    rate = {"name": "learning_rate", "label": "Learning rate", "kind": "log", "min": 1e-4, "max": 1e-1}
    return [
        {**rate, "help": "of Adam", "group": "Training"},
        _number("epochs", "Epochs", 1, 300, "passes over the transfer set", "Training"),
        _choice("batch_size", "Batch size", [32, 64, 128, 256], "samples of a step", "Training"),
        _number("label_smoothing", "Label smoothing", 0.0, 0.5, "share of each label that goes to all classes alike",
                "Training", 0.01),
        _number("seeds", "Seeds", 1, 10, "students trained side by side; the curves show their mean and range",
                "Training"),
        _number("seed", "First seed", 0, 99, "initial weights and order of batches", "Training"),
        _choice("order_seed", "Batches", orders,
                "their order: of each seed, or one for all, by which seeds train side by side, sooner", "Training"),
    ]  # fmt: skip


def _fine_tuning(state: LabState) -> list[Field]:
    if algorithms.kind(state.algorithm).fixes_alpha is not None:
        return []  # there are no labels to tune on
    group, folded = "Fine-tuning", not state.fine_tune
    meaning = "one more phase, in which the student learns from labels alone; its best weights are kept"
    found = [_number("fine_tune", "Epochs of it", 0, 100, meaning, group)]
    if state.fine_tune:
        meaning = "epochs without a better validation accuracy before it ends"
        found.append(_number("patience", "Patience", 1, 20, meaning, group))
    return [{**field, "folded": folded} for field in found]


def values(state: LabState) -> dict[str, Any]:
    """Field name -> value."""
    plain = (
        "method", "algorithm", "scheme_variant", "peers", "peer", "generations", "decay", "late", "late_after",
        "student", "init", "teacher", "teacher_view", "data", "learning_rate", "epochs", "batch_size",
        "label_smoothing", "seeds", "seed", "fine_tune", "patience", "shifts",
    )  # fmt: skip
    found = {name: getattr(state, name) for name in plain} | paths.values(state)
    open_ones = ("labelled", "pool", "order_seed")
    found |= {name: ALL if getattr(state, name) is None else getattr(state, name) for name in open_ones}
    data = state.load_data()
    found |= {"view": state.view or data.view or "", "task": state.task or next(iter(texts.tasks(state.data)), "")}
    found |= _set(algorithms.kind(state.algorithm)(), state.algorithm_knobs, "algo")
    found |= {f"more.{i}": name for i, name in enumerate((*state.more_teachers, "", ""))}
    found |= {f"weight.{i}": weight for i, weight in enumerate(_weights(state))}
    if state.method == MIX:
        return found | {f"mix.{name}": factor for name, factor in state.mix.items()}
    return found | _set(methods.kind(state.method)(), state.method_knobs, "knob")


def _set(default: Any, given: dict[str, Any], head: str) -> dict[str, Any]:
    """Where the settings of a method or an algorithm stand."""
    names = [*default.knobs(), *(default.options() if head == "algo" else ())]
    return {f"{head}.{name}": given.get(name, getattr(default, name)) for name in names}


def _weights(state: LabState) -> list[float]:
    """Of the teachers, as many as there are."""
    given, count = list(state.algorithm_knobs.get("weights", ())), len(state.more_teachers) + 1
    return given if len(given) == count else [1.0] * count


def assign(state: LabState, name: str, value: Any) -> None:
    """Set one field's value in the state."""
    head, _, tail = name.partition(".")
    if head == "mix":
        state.mix = {**state.mix, tail: float(value)}
    elif head == "knob":
        state.method_knobs = {**state.method_knobs, tail: value}
    elif head == "algo":
        state.algorithm_knobs = {**state.algorithm_knobs, tail: value}
    elif head == "more":
        named = [*state.more_teachers, ""]
        named[int(tail)] = value
        with state.hold_trait_notifications():
            state.more_teachers = [one for one in named if one]
            state.algorithm_knobs = {k: v for k, v in state.algorithm_knobs.items() if k != "weights"}
    elif head == "weight":
        weights = _weights(state)
        weights[int(tail)] = float(value)
        state.algorithm_knobs = {**state.algorithm_knobs, "weights": weights}
    elif head in paths.HEADS:
        paths.assign(state, head, tail, value)
    else:
        setattr(state, name, None if value == ALL else value)
