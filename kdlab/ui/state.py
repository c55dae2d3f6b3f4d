"""The state of a workbench: every knob and every reading, validated; views hold none of their own."""

from __future__ import annotations

from typing import Any

import traitlets as t
from torch import nn

from kdlab import check, methods, prepare, schemes
from kdlab.data import Dataset
from kdlab.recipe import DEFAULT_ALPHA, DEFAULT_METHOD, Recipe

MIX = "mix"
PACES = ("1", "10", "100", "full")
OWN = "own"
DEEP = "conv-8"  # the student that self-distillation gets where the chosen one has a single hidden layer

# the knobs that a new value of does not end a run
KNOBS = (
    "temperature", "alpha", "type", "method", "scheme", "scheme_variant", "method_knobs", "mix", "learning_rate",
    "epochs", "taps",
)  # fmt: skip
# a new value of these begins a new run
ROOTS = ("data", "labelled", "pool", "teacher", "student", "batch_size", "seeds", "seed")


class LabState(t.HasTraits):
    """Everything a workbench knows; set a trait and the views and the runner follow.

    Knobs are named and bounded as in :class:`kdlab.Recipe`. ``view_temperature`` is the T that is looked at; while
    ``locked`` it equals ``temperature``, the T that is trained at.
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
    taps = t.Dict()
    learning_rate = t.Float(5e-3)  # with 1e-3 the 240 steps of a first run end before soft targets have paid off
    batch_size = t.Int(128)
    epochs = t.Int(60)
    seeds = t.Int(1)
    seed = t.Int(0)
    data = t.Unicode("fashion-mnist")
    labelled = t.Int(500, allow_none=True)
    pool = t.Int(0, allow_none=True)
    teacher = t.Unicode("fashion-mnist-cnn")
    student = t.Unicode("mlp-64")

    pace = t.Enum(PACES, "10")
    panel = t.Int(0)
    sample = t.Int(-1)  # -1: the first of the pick, which the browser then names

    running = t.Bool(False)
    step = t.Int(0)
    total = t.Int(0)
    seconds_left = t.Float(None, allow_none=True)
    status = t.Unicode("")
    notice = t.Unicode("")
    error = t.Unicode("")
    busy = t.Unicode("")
    shelved = t.Int(0)  # grows whenever the table of runs has changed
    saved = t.Unicode("")  # the run that was saved last
    opened = t.Unicode("")  # the recorded run on show; empty: none
    opening = t.Bool(False)  # an opened run is setting the knobs, which is no turn of theirs

    def __init__(self, **own: Dataset | nn.Module | None):
        super().__init__()
        self.own = {name: thing for name, thing in own.items() if thing is not None}  # data, teacher, student objects
        for name in self.own:
            setattr(self, name, OWN)

    @t.validate("temperature", "view_temperature", "learning_rate")
    def _positive(self, proposal: Any) -> float:
        return self._checked(check.positive, proposal)

    @t.validate("alpha")
    def _share(self, proposal: Any) -> float:
        return self._checked(lambda **v: check.between(0, 1, **v), proposal)

    @t.validate("epochs", "batch_size", "seeds")
    def _whole(self, proposal: Any) -> int:
        return self._checked(lambda **v: check.whole(1, **v), proposal)

    @t.validate("type")
    def _type(self, proposal: Any) -> str:
        return self._checked(lambda **v: check.choice(methods.TYPES, **v), proposal)

    @t.validate("scheme")
    def _scheme(self, proposal: Any) -> str:
        return self._checked(lambda **v: check.choice(schemes.names(), **v), proposal)

    @t.validate("scheme_variant")
    def _variant(self, proposal: Any) -> str:
        return self._checked(lambda **v: check.choice(schemes.variants(self.scheme), **v), proposal)

    @staticmethod
    def _checked(rule: Any, proposal: Any) -> Any:
        try:
            rule(**{proposal.trait.name: proposal.value})
        except ValueError as error:
            raise t.TraitError(str(error)) from None
        return proposal.value

    @t.observe("temperature", "locked")
    def _lock(self, _change: Any) -> None:
        if self.locked:
            self.view_temperature = self.temperature

    @t.observe("type")
    def _new_type(self, change: Any) -> None:
        with self.hold_trait_notifications():
            if self.method != MIX and methods.kind(self.method).type != change.new:
                self.method = DEFAULT_METHOD[change.new]
            self.alpha = DEFAULT_ALPHA[change.new]

    @t.observe("student", "teacher", "scheme", "scheme_variant")
    def _other_layers(self, _change: Any) -> None:
        self.taps = {}  # they name layers of others

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
        names = {n: None if n in self.own else getattr(self, n) for n in ("data", "teacher", "student")}
        return Recipe(
            type=self.type,
            method=self._method(),
            scheme=self.scheme,
            scheme_variant=self.scheme_variant,
            temperature=self.temperature,
            alpha=self.alpha,
            method_knobs=dict(self.method_knobs),
            taps=dict(self.taps),
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            epochs=self.epochs,
            seed=self.seed,
            labelled=self.labelled,
            pool=self.pool,
            **names,
        )

    def take(self, recipe: Recipe) -> None:
        """Set the knobs as a recipe says; what it leaves open stays as it is."""
        values = recipe.resolved().to_dict()
        mixed = not isinstance(values["method"], str)
        with self.hold_trait_notifications():
            if mixed:
                self.mix = values["method"]
            self.type = values["type"]
            self.method = MIX if mixed else values["method"]
        plain = ("temperature", "alpha", "learning_rate", "batch_size", "epochs", "seed")
        for name in ("scheme", "scheme_variant", *plain):
            setattr(self, name, values[name])
        for name in ("data", "teacher", "student"):
            if name in values and name not in self.own:
                setattr(self, name, values[name])
        if "data" in values:
            self.labelled, self.pool = values.get("labelled"), values.get("pool")
        # last, since others reset them
        self.method_knobs, self.taps = values.get("method_knobs", {}), values.get("taps", {})

    def load_data(self) -> Dataset:
        """The data set, with the labelled share."""
        if "data" in self.own:
            return self.own["data"]
        return prepare.find_data(self.data, Recipe(labelled=self.labelled, pool=self.pool))

    def find_teacher(self) -> nn.Module | None:
        """The teacher; None where none is chosen."""
        return self.own.get("teacher") or (prepare.find_teacher(self.teacher, Recipe()) if self.teacher else None)

    def find_student(self, data: Dataset) -> nn.Module:
        """A new student for ``data``."""
        return prepare.find_student(self.own.get("student", self.student), Recipe(seed=self.seed), data)
