"""The knobs of a workbench: what a new value of each does, and what it may be."""

from __future__ import annotations

from functools import partial

from kdlab import check, methods, schemes
from kdlab.shifts import MOST

# the knobs that a new value of does not end a run
KNOBS = (
    "temperature", "alpha", "type", "method", "scheme", "scheme_variant", "method_knobs", "mix", "learning_rate",
    "epochs", "taps", "label_smoothing", "decay", "fine_tune", "patience", "schedule",
)  # fmt: skip
# a new value of these begins a new run
ROOTS = (
    "data", "labelled", "pool", "task", "view", "teacher_view", "teacher", "more_teachers", "student", "batch_size",
    "seeds", "seed", "order_seed", "peer", "peers", "generations", "init", "late", "late_after", "shifts",
    "algorithm", "algorithm_knobs",
)  # fmt: skip
NAMES = ("data", "task", "view", "teacher_view", "student", "peer")  # "" is none; somebody's own have no name
SEEN = ("task", "view", "teacher_view")  # parts of what the data are
TABLES = ("method_knobs", "algorithm_knobs", "taps", "schedule")
# knobs of a recipe that the state has under the same name; the method and its mix are told apart, as are the teachers
OTHERS = ("method", "mix", "seeds", "teacher", "more_teachers", *NAMES, *TABLES)
PLAIN = tuple(name for name in (*KNOBS, *ROOTS) if name not in OTHERS)
SAID = {"temperature": "T", "alpha": "alpha", "learning_rate": "the learning rate"}

_share, _positive = partial(check.between, 0, 1), check.positive
_one, _two, _any = (partial(check.whole, least) for least in (1, 2, 0))
RULES = {
    "temperature": _positive, "view_temperature": _positive, "learning_rate": _positive, "alpha": _share,
    "label_smoothing": _share, "decay": _share, "late": _share, "epochs": _one, "batch_size": _one, "seeds": _one,
    "peers": _one, "patience": _one, "late_after": _one, "generations": _two, "fine_tune": _any,
    "shifts": partial(check.between, 0, MOST),
    "type": partial(check.choice, methods.TYPES), "scheme": partial(check.choice, schemes.names()),
}  # fmt: skip
