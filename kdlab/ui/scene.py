"""What stands still while a student learns: data, teacher, an untrained student, and what was read of them once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdlab import deploy, metrics
from kdlab.data import Dataset
from kdlab.players import ask, tell
from kdlab.ui import readings


class Scene:
    """Data, teacher and an untrained student, with everything that is read of them once."""

    def __init__(self, data: Dataset, teacher: nn.Module | None, untrained: nn.Module):
        self.data, self.teacher, self.untrained = data, teacher, untrained
        self.x, self.labels = data.validation.x, data.validation.y
        self.probe = readings.balanced(self.labels, readings.PROBE)
        self.related = readings.balanced(self.labels, readings.RELATED)
        self._kept: dict[tuple, Any] = {}

    @cached_property
    def images(self) -> NDArray[np.uint8]:
        """Validation images as bytes, (N, height, width)."""
        return readings.pixels(self.x)

    @cached_property
    def teacher_logits(self) -> NDArray[np.float32] | None:
        """On the validation set, (N, classes)."""
        return None if self.teacher is None else ask(self.teacher, self.x).logits.numpy()

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
        nets = {"teacher": self.teacher, "student": self.untrained}
        return {who: None if net is None else deploy.measure(net, self.x[:1]) for who, net in nets.items()}

    @cached_property
    def untrained_grams(self) -> dict[str, NDArray]:
        """Of the untrained student's layers on the probe images."""
        return readings.grams(self.untrained, self.x[self.probe])

    def grams(self, net: nn.Module) -> dict[str, NDArray]:
        """Of a network's layers on the probe images."""
        return self._once(net, ("grams",), lambda: readings.grams(net, self.x[self.probe]))

    def reference(self, net: nn.Module) -> list[list[float]]:
        """CKA grid of a network with the untrained student."""
        return self._once(net, ("reference",), lambda: readings.cka_grid(self.grams(net), self.untrained_grams))

    def relation(self, net: nn.Module, layer: str, kind: str) -> NDArray:
        """Relations of the shown samples at a layer of ``net``, (n, n)."""

        def read() -> NDArray:
            return readings.relation(tell(net, self.x[self.related], [layer]).features[layer], kind)

        return self._once(net, ("relation", layer, kind), read)

    def units(self, net: nn.Module, layer: str) -> NDArray:
        """Mean activation of each unit of a layer for each class, on the probe images: (classes, units)."""

        def read() -> NDArray:
            features = tell(net, self.x[self.probe], [layer]).features[layer]
            return readings.class_means(features, self.labels[self.probe], len(self.data.classes))

        return self._once(net, ("units", layer), read)

    def _once(self, net: nn.Module, key: tuple, read: Callable[[], Any]) -> Any:
        """What is read of the frozen teacher is kept; other networks learn."""
        if net is not self.teacher:
            return read()
        if key not in self._kept:
            self._kept[key] = read()
        return self._kept[key]

    def sample(self, index: int) -> Tensor:
        """One validation input with its batch dimension."""
        return self.x[index : index + 1]


def float_bytes(array: NDArray | None) -> bytes:
    """float32 as the browser reads it; empty for None."""
    return b"" if array is None else np.ascontiguousarray(array, np.float32).tobytes()


def label_bytes(labels: Tensor) -> bytes:
    """Labels as uint8."""
    return labels.to(torch.uint8).numpy().tobytes()
