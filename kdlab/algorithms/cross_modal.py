"""Teacher and student see different views of the same thing."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.algorithms.base import Algorithm, Setup, register


@register("cross-modal")
@dataclass(frozen=True)
class CrossModal(Algorithm):
    """The teacher sees one view of a sample, the student another (Gupta et al. 2016, arXiv:1507.00448).

    Which views is said by the recipe's ``view`` and ``teacher_view``; online, the peers see the teacher's. That the two
    belong together is all that is needed: a pool of pairs without labels teaches.
    """

    one_network, needs = False, "data in two views"

    def lacks(self, setup: Setup) -> str | None:
        """It needs two views that differ."""
        views = setup.data.views
        if len(views) < 2:
            return f"algorithm 'cross-modal' needs data with at least 2 views, {setup.data.name!r} has one"
        mine = setup.data.view
        if setup.teacher_view in (None, mine):
            return (
                f"algorithm 'cross-modal' needs a teacher_view other than the student's {mine!r}, "
                f"got {setup.teacher_view!r}; allowed: {', '.join(map(repr, views))}"
            )
        return None
