"""What a sweep found, in words: a table for the terminal, and one with its map for a notebook."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

from kdlab import stacked
from kdlab.sweeps import drawing

if TYPE_CHECKING:
    from kdlab.sweeps.plan import Sweep
    from kdlab.sweeps.results import Results

SHOWN = 10  # recipes of the table


def text(results: Results) -> str:
    """The best recipes as a table of plain text, and what is to be known about it."""
    head, rows = table(results)
    width = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, width, strict=True)) for row in (head, *rows)]
    return "\n".join([*lines, *notes(results)])


def html(results: Results) -> str:
    """The same for a notebook, with the map; its alternative text says what the map shows."""
    from kdlab import plots

    head, rows = table(results)
    top = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    said = notes(results)
    picture = ""
    if results.plan.knobs:
        image = base64.b64encode(plots.png(results.plot())).decode()
        picture = f"<img alt='{escape(alternative(results), quote=True)}' src='data:image/png;base64,{image}'>"
    return (
        f"<table><caption>{escape(said[0])}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
        f"{''.join(f'<p>{escape(note)}</p>' for note in said[1:])}{picture}"
    )


def table(results: Results) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the best recipes."""
    head = [*results.plan.knobs, "seeds", "validation %", "test %", "s"]
    rows = []
    for row in results.rows()[:SHOWN]:
        knobs = [drawing.word(row[knob]) for knob in results.plan.knobs]
        seeds = f"{row['seeds']}" + (f", {row['failed']} failed" if row["failed"] else "")
        rows.append([*knobs, seeds, *(_percent(row, part) for part in ("validation", "test")), f"{row['seconds']:.2f}"])
    return head, rows


def notes(results: Results) -> list[str]:
    """Sentences beneath the table: how much is finished, how the best was chosen, what failed."""
    plan, rows = results.plan, results.rows()
    wanted = len(plan.points) * len(plan.seeds)
    said = [
        f"{len(results)} of {wanted} trials: {_count(len(plan.points), 'recipe')} × {_count(len(plan.seeds), 'seed')}, "
        "the best by mean validation accuracy first" + (f", {SHOWN} of them shown" if len(rows) > SHOWN else "")
    ]
    counts = next((r for r in results.trials.values() if "validation_labels" in r), None)
    if counts is not None:
        said.append(
            f"{counts['training_labels']} training labels among {counts['transfer_set']} inputs; chosen on "
            f"{counts['validation_labels']} validation labels, so the best one's validation accuracy flatters it; "
            f"{counts['test_labels']} test labels, which chose nothing"
        )
    known = [r for r in results.trials.values() if "stacked" in r]
    if known:
        said.append(stacked.said([r["alone"] if r["stacked"] == 1 else None for r in known]))
    bad = [r for r in results.trials.values() if r["reason"]]
    if bad:
        said.append(f"{_count(len(bad), 'trial')} diverged or failed, the first: {bad[0]['reason']}")
    return said


def best(results: Results) -> str:
    """The best recipe so far, in one sentence; empty where nothing is known."""
    rows = results.rows()
    if not rows or rows[0]["validation"] is None:
        return ""
    row, plan, wanted = rows[0], results.plan, len(results.plan.seeds)
    seeds = _count(wanted, "seed") if row["seeds"] == wanted else f"{row['seeds']} of {wanted} seeds"
    so_far = " so far" if len(results) < len(plan.points) * wanted else ""
    where, right = _where(row, plan) or "the one recipe", 100 * row["validation"]
    return f"The best{so_far}: {where}, right for {right:.1f} % of the validation set ({seeds})."


def alternative(results: Results) -> str:
    """What the map shows, for whoever cannot see it."""
    knobs = " and ".join(drawing.axes(results.plan))
    rows = [row for row in results.rows() if row["validation"] is not None]
    if not rows:
        return f"Validation accuracy over {knobs}: nothing is finished yet."
    best, worst = rows[0], min(rows, key=lambda row: row["validation"])
    return (
        f"Mean validation accuracy over {knobs}: from {worst['validation']:.1%} to {best['validation']:.1%}, "
        f"the best at {_where(best, results.plan)}."
    )


def _where(row: dict[str, Any], plan: Sweep) -> str:
    """The swept knobs of a recipe, as words."""
    return ", ".join(f"{knob} {drawing.word(row[knob])}" for knob in plan.knobs)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _percent(row: dict[str, Any], part: str) -> str:
    if row[part] is None:
        return "–"
    spread = "" if row[f"{part}_sd"] is None else f" ± {100 * row[f'{part}_sd']:.1f}"
    return f"{100 * row[part]:.1f}{spread}"
