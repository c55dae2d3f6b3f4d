"""The state of a workbench: every knob and every reading, validated; views hold none of their own."""

from __future__ import annotations

from functools import partial
from typing import Any

import traitlets as t
from torch import nn

from kdlab import algorithms, arrangement, check, methods, schemes
from kdlab.data import Dataset
from kdlab.initial import RANDOM, TEACHER
from kdlab.recipe import DEFAULT_ALPHA, DEFAULT_METHOD, Recipe
from kdlab.schedules import SCHEDULED
from kdlab.ui.knobs import NAMES, PLAIN, RULES, SAID, SEEN, TABLES

MIX = "mix"
PACES = ("1", "10", "100", "full")
OWN = "own"
DEEP = ("conv-8", "spelling-mlp")  # what self-distillation gets where the chosen student has a single hidden layer


class LabState(t.HasTraits):
    """Everything a workbench knows; set a trait and the views and the runner follow.

    Knobs are named and bounded as in :class:`kdlab.Recipe`. ``view_temperature`` is the T that is looked at; while
    ``locked`` it equals the T that is trained at. A knob that has a schedule stands, for the next step, where ``now``
    says; its own trait is what it has once the schedule is over.
    """

    temperature = t.Float(2.0)
    view_temperature = t.Float(2.0)
    locked = t.Bool(True)
    alpha = t.Float(0.9)
    type = t.Unicode("response")
    scheme = t.Unicode("offline")
    scheme_variant = t.Unicode(schemes.variants("offline")[0])
    method = t.Unicode("soft-targets")
    method_knobs = t.Dict()
    mix = t.Dict({"soft-targets": 1.0, "hint": 0.5, "rkd": 0.5})
    algorithm = t.Unicode(algorithms.names()[0])
    algorithm_knobs = t.Dict()
    taps = t.Dict()
    schedule = t.Dict()
    label_smoothing = t.Float(0.0)
    learning_rate = t.Float(5e-3)  # with 1e-3 the 240 steps of a first run end before soft targets have paid off
    batch_size = t.Int(128)
    epochs = t.Int(60)
    seeds = t.Int(1)
    seed = t.Int(0)
    order_seed = t.Int(None, allow_none=True)  # None: the seed
    data = t.Unicode("fashion-mnist")
    labelled = t.Int(500, allow_none=True)
    pool = t.Int(0, allow_none=True)
    task = t.Unicode("")
    view = t.Unicode("")
    teacher_view = t.Unicode("")
    teacher = t.Unicode("fashion-mnist-cnn")
    more_teachers = t.List(t.Unicode())  # beside the first, where the algorithm takes several
    student = t.Unicode("mlp-64")
    peer = t.Unicode("")  # empty: as the student
    peers = t.Int(1)
    generations = t.Int(2)
    decay = t.Float(0.99)
    init = t.Unicode(RANDOM)
    fine_tune = t.Int(0)
    patience = t.Int(3)
    late = t.Float(0.0)
    late_after = t.Int(1)
    shifts = t.Int(0)

    pace = t.Enum(PACES, "10")
    panel = t.Int(0)
    sample = t.Int(-1)  # -1: the first of the pick, which the browser then names

    running = t.Bool(False)
    pauses = t.Int(0)  # how often somebody asked for one
    now = t.Dict()  # knobs that have a schedule -> where they stand
    step = t.Int(0)
    total = t.Int(0)
    seconds_left = t.Float(None, allow_none=True)
    status = t.Unicode("")
    notice = t.Unicode("")
    error = t.Unicode("")
    busy = t.Unicode("")
    shelved = t.Int(0)  # grows whenever the table of runs has changed
    kept = t.List(t.Dict())  # saved runs, whose students can teach or lend their weights: see Shelf.kept
    saved = t.Unicode("")  # the run that was saved last
    opened = t.Unicode("")  # the recorded run on show; empty: none
    opening = t.Bool(False)  # an opened run is setting the knobs, which is no turn of theirs

    def __init__(self, **own: Dataset | nn.Module | None):
        super().__init__()
        self._loaded: tuple[tuple, Dataset] | None = None  # which labels are drawn depends on these knobs alone
        self.own = {name: thing for name, thing in own.items() if thing is not None}  # data, teacher, student objects
        for name in self.own:
            setattr(self, name, OWN)

    @t.validate(*RULES)
    def _within(self, proposal: Any) -> Any:
        return self._checked(RULES[proposal.trait.name], proposal)

    @t.validate("scheme_variant")
    def _variant(self, proposal: Any) -> str:
        return self._checked(partial(check.choice, schemes.variants(self.scheme)), proposal)

    @t.validate("algorithm")
    def _algorithm(self, proposal: Any) -> str:
        return self._checked(partial(check.choice, algorithms.names()), proposal)

    @staticmethod
    def _checked(rule: Any, proposal: Any) -> Any:
        try:
            rule(**{proposal.trait.name: proposal.value})
        except ValueError as error:
            raise t.TraitError(str(error)) from None
        return proposal.value

    @t.observe("temperature", "locked", "now")
    def _lock(self, _change: Any) -> None:
        if self.locked:
            self.view_temperature = self.now.get("temperature", self.temperature)

    @t.observe(*SCHEDULED)
    def _turned_by_hand(self, change: Any) -> None:
        if change.name in self.schedule:
            self.hold(change.name)

    def hold(self, name: str, value: float | None = None) -> None:
        """Turn a knob by hand, which ends its schedule, if it has one.

        Args:
            name: of the knob.
            value: its new value; None: as it is.
        """
        with self.hold_trait_notifications():
            if value is not None:
                setattr(self, name, value)
            if name in self.schedule:
                self.schedule, self.now = ({k: v for k, v in d.items() if k != name} for d in (self.schedule, self.now))
                self.notice = f"turned by hand: {SAID[name]} no longer follows its schedule"

    @t.observe("type")
    def _new_type(self, change: Any) -> None:
        with self.hold_trait_notifications():
            if self.method != MIX and methods.kind(self.method).type != change.new:
                works_by = algorithms.kind(self.algorithm).method(change.new)
                self.method = works_by or DEFAULT_METHOD[change.new]
            self.hold("alpha", DEFAULT_ALPHA[change.new])

    @t.observe("algorithm")
    def _new_algorithm(self, change: Any) -> None:
        self.algorithm_knobs = {}
        if algorithms.kind(change.old).fixes_alpha is not None:
            self.hold("alpha", DEFAULT_ALPHA[self.type])
        if algorithms.kind(change.new).fixes_alpha is not None:
            self.fine_tune, self.late = 0, 0.0  # there are no labels that they could ask for
        if algorithms.kind(change.new).chooses_student and self.student != OWN:
            self.student = ""
        works_by = algorithms.kind(change.new).methods
        if works_by and self.method not in works_by:
            self.method = algorithms.kind(change.new).method(self.type) or works_by[0]

    @t.observe("teacher")
    def _other_teacher(self, change: Any) -> None:
        if not change.new and self.init == TEACHER:
            self.init = RANDOM
        if change.new and not change.old and self.alpha == 0:  # as labels alone had it
            self.hold("alpha", DEFAULT_ALPHA[self.type])

    @t.observe("student", "teacher", "more_teachers", "scheme", "scheme_variant", "data", "algorithm")
    def _other_layers(self, _change: Any) -> None:
        self.taps = {}  # they name layers of others

    @t.observe("data")
    def _other_data(self, _change: Any) -> None:
        with self.hold_trait_notifications():
            self.task = self.view = self.teacher_view = ""
            self.shifts = 0  # words cannot be shifted

    @t.observe("scheme")
    def _new_scheme(self, change: Any) -> None:
        self.scheme_variant = schemes.variants(change.new)[0]

    @t.observe("method")
    def _new_method(self, change: Any) -> None:
        self.method_knobs = {}
        self.taps = {}
        if change.new != MIX:
            self.type = methods.kind(change.new).type

    def build_method(self) -> methods.Method:
        """The method with its settings."""
        return methods.get(self._method(), **self.method_knobs)

    def _method(self) -> str | dict[str, float]:
        return {k: v for k, v in self.mix.items() if v > 0} if self.method == MIX else self.method

    def recipe(self) -> Recipe:
        """The recipe that the knobs say.

        Raises:
            ValueError: the knobs do not go together.
        """
        given = {name: getattr(self, name) for name in PLAIN}
        given |= {name: dict(getattr(self, name)) for name in TABLES} | self._named()
        if self.fixed_alpha is not None:
            given["alpha"] = self.fixed_alpha
            given["schedule"].pop("alpha", None)
        return Recipe(method=self._method(), **given)

    def _named(self) -> dict[str, Any]:
        """Names of data and networks, as a recipe has them."""
        found = {n: getattr(self, n) if getattr(self, n) not in (OWN, "") else None for n in NAMES}
        teacher: Any = None if self.teacher in (OWN, "") else self.teacher
        if teacher and self.more_teachers and algorithms.kind(self.algorithm).several:
            teacher = (teacher, *self.more_teachers)
        return found | {"teacher": teacher}

    def roots(self) -> Recipe:
        """The part of the recipe that says which data and networks there are; all else is as in any recipe."""
        plain = ["labelled", "pool", "seed", "algorithm", "algorithm_knobs"]
        given = self._named() | {name: getattr(self, name) for name in plain}
        if algorithms.kind(self.algorithm).chooses_student:
            given |= {"type": self.type, "method": self._method()}  # which student is chosen hangs on them
        return Recipe(**given)

    @property
    def labels_alone(self) -> bool:
        """Whether nobody teaches the student but the labels, whatever alpha says."""
        return not self.teacher and schemes.get(self.scheme, self.scheme_variant).needs_teacher

    @property
    def fixed_alpha(self) -> float | None:
        """The one alpha that is possible here; None where it is free."""
        return 0.0 if self.labels_alone else algorithms.kind(self.algorithm).fixes_alpha

    def take(self, recipe: Recipe) -> None:
        """Set the knobs as a recipe says; data, teacher and student that it leaves open stay as they are."""
        recipe = recipe.resolved()
        mixed = not isinstance(recipe.method, str)
        self.schedule = {}  # or each knob that is set would count as turned by hand
        self.algorithm = recipe.algorithm
        with self.hold_trait_notifications():
            if mixed:
                self.mix = dict(recipe.method)
            self.type = recipe.type
            self.method = MIX if mixed else recipe.method
        teachers = [recipe.teacher] if isinstance(recipe.teacher, str) else list(recipe.teacher or ())
        if teachers and "teacher" not in self.own:
            self.teacher, self.more_teachers = teachers[0], teachers[1:]
        for name in NAMES:
            known = (recipe.data or self.own.get("data")) if name in SEEN else getattr(recipe, name)
            if (known is not None or name == "peer") and name not in self.own:
                setattr(self, name, getattr(recipe, name) or "")
        for name in PLAIN:
            if name not in ("labelled", "pool") or recipe.data is not None:
                setattr(self, name, getattr(recipe, name))
        for name in TABLES:  # last, since others reset them
            setattr(self, name, dict(getattr(recipe, name)))

    def load_data(self) -> Dataset:
        """The data set, with the labelled share, as the student sees it."""
        key = self.data, self.labelled, self.pool, self.task, self.view
        if self._loaded is None or self._loaded[0] != key:
            self._loaded = key, arrangement.find_data(self.own.get("data"), self.roots())
        return self._loaded[1]

    def find_teacher(self) -> arrangement.Teacher:
        """The teacher; None where none is chosen, several in a tuple."""
        if self.teacher == OWN and "teacher" in self.own:
            return self.own["teacher"]
        return arrangement.find_teacher(None, self.roots()) if self.teacher else None

    def find_student(self, data: Dataset) -> nn.Module | None:
        """A new student for ``data``, its weights drawn; None where the algorithm is to choose it."""
        return arrangement.find_student(self.own.get("student"), self.roots(), data)
