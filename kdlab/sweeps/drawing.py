"""A sweep's results as a figure or a table: which knobs are drawn, and what stands at each of their values."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING, Any, NamedTuple

from kdlab import check
from kdlab.sweeps.files import plain
from kdlab.sweeps.plan import Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kdlab.sweeps.results import Results, Row


class Table(NamedTuple):
    """A sweep's recipes by two of its knobs.

    Attributes:
        knobs: of the columns, and of the rows ("" where there is one row).
        columns: values of the first, as words.
        rows: values of the second.
        cells: row by row, the best recipe of each place as :meth:`Results.rows` has it; None: nothing is in there yet.
    """

    knobs: tuple[str, str]
    columns: list[str]
    rows: list[str]
    cells: list[Row | None]


def table(results: Results, x: str | None = None, y: str | None = None) -> Table:
    """The recipes that are planned, with what is known of them; those that make no grid stand in one column.

    Args:
        results: of a sweep over any knobs.
        x: see :meth:`Results.plot`.
        y: the same.

    Raises:
        ValueError: a knob is not swept.
    """
    plan = results.plan
    knobs = axes(plan, x, y) if plan.knobs else []
    places = list(dict.fromkeys(tuple(plain(point[knob]) for knob in knobs) for point in plan.points))
    found = _best(results, knobs)
    across, up = (list(dict.fromkeys(place[i : i + 1] for place in places)) for i in (0, 1))
    if len(across) * len(up) > len(places):  # draws
        rows = [", ".join(f"{k} {word(v)}" for k, v in zip(knobs, place, strict=True)) for place in places]
        return Table(("validation", "recipe"), [""], rows, [found.get(place) for place in places])
    names = ((*knobs, "", "")[0], (*knobs, "", "")[1])
    columns, rows = ([" ".join(map(word, value)) for value in side] for side in (across, up))
    return Table(names, columns, rows, [found.get(a + b) for b in up for a in across])


def axes(plan: Sweep, x: str | None = None, y: str | None = None) -> list[str]:
    """The knobs that are drawn: one or two.

    Raises:
        ValueError: a knob is not swept, or none is.
    """
    if not plan.knobs:
        raise ValueError("results must be of a sweep over one knob at least to be drawn, got none")
    for name, knob in (("x", x), ("y", y)):
        if knob is not None:
            check.choice(plan.knobs, **{name: knob})
    if x is None:
        x = next((knob for knob in ("temperature", *plan.knobs) if knob in plan.knobs and knob != y), y)
    if y is None:
        y = next((knob for knob in ("alpha", *plan.knobs) if knob in plan.knobs and knob != x), x)
    return [x] if x == y else [x, y]


def draw(results: Results, x: str | None, y: str | None) -> Figure:
    """A map over two knobs or a line over one: see :meth:`Results.plot`."""
    from kdlab import plots

    plan = results.plan
    knobs = axes(plan, x, y)
    others = [knob for knob in plan.knobs if knob not in knobs]
    note = f", the best over {' and '.join(others)}" if others else ""
    found = {place: row for place, row in _best(results, knobs).items() if row["validation"] is not None}
    places = _in_order(plan, knobs, found)
    if len(knobs) == 1:
        seeds = [_accuracies(results, found[place]["place"]) for place in places]
        return plots.knob_line([v for (v,) in places], seeds, name=knobs[0], title=f"Validation accuracy{note}")
    many = len(plan.seeds) > 1
    title = f"Mean validation accuracy of {len(plan.seeds)} seeds" if many else "Validation accuracy"
    across, up = ([place[i] for place in places] for i in (0, 1))
    values = [100 * found[place]["validation"] for place in places]
    return plots.knob_map(across, up, values, names=(knobs[0], knobs[1]), title=title + note)


def _best(results: Results, knobs: list[str]) -> dict[tuple[Any, ...], Row]:
    """Values of the knobs -> the best recipe with them."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in results.rows():  # the best comes first
        found.setdefault(tuple(plain(row[knob]) for knob in knobs), row)
    return found


def word(value: Any) -> str:
    """A knob's value for the eye."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _in_order(plan: Sweep, knobs: list[str], known: Container[Any]) -> list[tuple[Any, ...]]:
    """Those values of the knobs that are known, each once, as the plan has them."""
    return [v for v in dict.fromkeys(tuple(plain(p[knob]) for knob in knobs) for p in plan.points) if v in known]


def _accuracies(results: Results, place: int) -> list[float]:
    """In percent, for each seed that is in."""
    measured = [results.trials.get((place, seed), {}).get("validation") for seed in results.plan.seeds]
    return [100 * found["accuracy"] for found in measured if found]
