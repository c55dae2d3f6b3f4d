"""Arrays in, figure out: the stored stills beside the live views, and the figures of the Python interface.

Drawn with matplotlib's objects, never through pyplot's global state; imported lazily by whoever draws.
"""

from .curves import curves, leading, reading
from .explore import explore
from .knobs import knob_line, knob_map
from .matrices import boundaries, features, relations, tile
from .soft import soft_targets
from .style import empty, figure, png

__all__ = [
    "boundaries",
    "curves",
    "empty",
    "explore",
    "features",
    "figure",
    "knob_line",
    "knob_map",
    "leading",
    "png",
    "reading",
    "relations",
    "soft_targets",
    "tile",
]
