"""What can be chosen in the controls, each with the reason why it cannot be chosen now, or an empty text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from kdlab import algorithms, api, arrangement, initial, methods, models, prepare, schemes
from kdlab import data as datasets
from kdlab.data import Dataset
from kdlab.initial import RANDOM, TEACHER
from kdlab.players import tell
from kdlab.recipe import Recipe
from kdlab.texts import NODE
from kdlab.ui.state import MIX, OWN, LabState

Option = list[Any]  # value, label, reason
NO_TEACHER = "there is no teacher"
NOBODY = ["", "none: labels alone", ""]


def types_and_schemes(state: LabState) -> dict[str, dict[str, str]]:
    """For type and scheme: name -> reason."""
    student = state.own.get("student")
    data = state.own.get("data") if student is not None else None
    told = {"algorithm": state.algorithm, "data": data, "student": student}
    return {
        "type": {name: api.explain(type=name, scheme=state.scheme, **told) or "" for name in methods.TYPES},
        "scheme": {name: _scheme_refusal(name, state.type, told) for name in schemes.names()},
    }


def _scheme_refusal(scheme: str, type: str, told: dict[str, Any]) -> str:
    """Why no variant of a scheme can be chosen."""
    reasons = [api.explain(scheme=scheme, scheme_variant=v, type=type, **told) for v in schemes.variants(scheme)]
    return "" if None in reasons else reasons[0]


def variants(state: LabState) -> list[Option]:
    """Variants of the scheme."""
    return [[name, name, _variant_refusal(state, name)] for name in schemes.variants(state.scheme)]


def _variant_refusal(state: LabState, variant: str) -> str:
    if schemes.get(state.scheme, variant).needs_teacher and not state.teacher and state.scheme != "offline":
        return NO_TEACHER
    student = state.own.get("student")
    data = None if student is None else state.own.get("data")
    try:
        recipe = state.recipe().replace(scheme_variant=variant)
    except ValueError as error:
        return str(error)
    return prepare.missing(recipe, data, None, student) or ""


def methods_of(state: LabState) -> list[Option]:
    """Methods of the type, and the mix."""
    algorithm = algorithms.get(state.algorithm, **state.algorithm_knobs)

    def reason(names: list[str]) -> str:
        return algorithm.refuses(names, state.scheme, state.scheme_variant, state.alpha) or ""

    mixed = [name for name, factor in state.mix.items() if factor > 0]
    return [*([n, n, reason([n])] for n in methods.names(state.type)), [MIX, "mix of three", reason(mixed)]]


def algorithms_of(state: LabState) -> list[Option]:
    """Algorithms; one that works by a method of its own brings that along."""
    data = state.load_data()

    def reason(name: str) -> str:
        told = {"scheme": state.scheme, "scheme_variant": state.scheme_variant, "type": state.type}
        known = None if algorithms.kind(name).methods or state.method == MIX else state.method
        views = {"view": state.view or None, "teacher_view": sees(state)}
        return api.explain(**told, **views, algorithm=name, method=known, data=data) or ""

    return [[name, name, reason(name)] for name in algorithms.names()]


def sees(state: LabState) -> str | None:
    """The view that the teacher sees, where it is another than the student's."""
    try:
        return arrangement.teacher_view(state.roots(), state.find_teacher())
    except (ValueError, OSError):
        return state.teacher_view or None


def teachers(state: LabState) -> list[Option]:
    """Nobody, trained models that ship, and students of saved runs."""
    own = [[OWN, OWN, ""]] if "teacher" in state.own else []
    shipped = [[name, name, unfit(state, name)] for name in models.pretrained_names()]
    return [*own, NOBODY, *shipped, *([run["folder"], run["label"], unfit(state, run["folder"])] for run in state.kept)]


def more_teachers(state: LabState) -> list[Option]:
    """Who can teach beside the first teacher."""
    named = [option for option in teachers(state) if option[0] not in ("", OWN)]
    return [["", "nobody", ""], *([name, label, reason or _odd(state, name)] for name, label, reason in named)]


def _odd(state: LabState, teacher: str) -> str:
    """Why a network cannot speak with the first teacher."""
    if teacher == state.teacher:
        return "it teaches already"
    nets = (arrangement.find_teacher(name or None, Recipe()) for name in (state.teacher, teacher))
    seen = [state.teacher_view or getattr(net, "sees", None) or state.load_data().view for net in nets]
    return "" if seen[0] == seen[1] else f"it sees {seen[1]}, the first teacher {seen[0]}"


