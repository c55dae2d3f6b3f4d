"""Run somebody's code for some seconds at most, in a notebook's kernel as in a script."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class OutOfTimeError(Exception):
    """The code was still running when its time was up.

    Attributes:
        stopped: it has ended since; else it runs on.
    """

    def __init__(self, stopped: bool):
        super().__init__(stopped)
        self.stopped = stopped


class Stop(BaseException):
    """Raised inside the code that is to end; no ``except Exception`` holds it up."""


def within(seconds: float, task: Callable[[], T]) -> T:
    """What ``task()`` returns, if it does so in time.

    It runs in a thread of its own, since a kernel's main thread must stay its own. An endless loop is ended; a single
    long call into C cannot be, nor a loop that catches everything: they are left behind in a thread that ends with the
    process.

    Raises:
        OutOfTimeError: it did not return in time.
        BaseException: whatever ``task`` raised, which should let :class:`Stop` pass.
    """
    outcome: dict[str, object] = {}

    def work() -> None:
        try:
            outcome["value"] = task()
        except BaseException as error:  # a learner's exit() must not end the thread unheard
            outcome["error"] = error

    thread = threading.Thread(target=work, daemon=True, name="kdlab exercise")
    thread.start()
    try:
        thread.join(seconds)
    finally:
        late = thread.is_alive()
        stopped = _end(thread)  # also when the wait itself was interrupted
    if late:
        raise OutOfTimeError(stopped)
    if "error" in outcome:
        raise outcome["error"]  # type: ignore[misc]
    return outcome["value"]  # type: ignore[return-value]


def _end(thread: threading.Thread, tries: int = 50) -> bool:
    """Raise :class:`Stop` in the thread until it ends; code with a bare ``except:`` in a loop swallows some.

    Returns:
        Whether it has ended.
    """
    for _ in range(tries):
        if not thread.is_alive():
            return True
        if not _imports(thread):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Stop))
        thread.join(0.02)
    return not thread.is_alive()


def _imports(thread: threading.Thread) -> bool:
    """Whether it imports something just now: a module that broke off half-way would stay broken."""
    frame = sys._current_frames().get(thread.ident or 0)
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None
