"""Knowledge that lies in a graph: of the samples of a batch, or of the data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdlab import schemes
from kdlab.algorithms.base import Algorithm, Setup, register
from kdlab.texts import NODE

METHOD = "instance-graph"


@register("graph-based")
@dataclass(frozen=True)
class GraphBased(Algorithm):
    """A graph network, which sees a sample's neighbours, teaches a plain one (Yang et al. 2021, arXiv:2103.02885).

    On data without edges it is the graph of a batch's samples that is passed on, by the method ``instance-graph`` (Liu
    et al. 2019, CVPR).
    """

    needs = f"the method {METHOD} or a graph network"

    def refuses(self, methods: Sequence[str], scheme: str, variant: str, alpha: float) -> str | None:
        """Where the student is alone, only the graph of a batch is left."""
        what = schemes.get(scheme, variant)
        if METHOD not in methods and not (what.needs_teacher or what.needs_peer):
            return (
                f"algorithm {self.name!r} needs the method {METHOD!r} in scheme {scheme!r} ({variant}), where no graph "
                f"network teaches, and the method is {' + '.join(map(repr, methods))}"
            )
        return super().refuses(methods, scheme, variant, alpha)

    def lacks(self, setup: Setup) -> str | None:
        """It needs the method, or data with edges and a teacher that sees nodes."""
        if METHOD in setup.method.name.split(" + "):
            return None
        if setup.data.edges is None:
            return (
                f"algorithm {self.name!r} needs data with a graph, such as wordnet-topics, or the method {METHOD!r} of "
                f"type relation; {setup.data.name!r} has no edges and the method is {setup.method.name!r}"
            )
        if setup.teacher_view != NODE and (setup.teacher is not None or setup.student is not None):
            return (
                f"algorithm {self.name!r} needs a teacher that sees the graph, teacher_view {NODE!r}, got "
                f"{setup.teacher_view!r}"
            )
        return None
