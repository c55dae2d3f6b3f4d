"""The table of a study: paired differences with their intervals, corrected for how many there are."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from kdlab import check, finished, methods, registry
from kdlab.comparison import Difference

LABELS, HARD = "labels only", "hard-targets"  # what every method is compared with
AGAINST = {"less_labels": LABELS, "less_hard": HARD}  # column -> arm
CELLS, TABLE, TEXT = "methods.jsonl", "methods.csv", "methods.md"
KEY = ("set_up", "arm", "seed")  # a training's place

Key = tuple[str, str, int]
Cell = dict[str, Any]  # one finished training: what was asked for, and what came of it
Row = dict[str, Any]


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number, so that one wrong "significant" among all is as rare as one p says.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none may end below one that was smaller, or
    above 1 (Holm 1979, Scandinavian Journal of Statistics 6).

    Args:
        p: in [0, 1], in any order.
    """
    check.between(0, 1, **{f"p[{i}]": float(value) for i, value in enumerate(p)})
    order = np.argsort(p, kind="stable")
    scaled = np.asarray(p, dtype=float)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(scaled).clip(max=1.0)
    return corrected.tolist()


def paired(mine: Sequence[float], others: Sequence[float]) -> tuple[Difference, float]:
    """Mean of mine less others, seed by seed, its 95 % interval, and p of the paired t-test (two-sided)."""
    gaps = np.subtract(mine, others)
    if np.ptp(gaps) < 1e-12:  # no spread to measure it by: nothing can be told from so few seeds
        return Difference(float(gaps.mean()), float("-inf"), float("inf")), 1.0
    test = stats.ttest_rel(mine, others)
    low, high = test.confidence_interval(0.95)
    return Difference(float(gaps.mean()), float(low), float(high)), float(test.pvalue)


@dataclass(frozen=True, eq=False)
class Study:
    """Finished trainings and the table that they make.

    Attributes:
        cells: one for each set-up, arm and seed.
        command: what made them.
    """

    cells: Sequence[Cell]
    command: str

    def rows(self) -> list[Row]:
        """One dict for each set-up and arm; accuracies and differences are shares in [0, 1], to six digits.

        ``less_labels`` and ``less_hard`` are differences to labels only and to the teacher's hard answers, with the
        ends of their 95 % interval, p, and p corrected over all p of the table; None where there is none.
        """
        by_arm: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.cells:
            by_arm.setdefault((cell["set_up"], cell["arm"]), []).append(cell)
        rows = [_row(place, arm, cells, by_arm) for (place, arm), cells in by_arm.items()]
        tests = [(row, f"{column}_p") for row in rows for column in AGAINST if row[f"{column}_p"] is not None]
        for (row, name), p in zip(tests, holm([row[name] for row, name in tests]), strict=True):
            row[name.removesuffix("p") + "holm"] = p
        return [{k: float(f"{v:.6g}") if isinstance(v, float) else v for k, v in row.items()} for row in rows]

    def csv(self) -> str:
        """The rows as CSV; an empty field is None."""
        rows, text = self.rows(), io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def markdown(self) -> str:
        """The rows as tables to read, one for each set-up, with the command, versions and dates."""
        cells, rows = self.cells, self.rows()
        number = sum(row[f"{column}_p"] is not None for row in rows for column in AGAINST)
        versions = (f"{k} {' and '.join(sorted({cell[k] for cell in cells}))}" for k in ("kdlab", "torch", "python"))
        dates = sorted({cell["date"] for cell in cells})
        when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        lines = [
            "# Every method beside its controls",
            "",
            f"Made by `{self.command}` with {', '.join(versions)}, {when}: {len(cells)} trainings, "
            f"{sum(cell['seconds'] for cell in cells) / 60:.0f} minutes of one core.",
            "",
            "Accuracy on the test set, ± its standard deviation over seeds. Differences are paired by seed, in points, "
            "with their 95 % interval; p is that of the paired t-test, corrected by Holm for the "
            f"{number} tests on this page, and a difference is **bold** where it is under .05. Agreement is with the "
            "teacher; s are the seconds that one training takes on one core, the median.",
        ]
        for place in dict.fromkeys(row["set_up"] for row in rows):
            here = [row for row in rows if row["set_up"] == place]
            lines += ["", f"## {place}", "", _counts(here[0]), "", *_table(here)]
        return "\n".join(lines) + "\n"

    def write(self, folder: str | Path) -> None:
        """Write ``methods.csv`` and ``methods.md``, each whole or not at all."""
        registry.write(Path(folder) / TABLE, self.csv().encode())
        registry.write(Path(folder) / TEXT, self.markdown().encode())

    __repr__ = markdown


