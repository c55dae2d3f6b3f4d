"""What an exercise is, and how an answer is checked: instantly, on fresh random inputs, whatever the learner wrote."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kdlab import check as checks
from kdlab.exercises.claims import Claim
from kdlab.exercises.limits import OutOfTimeError, Stop, within

PACKAGE = str(Path(__file__).resolve().parent.parent)
SECONDS = 5.0  # for all calls of one check


class WrongAnswer(Exception):  # a learner's, and no error of this package
    """What is wrong with an answer, in words for the learner."""


class Verdict(Claim):
    """An answer is right, or what is wrong with it."""

    words = ("right", "not yet right")


class Hint(str):
    """A hint; folded where the frontend can fold."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head, _, text = self.partition(": ")
        return f"<details><summary>{head}</summary><p>{escape(text)}</p></details>"


@dataclass(frozen=True)
class Exercise:
    """A task with its check.

    Attributes:
        name: what :func:`check` and :func:`hint` call it.
        call: how the learner's function is called, such as ``"soften(logits, temperature)"``; "" for a plain answer.
        probe: looks at an answer and raises :class:`WrongAnswer` with the misconception; gets a source of fresh inputs.
        right: what is said of a right answer.
        hints: from a nudge to nearly the answer.
    """

    name: str
    call: str
    probe: Callable[[Any, torch.Generator], None]
    right: str
    hints: tuple[str, str, str]


_EXERCISES: dict[str, Exercise] = {}
_given: dict[str, int] = {}  # hints given so far


def exercise(name: str, call: str = "", *, right: str, hints: tuple[str, str, str]) -> Callable:
    """Decorator: the function below it is the probe of an exercise; see :class:`Exercise`."""

    def enter(probe: Callable[[Any, torch.Generator], None]) -> Callable[[Any, torch.Generator], None]:
        _EXERCISES[name] = Exercise(name, call, probe, right, hints)
        return probe

    return enter


def names() -> list[str]:
    """The exercises that can be checked."""
    return list(_EXERCISES)


def check(name: str, answer: Any, *, seed: int | None = None) -> Verdict:
    """Check an answer; whatever it is or does, a verdict comes back within seconds.

    Args:
        name: one of :func:`names`.
        answer: the learner's function itself (without brackets), or a plain answer where the exercise wants one.
        seed: of the random inputs; None: others each time.

    Raises:
        ValueError: the exercise is unknown; a near miss is suggested.
    """
    checks.choice(_EXERCISES, exercise=name)
    task = _EXERCISES[name]
    random = torch.Generator()
    if seed is None:
        random.seed()
    else:
        random.manual_seed(seed)
    try:
        within(SECONDS, lambda: _look(task, answer, random))
    except WrongAnswer as wrong:
        return Verdict(False, f"{name}: {wrong}")
    except OutOfTimeError as late:
        end = "it was stopped" if late.stopped else "it could not be stopped, so restart the kernel"
        why = "is there a loop whose end never comes?"
        return Verdict(False, f"{name}: no answer after {SECONDS:g} seconds, and {end}: {why}")
    return Verdict(True, f"{name}: {task.right}")


def _look(task: Exercise, answer: Any, random: torch.Generator) -> None:
    """Probe an answer; what is raised in here is the answer's own doing, whatever it is: Ctrl-C reaches another thread.

    Raises:
        WrongAnswer: what is wrong with it.
    """
    try:
        if task.call and not callable(answer):
            plain = task.call.partition("(")[0]
            raise WrongAnswer(f'pass the function itself, check("{task.name}", {plain}), not {_kind(answer)}')
        task.probe(Asked(task.call, answer) if task.call else answer, random)
    except (WrongAnswer, Stop):
        raise
    except BaseException as error:
        what = f"{task.call} returns" if task.call else "the answer is"
        raise WrongAnswer(f"{what} something that cannot be looked at: {_said(error)}") from None


def hint(name: str) -> Hint:
    """The next of three hints, from a nudge to nearly the answer.

    Raises:
        ValueError: the exercise is unknown; a near miss is suggested.
    """
    checks.choice(_EXERCISES, exercise=name)
    number = min(_given.get(name, 0) + 1, 3)
    _given[name] = number
    return Hint(f"Hint {number} of 3: {_EXERCISES[name].hints[number - 1]}")


class Asked:
    """The learner's function; whatever goes wrong inside becomes a :class:`WrongAnswer`."""

    may_be_none = False  # whether None can be an answer

    def __init__(self, call: str, function: Callable):
        self.call, self.function = call, function
        self.arguments = call.partition("(")[2].rstrip(")").split(", ")

    def __call__(self, *values: Any) -> Any:
        """Its answer; the values are copies, so that an answer that writes into them is found out."""
        copies = [v.clone() if isinstance(v, Tensor) else v for v in values]
        try:
            answer = self.function(*copies)
        except NotImplementedError:
            raise WrongAnswer("nothing is written yet: replace the line that says so, and check again") from None
        except Stop:
            raise
        except BaseException as error:
            raise WrongAnswer(f"{self.call} raised {_said(error)}") from None
        for name, value, copy in zip(self.arguments, values, copies, strict=False):
            if isinstance(value, Tensor) and not torch.equal(value, copy):
                raise WrongAnswer(f"it writes into the {name} it was given: compute a new tensor instead")
        if answer is ... or (answer is None and not self.may_be_none):
            raise WrongAnswer("nothing comes back yet: does every path end in `return …`?")
        return answer

    def tensor(self, *values: Any, shape: Sequence[int]) -> Tensor:
        """Its answer as a float64 tensor of the given shape, with its gradient."""
        answer = self(*values)
        try:
            if isinstance(answer, (str, bytes, dict, set)):
                raise TypeError
            found = torch.as_tensor(answer).to(torch.float64)
            if found.is_meta or found.layout != torch.strided:
                raise TypeError
        except (TypeError, ValueError, RuntimeError):
            raise WrongAnswer(f"it must return {_wanted(shape)}, got {_kind(answer)}") from None
        if tuple(found.shape) != tuple(shape) and not (not shape and found.numel() == 1):
            raise WrongAnswer(f"it must return {_wanted(shape)}, got one of shape {tuple(found.shape)}")
        return found.reshape(tuple(shape))


def close(got: Tensor, wanted: Tensor, tolerance: float = 1e-3) -> bool:
    """Whether two tensors are equal up to rounding in float32."""
    scale = max(wanted.abs().max().item(), 1e-6)
    return bool(got.isfinite().all()) and (got.detach() - wanted.detach()).abs().max().item() <= tolerance * scale


def _wanted(shape: Sequence[int]) -> str:
    return f"a tensor of shape {tuple(shape)}" if len(shape) else "one number"


def _kind(answer: Any) -> str:
    kind = type(answer).__name__
    if isinstance(answer, Tensor) and answer.is_meta:
        return f"a {kind} without numbers (device meta)"
    if isinstance(answer, Tensor) and answer.layout != torch.strided:
        return f"a {kind} of layout {answer.layout}"
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _said(error: BaseException) -> str:
    """An error's type, its text, and where it was raised."""
    try:
        text = str(error)
    except Exception:  # the learner's own class, whose text is an error too
        text = "…"
    return f"{type(error).__name__}: {text}{_place(error)}"


def _place(error: BaseException) -> str:
    """Where in the learner's own code it happened: the last line of the traceback that is not this package's."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "site-packages" not in f.filename and not f.filename.startswith(PACKAGE)]
    if not own:
        return ""
    line = (own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0)).strip()
    return f" (in line {own[-1].lineno}: {line})" if line else f" (in line {own[-1].lineno})"
