"""One thread where small networks are trained: quicker for them, and the same bits wherever it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL = 1_000_000  # parameters; more are worth the threads that torch takes by itself


@contextmanager
def one_thread(*nets: nn.Module) -> Iterator[None]:
    """Let torch use one thread inside, for whoever calls it; as many as before if one of the networks is not small.

    Args:
        nets: networks that are trained; none: always one thread.
    """
    before = torch.get_num_threads()
    if all(sum(p.numel() for p in net.parameters()) <= SMALL for net in nets):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