def read(path: Path) -> dict[Key, Cell]:
    """Finished trainings by set-up, arm and seed; of two the later counts. A last line that was cut off is dropped.

    Raises:
        ValueError: another line is no finished training.
    """
    found = {}
    for number, cell in enumerate(finished.read(path), start=1):
        if not all(name in cell for name in KEY):
            raise ValueError(f"{path} line {number} must be a finished training of a study, got one with {list(cell)}")
        found[tuple(cell[name] for name in KEY)] = cell
    return found


def _row(place: str, arm: str, cells: Sequence[Cell], by_arm: Mapping[tuple[str, str], Sequence[Cell]]) -> Row:
    first, recipe = cells[0], cells[0]["recipe"]
    values = [cell["accuracy"] for cell in cells]
    method = recipe.get("method")
    row: Row = {"set_up": place, "arm": arm, "type": methods.kind(method).type if method else "control"}
    row |= {k: recipe.get(k) for k in ("student", "teacher", "data")}
    row |= {k: first[k] for k in ("parameters", "training_labels", "transfer_set", "validation_labels", "test_labels")}
    row |= {k: recipe[k] for k in ("epochs", "batch_size", "learning_rate", "temperature", "alpha", "label_smoothing")}
    row["knobs"] = " ".join(f"{k}={v:g}" for k, v in recipe.get("method_knobs", {}).items())
    row |= {"steps": first["steps"], "seeds": len(cells)}
    row |= {"accuracy": float(np.mean(values)), "sd": float(np.std(values, ddof=1))}
    for column, other in AGAINST.items():
        found: tuple[float | None, ...] = (None,) * 4
        if arm != other and (column == "less_labels" or row["type"] != "control"):
            theirs = {cell["seed"]: cell["accuracy"] for cell in by_arm[place, other]}
            difference, p = paired(values, [theirs[cell["seed"]] for cell in cells])
            found = (*difference, p)
        row |= dict(zip((column, f"{column}_low", f"{column}_high", f"{column}_p"), found, strict=True))
        row[f"{column}_holm"] = None
    row["agreement"] = float(np.mean([cell["agreement"] for cell in cells]))
    row["teacher_accuracy"] = first["teacher"]
    row["seconds"] = float(np.median([cell["seconds"] for cell in cells]))
    return row


def _counts(row: Row) -> str:
    return (
        f"{row['student']} ({row['parameters']:,} parameters) taught by {row['teacher']} "
        f"({row['teacher_accuracy']:.1%} on the same test images): "
        f"{row['training_labels']:,} training labels among {row['transfer_set']:,} images, "
        f"{row['validation_labels']:,} validation labels, {row['test_labels']:,} test labels; {row['seeds']} seeds, "
        f"{row['steps']} steps of {row['batch_size']} ({row['epochs']} epochs), Adam at {row['learning_rate']:g}, "
        f"T = {row['temperature']:g}."
    )


def _table(rows: Sequence[Row]) -> list[str]:
    head = "method", "type", "α", "accuracy %", "less labels only", "p", "less hard answers", "p", "agreement %", "s"
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "---:|" * (len(head) - 2)]
    for row in rows:
        cells = [row["arm"], row["type"], f"{row['alpha']:g}", f"{100 * row['accuracy']:.1f} ± {100 * row['sd']:.1f}"]
        cells += [text for column in AGAINST for text in _difference(row, column)]
        cells += [f"{100 * row['agreement']:.1f}", f"{row['seconds']:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _difference(row: Row, column: str) -> tuple[str, str]:
    if row[f"{column}_p"] is None:
        return "", ""
    mean, low, high = (f"{100 * row[column + end]:+.1f}" for end in ("", "_low", "_high"))
    p = row[f"{column}_holm"]
    strong = "**" if p < 0.05 else ""
    return f"{strong}{mean}{strong} [{low}, {high}]", "< .001" if p < 0.001 else f"{p:.3f}".replace("0.", ".", 1)
