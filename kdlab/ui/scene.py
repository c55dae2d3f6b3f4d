"""What stands still while a student learns: data, teacher, an untrained student, and what was read of them once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdlab import deploy, metrics
from kdlab.arrangement import assemble
from kdlab.data import Dataset
from kdlab.initial import start
from kdlab.players import ask, tell
from kdlab.ui import readings
from kdlab.ui.state import LabState


class Scene:
    """Data, teacher and an untrained student, with everything that is read of them once.

    Args:
        data: a data set, as the student sees it.
        teacher: the trained teacher, several in one, or None.
        untrained: the student, its weights drawn.
        first: the student with its first weights, which need not be drawn; None: the untrained one.
        teacher_view: how the teacher, or the peers beside the student, see the data; None: as the student does.
        teachers: those that are one in ``teacher``; None: that one.
        given: the data before an algorithm made others of them; None: these.
    """

    def __init__(
        self,
        data: Dataset,
        teacher: nn.Module | None,
        untrained: nn.Module,
        first: nn.Module | None = None,
        *,
        teacher_view: str | None = None,
        teachers: Sequence[nn.Module] | None = None,
        given: Dataset | None = None,
    ):
        self.data, self.teacher, self.untrained, self.first = data, teacher, untrained, first or untrained
        self.teacher_view, self.teachers, self.given = teacher_view, teachers or teacher, given or data
        self.x, self.labels = data.validation.x, data.validation.y
        self.probe = readings.balanced(self.labels, readings.PROBE)
        self.related = readings.balanced(self.labels, readings.RELATED)
        self._kept: dict[tuple, Any] = {}

    @classmethod
    def of(cls, state: LabState) -> Scene:
        """Data and networks that a state asks for, as its algorithm makes them where it goes with them."""
        recipe, data, teachers = state.roots(), state.load_data(), state.find_teacher()
        setup = assemble(recipe, data, teachers, state.find_student(data))
        algorithm = recipe.build_algorithm()
        if algorithm.lacks(setup) is None:
            setup = algorithm(setup)
        teacher = setup.teacher[0] if isinstance(setup.teacher, (list, tuple)) else setup.teacher
        first = copy.deepcopy(setup.student)
        with suppress(ValueError):  # which the training says, as soon as there is one
            start(first, state.init, teacher)
        asked = {"teacher_view": setup.teacher_view, "teachers": teachers, "given": data}
        return cls(setup.data, teacher, setup.student, first, **asked)

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """Validation images as bytes, (N, height, width)."""
        return readings.pixels(self.x)

    @cached_property
    def lines(self) -> list[str]:
        """How each validation sample reads; empty for what is looked at."""
        data = self.data
        return [data.lines[row] for row in data.validation.rows.tolist()] if data.lines else []

    @cached_property
    def teacher_logits(self) -> NDArray[np.float32] | None:
        """On the validation set, (N, classes)."""
        return None if self.teacher is None else ask(self.teacher, self.seen(self.teacher_view)).logits.numpy()

    @cached_property
    def untrained_logits(self) -> NDArray[np.float32]:
        """Of a student that has learned nothing, (N, classes)."""
        return self.logits(self.untrained)

    def logits(self, student: nn.Module) -> NDArray[np.float32]:
        """Of a student as it is now, on the validation set, (N, classes)."""
        return tell(student, self.x).logits.numpy()

    @cached_property
    def teacher_accuracy(self) -> float | None:
        """On the validation set, a share."""
        return None if self.teacher is None else metrics.accuracy(self.teacher_logits, self.labels)

    @cached_property
    def costs(self) -> dict[str, deploy.Cost | None]:
        """What an answer of the teacher and of the student costs."""
        nets = {"teacher": (self.teacher, self.teacher_view), "student": (self.untrained, None)}
        return {
            who: deploy.measure(net, self.seen(v)[:1]) if net is not None else None for who, (net, v) in nets.items()
        }

    @cached_property
    def untrained_grams(self) -> dict[str, NDArray]:
        """Of the untrained student's layers on the probe images."""
        return readings.grams(self.untrained, self.x[self.probe])

    def seen(self, view: str | None = None) -> Tensor:
        """Validation inputs in a view, (N, …); None: the student's."""
        return self.data.validation.seen(view)

    def grams(self, net: nn.Module, view: str | None = None) -> dict[str, NDArray]:
        """Of a network's layers on the probe images."""
        return self._once(net, ("grams",), lambda: readings.grams(net, self.seen(view)[self.probe]))

    def reference(self, net: nn.Module, view: str | None = None) -> list[list[float]]:
        """CKA grid of a network with the untrained student."""
        return self._once(net, ("reference",), lambda: readings.cka_grid(self.grams(net, view), self.untrained_grams))

    def relation(self, net: nn.Module, layer: str, kind: str, view: str | None = None) -> NDArray:
        """Relations of the shown samples at a layer of ``net``, (n, n)."""

        def read() -> NDArray:
            return readings.relation(tell(net, self.seen(view)[self.related], [layer]).features[layer], kind)

        return self._once(net, ("relation", layer, kind), read)

    def units(self, net: nn.Module, layer: str, view: str | None = None) -> NDArray:
        """Mean activation of each unit of a layer for each class, on the probe images: (classes, units)."""

        def read() -> NDArray:
            features = tell(net, self.seen(view)[self.probe], [layer]).features[layer]
            return readings.class_means(features, self.labels[self.probe], len(self.data.classes))

        return self._once(net, ("units", layer), read)

    def _once(self, net: nn.Module, key: tuple, read: Callable[[], Any]) -> Any:
        """What is read of the frozen teacher is kept; other networks learn."""
        if net is not self.teacher:
            return read()
        if key not in self._kept:
            self._kept[key] = read()
        return self._kept[key]

    def sample(self, index: int, view: str | None = None) -> Tensor:
        """One validation input with its batch dimension."""
        return self.seen(view)[index : index + 1]


def float_bytes(array: NDArray | None) -> bytes:
    """float32 as the browser reads it; empty for None."""
    return b"" if array is None else np.ascontiguousarray(array, np.float32).tobytes()


def label_bytes(labels: Tensor) -> bytes:
    """Labels as uint8."""
    return labels.to(torch.uint8).numpy().tobytes()
