"""What a sweep found: rows, the best recipe by validation, a map, CSV and Parquet."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kdlab import registry
from kdlab.recipe import Recipe
from kdlab.sweeps import drawing, files, report
from kdlab.sweeps.plan import Sweep, Trial
from kdlab.sweeps.trial import FINISHED, Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = ("accuracy", "cross_entropy", "agreement", "kl")  # of both sets
Row = dict[str, Any]


class Results:
    """Finished trials of a sweep, as they come in.

    Everything is chosen and sorted by the validation set; what the test set says stands beside it, and decides nothing.

    Args:
        plan: the sweep.

    Attributes:
        trials: (place of the recipe, seed) -> what came of it.
    """

    def __init__(self, plan: Sweep):
        self.plan = plan
        self.trials: dict[tuple[int, int], Result] = {}

    def add(self, trial: Trial, result: Result) -> None:
        """One more is finished."""
        self.trials[trial.place, trial.seed] = result

    def __len__(self) -> int:
        return len(self.trials)

    def table(self) -> list[Row]:
        """One dict for each trial, in the order of the plan: the swept knobs, the seed, ``status`` and ``reason``,
        ``validation_…`` and ``test_…`` (accuracy and agreement as shares, the others in nats; None where there is
        none), ``steps`` and ``seconds``."""
        rows = []
        for place, point in enumerate(self.plan.points):
            for seed in self.plan.seeds:
                found = self.trials.get((place, seed))
                if found is None:
                    continue
                row = {knob: files.plain(value) for knob, value in point.items()}
                row |= {"seed": seed, "status": found["status"], "reason": found["reason"]}
                for part in ("validation", "test"):
                    row |= {f"{part}_{name}": found[part].get(name) for name in METRICS}
                rows.append(row | {"steps": found["steps"], "seconds": found["seconds"]})
        return rows

    def columns(self) -> list[str]:
        """The keys of a row of :meth:`table`."""
        measured = [f"{part}_{name}" for part in ("validation", "test") for name in METRICS]
        return [*self.plan.knobs, "seed", "status", "reason", *measured, "steps", "seconds"]

    def rows(self) -> list[Row]:
        """One dict for each recipe of which a seed is in, the best by validation first.

        The swept knobs; ``place`` of the recipe; ``seeds`` that are in and ``failed``, those of them that diverged or
        failed; the mean over the others of ``validation`` and ``test`` accuracy (shares) and of
        ``validation_cross_entropy`` (nats), with the standard deviations ``validation_sd`` and ``test_sd`` where there
        are two at least; ``seconds``, the median of one training. Recipes of which a seed failed, or is not in yet,
        come after the others.
        """
        rows = []
        for place, point in enumerate(self.plan.points):
            found = [self.trials[place, seed] for seed in self.plan.seeds if (place, seed) in self.trials]
            if not found:
                continue
            good = [result for result in found if result["status"] == FINISHED]
            row = {**point, "place": place, "seeds": len(found), "failed": len(found) - len(good)}
            for part in ("validation", "test"):
                values = [result[part]["accuracy"] for result in good]
                row[part] = float(np.mean(values)) if values else None
                row[f"{part}_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
            losses = [result["validation"]["cross_entropy"] for result in good]
            row["validation_cross_entropy"] = float(np.mean(losses)) if losses else None
            rows.append(row | {"seconds": float(np.median([result["seconds"] for result in found]))})
        return sorted(rows, key=self._rank)

    def _rank(self, row: Row) -> tuple[float, ...]:
        if row["validation"] is None:
            return 2, 0, 0
        return int(not self.whole(row)), -row["validation"], row["validation_cross_entropy"]

    def whole(self, row: Row) -> bool:
        """Whether all seeds of a row's recipe are in, and finished."""
        return row["seeds"] == len(self.plan.seeds) and not row["failed"]

    def best(self) -> Recipe:
        """The recipe of the highest mean validation accuracy; of equal ones the lower validation cross-entropy.

        Only recipes of which all seeds are in, and none diverged or failed, are looked at. Its seed is the first.

        Raises:
            ValueError: there is none yet.
        """
        rows = self.rows()
        if not rows or not self.whole(rows[0]):
            raise ValueError(
                f"results must hold a recipe that has finished with all its seeds, got none among {len(self)} trials"
            )
        return self.plan.recipes[rows[0]["place"]].replace(seed=self.plan.seeds[0])

    def csv(self) -> str:
        """:meth:`table` as CSV; an empty field is None."""
        return files.csv_text(self.columns(), self.table())

    def parquet(self) -> bytes:
        """:meth:`table` as a Parquet file.

        Raises:
            ImportError: pyarrow is not installed; the message says how to get it.
        """
        return files.parquet_bytes(self.columns(), self.table())

    def write(self, folder: str | Path) -> list[Path]:
        """Write ``sweep.csv``, ``sweep.parquet`` (with pyarrow), and if there is something to say ``best.toml`` and
        ``map.png``; each whole or not at all. Returns what was written."""
        contents = {"sweep.csv": self.csv().encode()}
        with suppress(ImportError):
            contents["sweep.parquet"] = self.parquet()
        with suppress(ValueError):
            contents["best.toml"] = self.best().to_toml().encode()
        if self.plan.knobs:
            from kdlab import plots

            contents["map.png"] = plots.png(self.plot())
        for name, content in contents.items():
            registry.write(Path(folder) / name, content)
        return [Path(folder) / name for name in contents]

    def plot(self, x: str | None = None, y: str | None = None) -> Figure:
        """Validation accuracy over two knobs as a map, or over one as a line with its spread.

        Args:
            x: a swept knob; None: temperature if it is swept, else the first.
            y: another; None: alpha if it is swept, else the next, if there is one.

        Raises:
            ValueError: a knob is not swept.
        """
        return drawing.draw(self, x, y)

    def __repr__(self) -> str:
        return report.text(self)

    def _repr_html_(self) -> str:
        return report.html(self)
