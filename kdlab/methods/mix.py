"""Several methods at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from torch import Tensor, nn

from kdlab.knowledge import Exchange, Knowledge, Pairs
from kdlab.methods.base import Method, Term


@dataclass(frozen=True)
class Mix(Method):
    """The terms of several methods, each times a factor: soft targets, features and relations learned together.

    Attributes:
        parts: (method, factor) pairs.
    """

    parts: tuple[tuple[Method, float], ...] = ()

    def __post_init__(self) -> None:
        # a mix answers for its parts where a plain method's class does
        compares = {m.compares for m, _ in self.parts} - {""}
        own = {
            "name": " + ".join(m.name for m, _ in self.parts),
            "type": self.parts[0][0].type,
            "symbol": " + ".join(m.symbol for m, _ in self.parts),
            "uses_temperature": any(m.uses_temperature for m, _ in self.parts),
            "compares": "map" if "map" in compares else "any" if compares else "",
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    def adapter(self, student: Knowledge, teacher: Knowledge, pairs: Pairs) -> nn.Module | None:
        """The parts' adapters, by the place of the part."""
        made = {str(i): m.adapter(student, teacher, pairs) for i, (m, _) in enumerate(self.parts)}
        made = {place: adapter for place, adapter in made.items() if adapter is not None}
        return nn.ModuleDict(made) if made else None

    def terms(self, seen: Exchange) -> dict[str, Term]:
        """All parts' terms; each part sees its own adapter."""
        terms = {}
        for i, (method, factor) in enumerate(self.parts):
            for name, (weight, value) in method.terms(self._own(i, seen)).items():
                taken = name in terms  # two parts may call a term the same
                terms[f"{name} ({method.name})" if taken else name] = Term(factor * weight, value)
        return terms

    def shows(self, seen: Exchange) -> list[tuple[Tensor, Tensor]]:
        """What the first part shows that shows something."""
        shown = (method.shows(self._own(i, seen)) for i, (method, _) in enumerate(self.parts))
        return next(filter(None, shown), [])

    def _own(self, place: int, seen: Exchange) -> Exchange:
        """The exchange with this part's own adapter."""
        mine = seen.adapter[str(place)] if seen.adapter is not None and str(place) in seen.adapter else None
        return dataclasses.replace(seen, adapter=mine)
