"""A sweep that goes on as one iterates: what is still to do is handed out, and each finished trial written at once."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from torch import nn

from kdlab import algorithms, check, finished, methods, stacked
from kdlab.recipe import Recipe
from kdlab.sweeps import alike, trial
from kdlab.sweeps.executors import in_process, opened
from kdlab.sweeps.plan import Sweep, Trial
from kdlab.sweeps.results import Results
from kdlab.sweeps.trial import DIVERGED, FINISHED, Own, Result

LOG = "trials.jsonl"
PATIENCE = 60  # seconds in which an executor that lost a trial must answer to a trifle
Handed = tuple[list[Trial], list[Result] | str]  # what was handed over, and what came of it: see trial.run


class Running:
    """A sweep as an iterator of finished trials; to stop is not to ask for more, and it goes on where it was.

    Args:
        plan: the sweep.
        own: objects in place of names.
        executor: see :func:`kdlab.sweep`.
        workers: see :func:`kdlab.sweep`.
        out: folder of the log; None: nothing is written.

    Attributes:
        results: what is finished so far, as tables, maps and the best recipe.

    Raises:
        ValueError: a recipe cannot run, or objects of this process are to be sent to others; nothing is trained then.
    """

    def __init__(self, plan: Sweep, own: Own, *, executor: Any = None, workers: int = 0, out: str | Path | None = None):
        check.whole(0, workers=workers)
        self.own, self.executor, self.workers = own, executor, workers
        self.log = None if out is None else Path(out) / LOG
        self.here = in_process(executor) and not (executor is None and workers)
        self._refuse(plan)
        if (
            self.log is not None
            and not self.log.exists()
            and self.log.parent.exists()
            and any(self.log.parent.iterdir())
        ):
            raise ValueError(
                f"out must be a new folder or that of a sweep, got {str(out)!r}, which holds something else"
            )
        self.trials = plan.trials()
        self.results = Results(plan)
        self._rooms = alike.check_each(self.trials, own)
        objects = {} if self.log is None else own.prints(plan.seeds)
        self._identities = {t[:2]: finished.identity(t.recipe) | objects.get(t.seed, {}) for t in self.trials}
        self._read()

    def _read(self) -> None:
        """Take over what the log holds of these trials."""
        if self.log is None:
            return
        known = {finished.key(entry): entry for entry in finished.read(self.log)}
        for t in self.trials:
            entry = known.get(finished.key(self._identities[t[:2]]), {})
            if entry.get("status") in (FINISHED, DIVERGED):  # what failed is tried again
                self.results.add(t, entry)

    def _refuse(self, plan: Sweep) -> None:
        """What cannot be had, whatever is trained."""
        given = self.own.given()
        if isinstance(self.own.student, nn.Module):
            raise TypeError(
                "student must be a name or a function from a seed to a module, got one module for all seeds"
            )
        if both := [name for name in given if name in plan.knobs]:
            raise ValueError(f"{both[0]} must not be among the knobs where it is given as an object, got {plan.knobs}")
        if given and not self.here:
            raise ValueError(
                f"{given[0]} must be a name for other processes, which know no object of this one, "
                f"got {_article(getattr(self.own, given[0]))}; let workers be 0 and executor None, to train here"
            )
        if not self.here and (local := [m for m in _modules(plan.recipes) if m == "__main__"]):
            raise ValueError(
                f"what is registered must be in a file that worker processes can import, got some of {local[0]!r}; "
                "let workers be 0 and executor None, to train here"
            )

    @property
    def todo(self) -> list[Trial]:
        """What is still to be trained."""
        return [t for t in self.trials if t[:2] not in self.results.trials]

    def __iter__(self) -> Iterator[Result]:
        """Train what is still to do; yields each result once it is written, and at the end writes the tables."""
        with finished.sole(self.log):
            self._read()  # others may have written since
            if self.todo:
                yield from self._go()
            if self.log is not None:
                entries = [*finished.read(self.log), *self.results.trials.values()]  # what failed before is there twice
                finished.rewrite(self.log, {finished.key(entry): entry for entry in entries}.values())
            self.write()

    def write(self) -> None:
        """Write the tables of what is finished so far beside the log, if there is one; while iterating, nobody else
        writes there."""
        if self.log is not None:
            self.results.write(self.log.parent)

    def _go(self) -> Iterator[Result]:
        todo = self.todo
        why = dict(zip([t[:2] for t in todo], stacked.alone([t.recipe for t in todo]), strict=True))
        with opened(self.executor, self.workers) as (executor, hands):
            batches = alike.batches(todo, self._rooms, hands)
            for batch, results in self._one_by_one(batches) if executor is None else self._spread(executor, batches):
                if isinstance(results, str):  # they cannot be stacked, and come one by one
                    why |= {t[:2]: results for t in batch}
                    continue
                for t, result in zip(batch, results, strict=True):
                    if result["stacked"] == 1 and not result["alone"]:
                        result = result | {"alone": why[t[:2]]}
                    entry = self._identities[t[:2]] | result
                    if self.log is not None:
                        finished.append(self.log, entry)
                    self.results.add(t, entry)
                    yield entry

    def _one_by_one(self, batches: Sequence[list[Trial]]) -> Iterator[Handed]:
        for batch in batches:
            results = self._train(batch)
            yield batch, results
            if isinstance(results, str):
                for t in batch:
                    yield [t], self._train([t])

    def _train(self, batch: list[Trial]) -> list[Result] | str:
        return trial.run([t.recipe.to_dict() for t in batch], (), self.own)

    def _spread(self, executor: Executor, waiting: list[list[Trial]]) -> Iterator[Handed]:
        """All at once to the executor. What it lost (a worker died) is tried again, the first of them by itself: if
        that is lost too, it is to blame, and recorded as failed."""
        alone = False
        while waiting:
            now, waiting = (waiting[:1], waiting[1:]) if alone else (waiting, [])
            lost, count = yield from self._round(executor, now)
            again = [batch for batch, _ in lost]
            if alone and again and count == 1:
                [(batch, error)] = lost
                again = [[t] for t in batch] if len(batch) > 1 else []
                if not again:
                    yield batch, [self._blame(executor, error)]
            waiting, alone = again + waiting, bool(again)

    def _round(
        self, executor: Executor, batches: list[list[Trial]]
    ) -> Generator[Handed, None, tuple[list[tuple[list[Trial], Exception]], int]]:
        """Hand batches over, and again one by one the trials of those that cannot be stacked; returns what was lost,
        and how many batches were handed over."""
        modules = [name for name in _modules([t.recipe for t in self.trials]) if not name.startswith("kdlab.")]
        own = self.own if self.here else None
        handed: dict[Future, list[Trial]] = {}
        lost: dict[Future, Exception] = {}
        done: SimpleQueue[Future] = SimpleQueue()

        def hand(batch: list[Trial]) -> None:
            future = executor.submit(trial.run, [t.recipe.to_dict() for t in batch], modules, own)
            handed[future] = batch
            future.add_done_callback(done.put)

        try:
            for batch in batches:
                hand(batch)
            heard = 0
            while heard < len(handed):
                future, heard = done.get(), heard + 1
                try:
                    results = future.result()
                except Exception as error:
                    lost[future] = error
                    continue
                yield handed[future], results
                if isinstance(results, str):
                    for t in handed[future]:
                        hand([t])
        finally:
            for future in handed:
                future.cancel()
        return [(batch, lost[future]) for future, batch in handed.items() if future in lost], len(handed)

    def _blame(self, executor: Executor, error: Exception) -> Result:
        """The result of a trial that was lost twice; if the executor itself is gone, that is what is said."""
        try:
            executor.submit(int).result(timeout=PATIENCE)
        except Exception as broken:
            hint = ""
            if isinstance(broken, BrokenProcessPool):
                hint = "; a script must call kdlab.sweep() under `if __name__ == '__main__':`"
            raise ChildProcessError(
                f"executor must run what it is given, got {_said(broken)}{hint}; "
                f"{len(self.todo)} of {len(self.trials)} trials are still to be trained"
            ) from error
        return trial.failure(f"its worker ended, twice: {_said(error)}")


def _modules(recipes: Sequence[Recipe]) -> list[str]:
    """Where the methods and algorithms of the recipes are registered."""
    named = [r.resolved().method for r in recipes]
    names = {name for method in named for name in ([method] if isinstance(method, str) else method)}
    kinds = [*map(methods.kind, names), *(algorithms.kind(r.algorithm) for r in recipes)]
    return sorted({kind.__module__ for kind in kinds})


def _article(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
