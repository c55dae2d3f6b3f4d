"""The folded part of the controls: which fields there are, made from the state and the method's knobs."""

from __future__ import annotations

from typing import Any

from kdlab import algorithms, api, methods, models, prepare, schemes, texts
from kdlab import data as datasets
from kdlab.methods import TYPES
from kdlab.ui.state import MIX, OWN, LabState

Field = dict[str, Any]
ALL = "all"


def _choice(name: str, label: str, options: list, help: str, group: str) -> Field:
    rows = [[o, str(o), ""] if not isinstance(o, (list, tuple)) else list(o) for o in options]
    return {"name": name, "label": label, "kind": "choice", "options": rows, "help": help, "group": group}


def fields(state: LabState) -> list[Field]:
    """The fields, in the order in which they are shown."""
    own = state.own
    names = {
        "data": [n for n in datasets.names() if not n.endswith("-full") and n not in texts.names()],
        "teacher": models.pretrained_names(),
        "student": [n for n in models.names() if n != "cnn" and n not in models.FOR_WORDS],
    }
    choices = {name: [OWN] if name in own else found for name, found in names.items()}
    found = [
        _choice(
            "method",
            "Method",
            [*methods.names(state.type), [MIX, "mix of three", ""]],
            "what the loss compares",
            "Method",
        ),
        *_knobs(state),
        *_variants(state),
        _choice(
            "student", "Student", choices["student"], "the one that learns; a new one begins a new run", "Networks"
        ),
        _choice("teacher", "Teacher", choices["teacher"], "trained before, never changed", "Networks"),
    ]
    if len(algorithms.names()) > 1:
        found.append(_choice("algorithm", "Algorithm", algorithms.names(), "how knowledge is carried over", "Method"))
    if "data" not in own:
        shares = [250, 500, 1000, 2000, [ALL, "all 10,000", ""]]
        found += [
            _choice("data", "Data set", choices["data"], "where the images come from", "Data"),
            _choice("labelled", "Labelled images", shares, "labels that the student may use", "Data"),
            _choice("pool", "Unlabelled pool", [[0, "none", ""], 2000, 5000, [ALL, "all the rest", ""]],
                    "further images, on which the student sees only its teacher", "Data"),
        ]  # fmt: skip
    number = {"group": "Training"}
    found += [
        {"name": "learning_rate", "label": "Learning rate", "kind": "log", "min": 1e-4, "max": 1e-1,
         "help": "of Adam", **number},
        {"name": "epochs", "label": "Epochs", "kind": "int", "min": 1, "max": 300, "step": 1,
         "help": "passes over the transfer set", **number},
        _choice("batch_size", "Batch size", [32, 64, 128, 256], "samples of a step", "Training"),
        {"name": "seeds", "label": "Seeds", "kind": "int", "min": 1, "max": 10, "step": 1,
         "help": "students trained side by side; the curves show their mean and range", **number},
        {"name": "seed", "label": "First seed", "kind": "int", "min": 0, "max": 99, "step": 1,
         "help": "initial weights and order of batches", **number},
    ]  # fmt: skip
    return found


def _knobs(state: LabState) -> list[Field]:
    if state.method == MIX:
        return [
            {"name": f"mix.{name}", "label": f"× {name}", "kind": "float", "min": 0.0, "max": 4.0, "step": 0.1,
             "help": f"how much {name} counts in the mix; 0 leaves it out", "group": "Method"}
            for name in state.mix
        ]  # fmt: skip
    cls, found = methods.kind(state.method), []
    for name, (low, high, meaning, log) in cls.knobs().items():
        kind = "int" if isinstance(getattr(cls(), name), int) else "log" if log else "float"
        field = {"name": f"knob.{name}", "label": name.replace("_", " "), "kind": kind, "min": low, "max": high}
        found.append({**field, "step": 1 if kind == "int" else 0.1, "help": meaning, "group": "Method"})
    return found


def _variants(state: LabState) -> list[Field]:
    """The scheme's variants, where there are several."""
    names = schemes.variants(state.scheme)
    if len(names) < 2:
        return []
    options = [[name, name, _refusal(state, name)] for name in names]
    meaning = schemes.get(state.scheme, state.scheme_variant).meaning
    return [_choice("scheme_variant", "Variant", options, meaning, "Scheme")]


def _refusal(state: LabState, variant: str) -> str:
    """Why a variant of the scheme cannot be chosen now, or an empty text."""
    if schemes.get(state.scheme, variant).needs_teacher and not state.teacher:
        return "there is no teacher"
    student = state.own.get("student")
    data = None if student is None else state.own.get("data")
    try:
        recipe = state.recipe().replace(scheme_variant=variant)
    except ValueError as error:
        return str(error)
    return prepare.missing(recipe, data, None, student) or ""


def values(state: LabState) -> dict[str, Any]:
    """Field name -> value."""
    networks = ("method", "scheme_variant", "student", "teacher", "data")
    numbers = ("learning_rate", "epochs", "batch_size", "seeds", "seed")
    found = {name: getattr(state, name) for name in (*networks, *numbers)}
    found |= {name: ALL if getattr(state, name) is None else getattr(state, name) for name in ("labelled", "pool")}
    if state.method == MIX:
        return found | {f"mix.{name}": factor for name, factor in state.mix.items()}
    default = methods.kind(state.method)()
    knobs = {f"knob.{name}": state.method_knobs.get(name, getattr(default, name)) for name in default.knobs()}
    return found | knobs


def assign(state: LabState, name: str, value: Any) -> None:
    """Set one field's value in the state."""
    head, _, tail = name.partition(".")
    if head == "mix":
        state.mix = {**state.mix, tail: float(value)}
    elif head == "knob":
        state.method_knobs = {**state.method_knobs, tail: value}
    else:
        setattr(state, name, None if value == ALL else value)


def choices(state: LabState) -> dict[str, dict[str, str]]:
    """For type and scheme: name -> the reason why it cannot be chosen now, or an empty text."""
    found: dict[str, dict[str, str]] = {"type": {}, "scheme": {}}
    for name in TYPES:
        found["type"][name] = api.explain(type=name, scheme=state.scheme) or ""
    own_student = state.own.get("student")
    data = state.own.get("data") if own_student is not None else None
    for name in schemes.names():
        found["scheme"][name] = api.explain(scheme=name, type=state.type, data=data, student=own_student) or ""
        if schemes.get(name).needs_teacher and not state.teacher:
            found["scheme"][name] = "there is no teacher"
    return found
