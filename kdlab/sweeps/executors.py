"""Where trials run: in this process, in kept worker processes, on a Dask cluster, or on anybody's executor."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from kdlab import check

LOCAL = "local"  # a Dask cluster on this machine
PIP = "pip install 'kdlab[cluster]'"


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_process(executor: Any) -> bool:
    """Whether what is handed to an executor stays in this process."""
    return executor is None or isinstance(executor, ThreadPoolExecutor)


class Workers(Executor):
    """Worker processes that are kept: they load torch, data and teacher once, and serve later sweeps too.

    When one of them dies, those of its pool are replaced at the next :meth:`submit`.

    Args:
        count: how many, at least 1.
    """

    _kept: Workers | None = None  # the last ones

    def __init__(self, count: int):
        check.whole(1, workers=count)
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    @classmethod
    def kept(cls, count: int) -> Workers:
        """The workers of the sweep before, if they are as many, else new ones."""
        if cls._kept is None or cls._kept.count != count:
            if cls._kept is not None:
                cls._kept.shutdown()
            cls._kept = cls(count)
        return cls._kept

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """As any executor's; a pool that broke is replaced."""
        if self._pool is None:
            self._pool = _pool(self.count)
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenProcessPool:
            self.shutdown()
            return self.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes; the next :meth:`submit` starts new ones."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=wait, cancel_futures=cancel_futures)


def _pool(count: int) -> ProcessPoolExecutor:
    """A pool that does not copy a process with threads, as fork does: it would hang in them."""
    way = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(way)
    if way == "forkserver":
        context.set_forkserver_preload(["kdlab.sweeps.trial"])  # torch is loaded once, for all workers to come
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin)


def _begin() -> None:
    """In a new worker: Ctrl-C ends it without a word, and it does not outlive the process that it works for."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


@contextmanager
def opened(executor: Any, workers: int) -> Iterator[tuple[Executor | None, int]]:
    """Something to submit to, or None: in this process, one after another; and how many it trains at once.

    Args:
        executor: an executor, a Dask client, the address of a Dask scheduler, ``"local"`` for a Dask cluster on this
            machine, or None. What was made here is closed at the end, but for kept workers; what was given is not.
        workers: processes, where there is no executor; 0: none. Of a local cluster: 0 for as many as cores.

    Raises:
        ImportError: Dask is asked for, and not installed; the message says how to get it.
        TypeError: the executor is none.
    """
    if executor is None:
        yield Workers.kept(workers) if workers else None, max(1, workers)
    elif isinstance(executor, str):
        with _dask(executor, workers) as client:
            yield client.get_executor(), _hands(client)
    elif hasattr(executor, "get_executor"):  # a Dask client
        yield executor.get_executor(), _hands(executor)
    elif hasattr(executor, "submit"):
        # in this process one trains at a time; who does not say how many it has is taken for this machine's cores
        yield executor, 1 if in_process(executor) else getattr(executor, "_max_workers", None) or cores()
    else:
        raise TypeError(
            f"executor must be a concurrent.futures executor, a Dask client or its address, got {executor!r}"
        )


def _hands(client: Any) -> int:
    """Threads of a Dask cluster's workers, of which there may be none yet."""
    return sum(client.nthreads().values()) or cores()


@contextmanager
def _dask(address: str, workers: int) -> Iterator[Any]:
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ImportError(f"a Dask cluster needs distributed, which is not installed: {PIP}") from error
    if address != LOCAL:
        with Client(address) as client:
            yield client
        return
    size = workers or cores()
    with (
        LocalCluster(n_workers=size, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client
