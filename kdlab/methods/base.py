"""What a distillation method is, and how one is added: one class with ``@register``, in a file or in a cell."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from kdlab import check
from kdlab.knowledge import Exchange, Knowledge, Pairs

DEFAULTS = {"response": "soft-targets", "feature": "hint", "relation": "rkd"}  # type -> its default method
TYPES = tuple(DEFAULTS)


class Term(NamedTuple):
    """One named part of a distillation loss: how much it counts, and its value (a scalar tensor)."""

    weight: float
    value: Tensor


def knob(default: float, low: float, high: float, meaning: str, *, log: bool = False) -> Any:
    """A number of a method that a slider can turn: a dataclass field with a range and a meaning.

    Args:
        default: where the slider stands first; an int makes it a knob for whole numbers.
        low: smallest value allowed.
        high: largest value allowed.
        meaning: one line for the learner.
        log: the slider moves on a log scale.
    """
    return dataclasses.field(default=default, metadata={"knob": (low, high, meaning, log)})


@dataclass(frozen=True)
class Knobs:
    """Settings in fields made by :func:`knob`, each checked against its range."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if "knob" in field.metadata:
                low, high, *_ = field.metadata["knob"]
                if isinstance(field.default, int):  # a count
                    check.whole(low, **{field.name: getattr(self, field.name)})
                check.between(low, high, **{field.name: getattr(self, field.name)})

    @classmethod
    def knobs(cls) -> dict[str, tuple[float, float, str, bool]]:
        """Knob name -> (low, high, meaning, log)."""
        return {f.name: f.metadata["knob"] for f in dataclasses.fields(cls) if "knob" in f.metadata}


@dataclass(frozen=True)
class Method(Knobs):
    """Settings of a distillation method and its loss.

    Subclasses are frozen dataclasses whose fields are made by :func:`knob`. Cross-entropy, alpha and the optimiser
    belong to the trainer: a method says only what it adds.
    """

    name: ClassVar[str] = ""
    type: ClassVar[str] = ""
    symbol: ClassVar[str] = ""  # the formula, as the workbench shows it
    uses_temperature: ClassVar[bool] = False
    compares: ClassVar[str] = ""  # "" (logits only), "any" or "map": the layers that are compared

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module | None:
        """The method's own trained part, sized by one probe batch; None where it has none."""
        return None

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """The loss by named terms, each with its weight; their weighted sum is the distillation loss."""
        raise NotImplementedError(f"{type(self).__name__} must say its terms")

    def shows(self, seen: Exchange) -> list[tuple[Tensor, Tensor]]:
        """What the loss compares, for a picture: (student's, teacher's) of equal shape for each pair of layers.

        Empty where the loss does not compare a sample's layers place by place.
        """
        return []


_METHODS: dict[str, type[Method]] = {}


def register(name: str, *, type: str) -> Callable[[type[Method]], type[Method]]:
    """Class decorator: make a method known by ``name``, in lists, sliders and recipes.

    A second class of the same name replaces the first only if it is the same class defined again, as when a
    notebook's cell is run twice.

    Args:
        name: as in a recipe, such as ``"soft-targets"``.
        type: what is transferred: ``"response"``, ``"feature"`` or ``"relation"``.

    Raises:
        ValueError: the type is unknown, or the name is taken by another class.
    """
    check.choice(TYPES, type=type)

    def enter(cls: type[Method]) -> type[Method]:
        taken = _METHODS.get(name)
        if taken is not None and (taken.__module__, taken.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"name must be new, got {name!r}, which is {taken.__module__}.{taken.__qualname__}")
        cls.name, cls.type = name, type
        _METHODS[name] = cls
        return cls

    return enter


def names(type: str | None = None) -> list[str]:
    """Names of the methods, of one type or type by type; a type's default method comes first.

    Raises:
        ValueError: the type is unknown.
    """
    if type is not None:
        check.choice(TYPES, type=type)
    found = [name for name, cls in _METHODS.items() if type in (None, cls.type)]
    return sorted(found, key=lambda name: (TYPES.index(_METHODS[name].type), name != DEFAULTS[_METHODS[name].type]))


def kind(name: str) -> type[Method]:
    """The class of a method, by name.

    Raises:
        ValueError: no method has that name; a near miss is suggested.
    """
    check.choice(_METHODS, method=name)
    return _METHODS[name]


def get(name: str | Mapping[str, float], /, **knobs: Any) -> Method:
    """A method with its settings.

    Args:
        name: a method's name, or a mix ``{name: factor}``, whose terms are added, each times its factor.
        knobs: settings by field name; in a mix by ``"name.knob"``, such as ``**{"rkd.anchors": 64}``.

    Raises:
        ValueError: an unknown name or knob (a near miss is suggested), or a value out of its range.
    """
    if not isinstance(name, str):
        return _mix(name, knobs)
    cls = kind(name)
    for given in knobs:
        check.choice(cls.knobs(), **{f"knob of {name}": given})
    return cls(**knobs)


def _mix(factors: Mapping[str, float], knobs: Mapping[str, Any]) -> Method:
    from kdlab.methods.mix import Mix  # a mix is a method, so it builds on this module

    if not factors:
        raise ValueError("method must name at least one method in a mix, got an empty one")
    for name, factor in factors.items():
        check.choice(_METHODS, method=name)
        check.between(0, float("inf"), **{f"factor of {name}": factor})
    for given in knobs:
        check.choice([f"{n}.{k}" for n in factors for k in kind(n).knobs()], **{"knob of the mix": given})
    own = {n: {k.partition(".")[2]: v for k, v in knobs.items() if k.partition(".")[0] == n} for n in factors}
    return Mix(tuple((get(n, **own[n]), float(factor)) for n, factor in factors.items()))
