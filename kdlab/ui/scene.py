"""What stands still while a student learns: data, teacher, an untrained student, and what was read of them once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kdlab import charts, deploy, metrics
from kdlab.charts import Beside, Trace
from kdlab.data import Dataset
from kdlab.events import Event, Step
from kdlab.knowledge import Pairs
from kdlab.ledger import ledger, pull
from kdlab.players import ask, tell
from kdlab.runs import Run
from kdlab.ui import readings
from kdlab.ui.lanes import Lanes


class Scene:
    """Data, teacher and an untrained student, with everything that is read of them once."""

    def __init__(self, data: Dataset, teacher: nn.Module | None, untrained: nn.Module):
        self.data, self.teacher, self.untrained = data, teacher, untrained
        self.x, self.labels = data.validation.x, data.validation.y
        self.probe = readings.balanced(self.labels, readings.PROBE)
        self.related = readings.balanced(self.labels, readings.RELATED)
        self._kept: dict[tuple, NDArray] = {}

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
    def teacher_grams(self) -> dict[str, NDArray]:
        """Of the teacher's layers on the probe images."""
        return readings.grams(self.teacher, self.x[self.probe])

    @cached_property
    def reference(self) -> list[list[float]]:
        """CKA grid of the teacher with the untrained student."""
        return readings.cka_grid(self.teacher_grams, readings.grams(self.untrained, self.x[self.probe]))

    def teacher_relation(self, layer: str, kind: str) -> NDArray:
        """Relations of the shown samples at the teacher's layer."""
        key = (layer, kind)
        if key not in self._kept:
            self._kept[key] = self.relation(self.teacher, layer, kind)
        return self._kept[key]

    def relation(self, net: nn.Module, layer: str, kind: str) -> NDArray:
        """Relations of the shown samples at a layer of ``net``."""
        return readings.relation(tell(net, self.x[self.related], [layer]).features[layer], kind)

    def sample(self, index: int) -> Tensor:
        """One validation input with its batch dimension."""
        return self.x[index : index + 1]


@dataclass
class Shown:
    """The run on show: one that is being trained, or one that was opened.

    Attributes:
        student: the network.
        traces: one for each seed.
        beside: baselines, as drawn.
        step: optimiser steps done.
        total: of the whole run.
        last: the last step, or None.
        pairs: layers that the method compares.
        regressor: of the first pair, where the method trains one.
        pull: who pulls the student, where it is known.
        method: the method's name.
    """

    student: nn.Module
    traces: list[Trace]
    beside: dict[str, Beside]
    step: int
    total: int
    last: Step | None
    pairs: Pairs = ()
    regressor: nn.Module | None = None
    pull: dict[str, float] | None = None
    method: str = ""

    @classmethod
    def untrained(cls, scene: Scene, total: int) -> Shown:
        """Nothing has been trained yet."""
        return cls(scene.untrained, [], {}, 0, total, None)

    @classmethod
    def of_lanes(cls, lanes: Lanes, *, with_pull: bool) -> Shown:
        """A run that is being trained; called in the thread that trains it."""
        training = lanes.main.training
        wire = next((w for w in training.wires if w.link.student == "student"), training.wires[0])
        return cls(
            student=training.students["student"],
            traces=[lane.trace for lane in lanes.seeds],
            beside=charts.beside({name: lane.trace for name, lane in lanes.baselines.items()}),
            step=training.step,
            total=training.total,
            last=last_step(lanes.main.events),
            pairs=wire.pairs,
            regressor=_regressor(wire.adapter),
            pull=pull(ledger(training)) if with_pull and not lanes.main.over else None,
            method=training.setup.method.name,
        )

    @classmethod
    def of_run(cls, run: Run) -> Shown:
        """A run that was opened."""
        step = last_step(run.events)
        traces, beside = run.traces()
        return cls(
            student=run.student,
            traces=traces,
            beside=beside,
            step=step.step if step else 0,
            total=step.step if step else 0,
            last=step,
            method=run.recipe.build_method().name,
        )


def last_step(events: list[Event]) -> Step | None:
    """The newest step among the events."""
    return next((e for e in reversed(events) if isinstance(e, Step)), None)


def _regressor(adapter: nn.Module | None) -> nn.Module | None:
    """The first regressor of a method's adapter, also within a mix."""
    lists = () if adapter is None else (m for m in adapter.modules() if isinstance(m, nn.ModuleList))
    return next((found[0] for found in lists if len(found)), None)


def float_bytes(array: NDArray | None) -> bytes:
    """float32 as the browser reads it; empty for None."""
    return b"" if array is None else np.ascontiguousarray(array, np.float32).tobytes()


def label_bytes(labels: Tensor) -> bytes:
    """Labels as uint8."""
    return labels.to(torch.uint8).numpy().tobytes()