def unfit(state: LabState, teacher: str) -> str:
    """Why a trained model, or the student of a saved run, cannot teach on these data; empty: it can."""
    learned = next((run for run in state.kept if run["folder"] == teacher), None)
    asked = (state.own["data"].name, "") if "data" in state.own else (state.data, state.task)
    if learned is not None and (learned["data"], learned["task"]) != asked:
        return f"it has learned {learned['data']} {learned['task']}".strip()
    if teacher in models.pretrained_names() and models.card(teacher).get("data", asked[0]) != asked[0]:
        return f"it has learned {models.card(teacher)['data']}"
    if "data" in state.own:
        return _unfit(teacher, state.load_data(), state.teacher_view)
    return _named_unfit(teacher, state.data, state.task, state.view, state.teacher_view)


@lru_cache(maxsize=256)
def _named_unfit(teacher: str, data: str, task: str, view: str, teacher_view: str) -> str:
    """The same where all have names: saved runs and trained models never change."""
    return _unfit(teacher, datasets.load(data, view=view or None, task=task or None), teacher_view)


def _unfit(teacher: str, data: Dataset, teacher_view: str) -> str:
    recipe = Recipe(teacher=teacher, teacher_view=teacher_view or None)
    net = arrangement.find_teacher(None, recipe)
    try:
        answers = tell(net, data.train.seen(arrangement.teacher_view(recipe, net))[:2]).logits.shape[1]
    except (ValueError, RuntimeError):
        return "it sees inputs of another form"
    wanted = len(data.classes)
    return "" if answers == wanted else f"it answers {answers} classes, and these data have {wanted}"


def teacher_name(state: LabState) -> str:
    """What the teacher is called on screen."""
    labels = {run["folder"]: run["label"] for run in state.kept}
    several = state.more_teachers if algorithms.kind(state.algorithm).several else []
    return " + ".join(labels.get(name, name) for name in (state.teacher, *several))


def first_weights(state: LabState) -> list[Option]:
    """Drawn, taken from the teacher's layers, or from the student of a saved run."""
    found = [[RANDOM, "drawn at random", ""], [TEACHER, "the teacher's layers", first_weights_refusal(state, TEACHER)]]
    return found + [[run["folder"], run["label"], first_weights_refusal(state, run["folder"])] for run in state.kept]


def first_weights_refusal(state: LabState, init: str) -> str:
    """Why the student cannot start from these weights."""
    if init == RANDOM:
        return ""
    if init == TEACHER and not state.teacher:
        return NO_TEACHER
    student = state.find_student(state.load_data())
    teacher = state.find_teacher() if init == TEACHER else None
    if student is None:
        return ""  # not known yet
    try:
        initial.start(student, init, teacher)
    except (ValueError, AttributeError):  # several teachers have no layers in common
        return "none of its layers has the name and shape of one of the student's"
    return ""


def students(state: LabState) -> list[Option]:
    """Networks for what the student sees: images, vectors, or nodes of a graph."""
    data = state.load_data()
    mlps = [name for name in models.names() if name.startswith("mlp")]
    if data.view == NODE:
        found = [models.GRAPH]
    elif data.train.x.ndim == 4:
        found = [name for name in models.names() if name not in (*models.FOR_WORDS, models.GRAPH)]
    else:
        found = [*models.FOR_WORDS[1:], models.FOR_WORDS[0], *mlps]
    if state.student not in ("", OWN, *models.names()) and _fits(state.student, data):
        found.append(state.student)  # of another width than those that are listed
    chooses = algorithms.kind(state.algorithm).chooses_student
    return [*([["", "the algorithm's choice", ""]] if chooses else []), *([name, name, ""] for name in found)]


def _fits(student: str, data: Dataset) -> bool:
    try:
        models.fitting(student, data)
    except ValueError:
        return False
    return True


def fit(state: LabState) -> str:
    """Let go of what does not go with the data any more; what was changed, in words."""
    said = []
    if "data" not in state.own:
        whole = len(datasets.load(state.data, task=state.task or None).train)
        if (state.labelled or 0) > whole:
            state.labelled = None
        if (state.pool or 0) > whole - (whole if state.labelled is None else state.labelled):
            state.pool = 0
    if "student" not in state.own:
        names = [name for name, *_ in students(state)]
        if state.student not in names:
            state.student = names[0]
            said.append(f"the student is now {state.student}")
    if state.teacher not in ("", OWN) and unfit(state, state.teacher):
        state.teacher = next((n for n, _, reason in teachers(state) if n not in ("", OWN) and not reason), "")
        said.append(f"the teacher is now {teacher_name(state)}" if state.teacher else "nobody is left who could teach")
    if state.more_teachers:
        possible = [name for name, _, reason in more_teachers(state) if not reason]
        state.more_teachers = [one for one in state.more_teachers if one in possible]
    if first_weights_refusal(state, state.init):
        state.init = RANDOM
        said.append("first weights are drawn at random")
    return "; ".join(said)
