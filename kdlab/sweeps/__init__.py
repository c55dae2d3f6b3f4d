"""Sweeps: many recipes × seeds, wherever there is room for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from kdlab.arrangement import Teacher
from kdlab.data import Dataset
from kdlab.progress import bar
from kdlab.sweeps.plan import Sweep
from kdlab.sweeps.results import Results
from kdlab.sweeps.running import Running

__all__ = ["Results", "Running", "Sweep", "sweep"]


def sweep(
    plan: Sweep | Mapping[str, Any] | str | Path,
    data: Dataset | str | None = None,
    *,
    teacher: Teacher | str | Sequence[str] = None,
    student: str | Callable[[int], nn.Module] | None = None,
    executor: Any = None,
    workers: int = 0,
    out: str | Path | None = None,
    progress: bool | None = None,
) -> Results:
    """Train every recipe of a plan with every seed, to the end; :meth:`Sweep.run` does it step by step, and
    ``kdlab.SweepMap(plan.run(…))`` in the background of a notebook, where its map fills.

    Trials that differ in seed, temperature, alpha and the method's numbers alone, and see the same batches, take each
    step together (:mod:`kdlab.stacked`), which is quicker, and the same but for rounding. With one ``order_seed`` in
    the base all seeds see the same batches; what differs among them then lacks the noise of the order.

    Args:
        plan: a :class:`Sweep`, a table of its arguments, or the path of a TOML file that holds them.
        data: a Dataset or a name; None: the recipe's.
        teacher: a trained module or a name, or a list of them; None: the recipe's.
        student: a name, or a function from a seed to a module; None: the recipe's name.
        executor: where the trials run: any ``concurrent.futures`` executor or a Dask client, which is not closed; the
            address of a Dask scheduler, or ``"local"`` for a Dask cluster on this machine. None: see ``workers``.
        workers: worker processes, which are kept for the next sweep; 0: all in this process. Objects in place of
            names (data, teacher, student) stay in this process. A script must make its call under
            ``if __name__ == "__main__":``, since worker processes import it.
        out: folder of what is finished (``trials.jsonl``: one line each, written as it ends), and at the end of
            ``sweep.csv``, ``sweep.parquet`` (where pyarrow is installed), ``best.toml`` and ``map.png``. What is
            finished there already is not trained again, if recipe, data, teacher and torch are the same; what failed
            is. None: nothing is written.
        progress: a bar; None: where somebody is looking.

    Returns:
        What was found: tables, the best recipe by validation, a map.

    Raises:
        ValueError: the plan is not right, or a recipe cannot run; nothing has been trained then.
        ImportError: a Dask cluster is asked for, and Dask is not installed.
        ChildProcessError: the executor itself has failed; what was finished before is kept.
    """
    if isinstance(plan, (str, Path)):
        plan = Sweep.from_toml(Path(plan).read_text(encoding="utf-8"))
    elif not isinstance(plan, Sweep):
        plan = Sweep.from_dict(plan)
    running = plan.run(data, teacher=teacher, student=student, executor=executor, workers=workers, out=out)
    with bar(len(running.todo), "sweeping", show=progress) as shown:
        for result in running:
            if result["alone"]:
                shown.set_postfix_str(f"one by one: {result['alone']}")
            shown.update()
    return running.results
