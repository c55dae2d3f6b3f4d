"""A recipe: every knob and name of one distillation, as a value that can be saved, sent and run again."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

from kdlab import algorithms, check, methods, schedules, schemes
from kdlab.shifts import MOST

DEFAULT_METHOD = methods.DEFAULTS
OBJECTS = "; an object is given beside the recipe, as in train(…, teacher=network)"
DEFAULT_ALPHA = {"response": 0.9, "feature": 0.5, "relation": 0.5}

# Numbers may change while a run goes on; the others end a phase (STRUCTURE) or belong to the run as a whole.
NUMBERS = (
    "temperature", "alpha", "learning_rate", "method_knobs", "label_smoothing", "epochs", "decay", "fine_tune",
    "patience", "schedule",
)  # fmt: skip
SELDOM = (  # left out of what is written where they are at their defaults
    "peers", "generations", "decay", "init", "fine_tune", "patience", "late", "late_after",
    "shifts",
)  # fmt: skip
STRUCTURE = ("type", "method", "scheme", "scheme_variant", "taps")


@dataclass(frozen=True)
class Recipe:
    """Every knob of a distillation.

    Args:
        type: what is transferred: ``"response"``, ``"feature"`` or ``"relation"``.
        method: a method of that type, or a mix ``{name: factor}`` with one of that type in it; None: the type's
            default (soft-targets, hint, rkd).
        scheme: who teaches whom: ``"offline"``, ``"online"`` or ``"self"``.
        scheme_variant: see :func:`kdlab.schemes.variants`; None: the scheme's default.
        algorithm: how it is carried over; see :func:`kdlab.algorithms.names`.
        algorithm_knobs: the algorithm's settings by name.
        temperature: T, finite and above 0.
        alpha: weight of the distillation loss, in [0, 1]; ``1 - alpha`` weighs the labels' cross-entropy. None: .9 for
            response, .5 for feature and relation, which leave the classifier untrained at 1.
        method_knobs: the method's settings; in a mix by ``"method.knob"``.
        taps: teacher's layer -> student's layer, by their names in ``named_modules()``; empty: a default pairing.
            Exits compare their own layers, whatever is given here.
        learning_rate: Adam's, above 0.
        batch_size: at least 1.
        epochs: passes over the transfer set, at least 1; each generation of a born-again student has as many.
        seed: of the order of batches, of adapters, and of a student given by name.
        order_seed: of the order of batches apart from the rest; None: the seed.
        label_smoothing: of the labels' cross-entropy, in [0, 1).
        data: name of a data set.
        labelled: number of training labels that may be used; None: all.
        pool: number of unlabelled images beside them; None: all the rest.
        task: what is asked, of data with several questions; None: the first.
        view: how the student sees the samples, of data with several views; None: the first.
        teacher_view: how the teacher, or the peers beside the student, see them; None: the view that a trained model
            says it needs, else the student's.
        teacher: name of a trained model; or several, in a list.
        student: name of a model to build.
        peer: name of the model that learns beside the student online; None: one of the student's architecture.
        peers: how many of them, at least 1.
        generations: of a born-again student, at least 2.
        decay: how much of the moving average stays at each step, in [0, 1]; less during the first steps.
        init: the student's first weights: ``"random"`` (drawn for a name, as they are for a module), ``"teacher"`` or
            the folder of a saved run; see :mod:`kdlab.initial`.
        fine_tune: epochs of one more phase, in which the student learns from labels alone; see :mod:`kdlab.tuning`.
        patience: of these epochs, how many may go by without a better validation accuracy before it ends.
        schedule: knobs that turn by themselves, each with points [share of the run in [0, 1], value] and straight lines
            between: ``{"temperature": [[0.0, 4.0], [1.0, 1.0]]}``; for temperature, alpha and learning_rate. It holds
            in place of the plain value until the knob is turned by hand: see :meth:`replace`.
        late: share of the labelled images that come in later only, in [0, 1); until then they are not there at all.
        late_after: the epochs before they come, at least 1 and below ``epochs``.
        shifts: augmentation: in how many shifted ways, from 0 to 24, each training image may be seen beside the plain
            one. They are shifted by up to 2 pixels each way; an image has one of these ways in an epoch, drawn by the
            seed of the order. A frozen teacher is asked once for each, which takes ``shifts + 1`` times the memory.

    Raises:
        ValueError: a value is out of its range, a name is unknown, or a method is of another type.
        TypeError: a value is of another kind than its default.
    """

    type: str = "response"
    method: str | Mapping[str, float] | None = None
    scheme: str = "offline"
    scheme_variant: str | None = None
    algorithm: str = "standard"
    algorithm_knobs: Mapping[str, Any] = field(default_factory=dict)
    temperature: float = 2.0
    alpha: float | None = None
    method_knobs: Mapping[str, float] = field(default_factory=dict)
    taps: Mapping[str, str] = field(default_factory=dict)
    learning_rate: float = 1e-3
    batch_size: int = 128
    epochs: int = 5
    seed: int = 0
    order_seed: int | None = None
    label_smoothing: float = 0.0
    data: str | None = None
    labelled: int | None = None
    pool: int | None = None
    task: str | None = None
    view: str | None = None
    teacher_view: str | None = None
    teacher: str | tuple[str, ...] | None = None
    student: str | None = None
    peer: str | None = None
    peers: int = 1
    generations: int = 2
    decay: float = 0.99
    init: str = "random"
    fine_tune: int = 0
    patience: int = 3
    schedule: Mapping[str, schedules.Points] = field(default_factory=dict)
    late: float = 0.0
    late_after: int = 1
    shifts: int = 0

    def __post_init__(self) -> None:
        for name in ("method_knobs", "algorithm_knobs", "taps"):
            object.__setattr__(self, name, self._table(name))  # a copy: what was given may change later
        knobs = {k: list(v) if isinstance(v, tuple) else v for k, v in self.algorithm_knobs.items()}
        object.__setattr__(self, "algorithm_knobs", knobs)
        object.__setattr__(self, "schedule", schedules.points(self._table("schedule")))
        if not isinstance(self.method, (str, Mapping, NoneType)):
            raise TypeError(f"method must be a name, a mix {{name: factor}} or None, got {self.method!r}")
        if not isinstance(self.init, str) or not self.init:
            error = ValueError if self.init == "" else TypeError
            raise error(f"init must be 'random', 'teacher' or the folder of a saved run, got {self.init!r}")
        if isinstance(self.method, Mapping):
            object.__setattr__(self, "method", dict(self.method))
        check.choice(methods.TYPES, type=self.type)
        variant = schemes.get(self.scheme, self.scheme_variant)
        self.build_algorithm()
        for name in ("data", "view", "teacher_view", "student", "peer"):
            if not isinstance(getattr(self, name), (str, NoneType)):
                raise TypeError(f"{name} must be a name or None, got {_brief(getattr(self, name))}{OBJECTS}")
        if not isinstance(self.teacher, (str, NoneType)):
            if not isinstance(self.teacher, (list, tuple)) or not all(isinstance(n, str) for n in self.teacher):
                raise TypeError(f"teacher must be a name, a list of names or None, got {_brief(self.teacher)}{OBJECTS}")
            object.__setattr__(self, "teacher", tuple(self.teacher))
        check.positive(temperature=self.temperature, learning_rate=self.learning_rate)
        check.whole(1, batch_size=self.batch_size, epochs=self.epochs, peers=self.peers, patience=self.patience)
        check.whole(2, generations=self.generations)
        check.whole(0, seed=self.seed, order_seed=self.order, fine_tune=self.fine_tune)
        check.whole(1, late_after=self.late_after)
        check.whole(0, shifts=self.shifts)
        check.between(0, MOST, shifts=self.shifts)
        check.between(0, 2**32 - 1, seed=self.seed, order_seed=self.order)
        check.between(0, 1, label_smoothing=self.label_smoothing, decay=self.decay, late=self.late)
        if self.late and self.late_after >= self.epochs:
            raise ValueError(f"late_after must be below the {self.epochs} epochs, got {self.late_after}")
        if self.alpha is not None:
            check.between(0, 1, alpha=self.alpha)
        if self.labelled is not None:
            check.whole(1, labelled=self.labelled)
        if self.pool is not None:
            check.whole(0, pool=self.pool)
        built = self.build_method()
        kinds = {m.type for m, _ in built.parts} if isinstance(built, methods.Mix) else {built.type}
        if self.type not in kinds:
            raise ValueError(
                f"method must be of type {self.type!r}, got {self.method!r} of type {' and '.join(sorted(kinds))}; "
                f"allowed: {', '.join(map(repr, methods.names(self.type)))}"
            )
        if variant.needs_labels and self.highest_alpha == 1:
            where = "online" if variant.needs_peer else "where a student learns from itself"
            raise ValueError(f"alpha must be below 1 {where}, got 1: nobody knows anything yet that could be taught")

    def _table(self, name: str) -> dict[str, Any]:
        value = getattr(self, name)
        if not isinstance(value, Mapping):
            raise TypeError(f"{name} must be a table of names and values, got {value!r}")
        return dict(value)

    @property
    def highest_alpha(self) -> float:
        """The largest alpha of the run, a schedule included; 0 where there is none yet."""
        return max(point[1] for point in self.schedule.get("alpha", [[0.0, self.alpha or 0.0]]))

    @property
    def order(self) -> int:
        """The seed of the order of batches."""
        return self.seed if self.order_seed is None else self.order_seed

    def resolved(self) -> Recipe:
        """The same recipe with every None that has a default filled in."""
        fixed = algorithms.kind(self.algorithm).fixes_alpha
        if schemes.get(self.scheme, self.scheme_variant).needs_labels:
            fixed = None  # the two do not go together, which is for others to say
        parts = [self.type] if not isinstance(self.method, Mapping) else [methods.kind(n).type for n in self.method]
        default = max(DEFAULT_ALPHA[part] for part in parts) if fixed is None else fixed
        return dataclasses.replace(
            self,
            method=self._method(),
            scheme_variant=self.scheme_variant or schemes.variants(self.scheme)[0],
            alpha=default if self.alpha is None else self.alpha,
        )

    def _method(self) -> str | Mapping[str, float]:
        """The method; where none is named, that by which the algorithm works, else the type's default."""
        if self.method is not None:
            return self.method
        return algorithms.kind(self.algorithm).method(self.type) or DEFAULT_METHOD[self.type]

    def build_method(self) -> methods.Method:
        """The method with its settings."""
        return methods.get(self._method(), **self.method_knobs)

    def build_algorithm(self) -> algorithms.Algorithm:
        """The algorithm with its settings."""
        return algorithms.get(self.algorithm, **self.algorithm_knobs)

    def replace(self, **changes: Any) -> Recipe:
        """A recipe with some values changed; a knob that is named here is turned by hand, which ends its schedule.

        Raises:
            ValueError: an unknown name (a near miss is suggested) or a bad value.
        """
        known = [f.name for f in dataclasses.fields(self)]
        for name in changes:
            check.choice(known, **{"recipe key": name})
        left = {knob: points for knob, points in self.schedule.items() if knob not in changes}
        return dataclasses.replace(self, **{"schedule": left} | changes)

    def at(self, share: float) -> Recipe:
        """The recipe as it stands at a share of the run, in [0, 1]: scheduled knobs have their value of then."""
        if not self.schedule:
            return self
        return self.replace(**{knob: schedules.value(points, share) for knob, points in self.schedule.items()})

    def to_dict(self) -> dict[str, Any]:
        """Plain values; what is None or empty is left out, as are knobs seldom used that are at their defaults."""
        given = {f.name: (getattr(self, f.name), f.default) for f in dataclasses.fields(self)}
        values = {name: v for name, (v, default) in given.items() if name not in SELDOM or v != default}
        kinds = {dict: Mapping, list: tuple}
        values = {
            k: next((make(v) for make, kind in kinds.items() if isinstance(v, kind)), v) for k, v in values.items()
        }
        return {k: v for k, v in values.items() if v is not None and v != {}}

    def to_toml(self) -> str:
        """The recipe as TOML; :meth:`from_toml` reads it back to an equal recipe."""
        import tomli_w

        return tomli_w.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """A recipe from plain values.

        Raises:
            ValueError: an unknown key (a near miss is suggested) or a bad value.
        """
        return cls().replace(**values)

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """A recipe from TOML text.

        Raises:
            ValueError: not TOML, an unknown key (a near miss is suggested) or a bad value.
        """
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"recipe must be TOML, got text that is not: {error}") from None
        return cls.from_dict(values)

    def differences(self, other: Recipe) -> dict[str, tuple[Any, Any]]:
        """Knob -> (value here, value there), where the two differ."""
        mine, theirs = ({f.name: getattr(r, f.name) for f in dataclasses.fields(r)} for r in (self, other))
        return {k: (v, theirs[k]) for k, v in mine.items() if v != theirs[k]}

    def total_steps(self, transfer_set: int) -> int:
        """Optimiser steps of the run: epochs of all phases · ⌈inputs of the transfer set / batch size⌉."""
        phases = len(
            schemes.get(self.scheme, self.scheme_variant).phases(
                peers=["peer"] * self.peers, generations=self.generations
            )
        )
        return (phases * self.epochs + self.fine_tune) * math.ceil(transfer_set / self.batch_size)


def _brief(value: Any) -> str:
    """A value as it is, or what it is where that would fill a page, as a network does."""
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__}"
