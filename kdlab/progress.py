"""A progress bar where somebody is looking: a widget in a notebook, a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import threading
from typing import Any


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def bar(total: int, meaning: str, *, show: bool | None = None) -> Any:
    """A tqdm bar; with time left, since tqdm shows it.

    Args:
        total: updates until done.
        meaning: what is being counted.
        show: None: where somebody is looking, and only if it takes longer than a second; nowhere in a background
            thread, whose bar would appear under whichever cell ran last.
    """
    if in_notebook():
        from tqdm.notebook import tqdm  # never on a kernel's stderr, which would stay in the notebook
    else:
        from tqdm import tqdm
    seen = threading.current_thread() is threading.main_thread() and (in_notebook() or sys.stderr.isatty())
    hidden = not seen if show is None else not show
    return tqdm(total=total, desc=meaning, disable=hidden, leave=False, delay=1)
