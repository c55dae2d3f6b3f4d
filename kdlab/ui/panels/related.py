"""Relations of one teacher and several students at a layer, to choose from: notebook 09's view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as w
from torch import Tensor, nn

from kdlab.data import Dataset
from kdlab.players import ask, tell

from .. import readings
from ..view import with_still
from .relations import Relations
from .tabs import Tabs

__all__ = ["Related"]


class Related(w.VBox):
    """The panel of relations with a choice of students above it; angles and the difference are the browser's work.

    Args:
        students: name -> a student.
        data: whose validation inputs are compared, equally many of each class.
        teacher: a trained module.
        count: how many inputs.
        layer: of both networks.
        shown: which of the students is shown first.

    Attributes:
        relations: the panel.
        tabs: the choice.
    """

    def __init__(
        self,
        students: Mapping[str, nn.Module],
        data: Dataset,
        *,
        teacher: nn.Module,
        count: int = 60,
        layer: str = "embedding",
        shown: int = 0,
    ):
        rows = readings.balanced(data.validation.y, count)
        x, self._labels = data.validation.x[rows], data.validation.y[rows]
        self._features: dict[str, Tensor] = {n: tell(net, x, [layer]).features[layer] for n, net in students.items()}
        self._teacher = ask(teacher, x, [layer]).features[layer]
        self.tabs = Tabs(name="Students", names=list(students), selected=shown)
        self.relations = Relations(kind="distance", vertex=0)
        self._look(images=readings.pixels(x), classes=data.classes)
        self.relations.observe(lambda _: self._look(), "kind")
        self.tabs.observe(lambda _: self._look(), "selected")
        super().__init__([self.tabs, self.relations])
        self.add_class("kd-related")

    def _look(self, **more: Any) -> None:
        name, kind = self.tabs.names[self.tabs.selected], self.relations.kind
        teacher, student = (readings.relation(f, kind) for f in (self._teacher, self._features[name]))
        self.relations.note = f"Student: {name}"
        self.relations.show(teacher, student, self._labels, **more)

    def apart(self, name: str, kind: str = "distance") -> float:
        """Mean absolute difference between the teacher's relations and a student's, over pairs of two samples."""
        teacher, student = (readings.relation(f, kind) for f in (self._teacher, self._features[name]))
        return float(abs(teacher - student).sum() / (len(teacher) * (len(teacher) - 1)))

    def sentence(self) -> str:
        """Whose relations are shown, and how far apart they are."""
        return f"Student: {self.tabs.names[self.tabs.selected]}. {self.relations.sentence()}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return with_still(super()._repr_mimebundle_(**kwargs), self.relations.picture(), self.sentence())
