"""What an algorithm is: settings, what it goes with, and what it makes of a set-up before anybody learns."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from torch import Tensor, nn

from kdlab import check, schemes
from kdlab import methods as known_methods
from kdlab.data import Dataset
from kdlab.methods import Method
from kdlab.methods.base import Knobs
from kdlab.players import Member


@dataclass(frozen=True)
class Setup:
    """All that a training works on; an algorithm is given it before the players are cast.

    Attributes:
        data: the data set; its ``x`` is what the student sees.
        teacher: the frozen teacher; several where an algorithm is to make one of them; None where there is none.
        student: the network that is trained, itself and no copy; None where an algorithm is to choose it.
        method: the method of every link that has a teacher.
        seed: of whatever an algorithm draws.
        teacher_view: the view that the teacher, or the peers beside the student, see; None: the student's.
        taps: teacher's layer -> student's layer, where given.
        eras: rows of the transfer set that are at hand in the first phase, and those of all later ones; None: all.
        players: name -> player, as the scheme's links name them.
        phases: the scheme's phases.
        chosen: name of the student that an algorithm has chosen; None: it was given.
    """

    data: Dataset
    teacher: nn.Module | Sequence[nn.Module] | None
    student: nn.Module | None
    method: Method
    seed: int = 0
    teacher_view: str | None = None
    taps: dict[str, str] = field(default_factory=dict)
    eras: tuple[Tensor, Tensor] | None = None
    players: dict[str, Member] = field(default_factory=dict)
    phases: list[schemes.Phase] = field(default_factory=list)
    chosen: str | None = None


def option(default: str, allowed: Sequence[str], meaning: str) -> Any:
    """A named choice of an algorithm: a dataclass field with what is allowed and one line for the learner."""
    return field(default=default, metadata={"option": (tuple(allowed), meaning)})


@dataclass(frozen=True)
class Algorithm(Knobs):
    """Settings of an algorithm, and what it makes of a set-up.

    Subclasses are frozen dataclasses whose fields are made by :func:`kdlab.methods.knob` and :func:`option`.
    """

    name: ClassVar[str] = ""
    methods: ClassVar[tuple[str, ...]] = ()  # those it works by, the default of each type first; empty: any
    needs_teacher: ClassVar[bool] = False  # only schemes with a trained teacher
    one_network: ClassVar[bool] = True  # also schemes in which the student is its own teacher
    variants: ClassVar[tuple[str, ...]] = ()  # only these variants of schemes; empty: all that the two above allow
    needs: ClassVar[str] = ""  # what must be there, in a few words
    several: ClassVar[bool] = False  # it takes more teachers than one
    fixes_alpha: ClassVar[float | None] = None  # the one alpha that it allows, which is then the default
    chooses_student: ClassVar[bool] = False  # it picks a student where none is named

    def __post_init__(self) -> None:
        super().__post_init__()
        for one in dataclasses.fields(self):
            if "option" in one.metadata:
                check.choice(one.metadata["option"][0], **{one.name: getattr(self, one.name)})

    @classmethod
    def options(cls) -> dict[str, tuple[tuple[str, ...], str]]:
        """Option name -> (what is allowed, meaning)."""
        return {f.name: f.metadata["option"] for f in dataclasses.fields(cls) if "option" in f.metadata}

    @classmethod
    def method(cls, type: str) -> str | None:
        """The method that it works by for a type; None where it leaves that open, or has none."""
        return next((name for name in cls.methods if known_methods.kind(name).type == type), None)

    def refuses(self, methods: Sequence[str], scheme: str, variant: str, alpha: float) -> str | None:
        """Why it does not go with others by their names alone, or None.

        Args:
            methods: the recipe's, more than one in a mix.
            scheme: the recipe's.
            variant: of the scheme.
            alpha: the largest of the run.
        """
        what, where = schemes.get(scheme, variant), f"scheme {scheme!r} ({variant})"
        if self.methods and not set(methods) & set(self.methods):
            types = sorted({known_methods.kind(name).type for name in self.methods})
            return (
                f"algorithm {self.name!r} works by {' or '.join(map(repr, self.methods))}, of type "
                f"{' or '.join(types)}, and the method is {' + '.join(map(repr, methods))}"
            )
        if self.variants and variant not in self.variants:
            homes = [f"{s!r} ({v})" for s in schemes.names() for v in schemes.variants(s) if v in self.variants]
            return f"algorithm {self.name!r} needs scheme {' or '.join(homes)}, got {where}"
        if self.needs_teacher and not what.needs_teacher:
            return f"algorithm {self.name!r} needs a scheme with a trained teacher, and {where} has none"
        if not self.one_network and not (what.needs_teacher or what.needs_peer):
            return f"algorithm {self.name!r} needs a second network, and in {where} the student is alone"
        if self.fixes_alpha is not None and alpha != self.fixes_alpha:
            return f"algorithm {self.name!r} needs alpha {self.fixes_alpha:g}, since it has no labels, got {alpha:g}"
        return None

    def lacks(self, setup: Setup) -> str | None:
        """Why it does not go with data and networks, or None; a network that is not known yet is None."""
        return None

    def aim(self, method: Method, classes: int) -> Method:
        """What the method compares under this algorithm, for data of so many classes; the method itself by default."""
        return method

    def student(self, net: nn.Module) -> nn.Module:
        """The student's network as it computes under this algorithm; opening a saved run needs that too."""
        return net

    def __call__(self, setup: Setup) -> Setup:
        """The set-up that is trained."""
        return setup


_ALGORITHMS: dict[str, type[Algorithm]] = {}


def register(name: str) -> Callable[[type[Algorithm]], type[Algorithm]]:
    """Class decorator: make an algorithm known by ``name``."""

    def enter(cls: type[Algorithm]) -> type[Algorithm]:
        cls.name = name
        _ALGORITHMS[name] = cls
        return cls

    return enter


def names() -> list[str]:
    """The algorithms, the default first."""
    return list(_ALGORITHMS)


def kind(name: str) -> type[Algorithm]:
    """The class of an algorithm, by name.

    Raises:
        ValueError: it is unknown; a near miss is suggested.
    """
    check.choice(_ALGORITHMS, algorithm=name)
    return _ALGORITHMS[name]


def get(name: str, /, **knobs: Any) -> Algorithm:
    """An algorithm with its settings.

    Raises:
        ValueError: an unknown name or knob (a near miss is suggested), or a value out of its range.
    """
    cls = kind(name)
    for given in knobs:
        allowed = [f.name for f in dataclasses.fields(cls)]
        if not allowed:
            raise ValueError(f"algorithm_knobs must be empty for {name!r}, which has none, got {given!r}")
        check.choice(allowed, **{f"knob of {name}": given})
    return cls(**knobs)
