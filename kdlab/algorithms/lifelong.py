"""Old classes kept by the old self."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from kdlab.algorithms.base import Algorithm, Setup, register
from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.methods import Method, Term, knob


@dataclass(frozen=True)
class Among(Method):
    """A method that compares the answers among the first classes only: the old self knows nothing of the others.

    Attributes:
        inner: the method.
        classes: how many classes it hears of.
    """

    inner: Method = field(default_factory=Method)
    classes: int = 1

    def __post_init__(self) -> None:
        for name in ("name", "type", "symbol", "uses_temperature", "compares"):
            object.__setattr__(self, name, getattr(self.inner, name))

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module | None:
        """The method's own."""
        return self.inner.adapter(self._heard(student), self._heard(teacher), pairs)

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """The method's terms, of the first classes' logits."""
        old = seen.labels < self.classes
        labels, known = seen.labels.where(old, 0), seen.known & old
        heard = {"student": self._heard(seen.student), "teacher": self._heard(seen.teacher)}
        return self.inner.terms(replace(seen, **heard, labels=labels, known=known))

    def shows(self, seen: Exchange) -> list[tuple[Tensor, Tensor]]:
        """What the method shows."""
        return self.inner.shows(seen)

    def _heard(self, said: Knowledge) -> Knowledge:
        return said._replace(logits=said.logits[:, : self.classes])


@register("lifelong")
@dataclass(frozen=True)
class Lifelong(Algorithm):
    """Some classes come first, the others later, when the first are gone; the student's old self reminds it of them.

    Learning without forgetting (Li & Hoiem 2016, arXiv:1606.09282), with one classifier for all classes: in the second
    phase the student sees inputs and labels of the new classes alone, and how its old self, frozen, divides its answer
    for them among the old ones. With alpha 0 nobody reminds it. What is kept is how to tell the old classes from each
    other; against the new ones they lose, for no image of theirs is there to say how large their logits must be.
    """

    variants, needs = ("old-self",), "labels of old and of new classes"

    old: float = knob(0.5, 0.1, 0.9, "share of the classes that come first")

    def first(self, classes: int) -> int:
        """How many classes come first: at least one, and not all."""
        return min(max(round(self.old * classes), 1), classes - 1)

    def lacks(self, setup: Setup) -> str | None:
        """It needs two classes or more."""
        if len(setup.data.classes) < 2:
            return f"algorithm {self.name!r} needs at least 2 classes, got {len(setup.data.classes)}"
        return None

    def aim(self, method: Method, classes: int) -> Method:
        """The old self is asked about old classes only."""
        return Among(inner=method, classes=self.first(classes))

    def __call__(self, setup: Setup) -> Setup:
        """The first phase has the rows of the old classes, all later ones those of the new."""
        old = setup.data.train.y < self.first(len(setup.data.classes))
        return replace(setup, eras=(old.nonzero().squeeze(1), (~old).nonzero().squeeze(1)))
