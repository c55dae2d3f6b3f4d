"""A student that already learns with the numbers it will be deployed with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch.nn.functional as F
from torch import Tensor, nn

from kdlab import check
from kdlab.algorithms.base import Algorithm, Setup, register
from kdlab.methods import knob


def rounded(x: Tensor, bits: int, *, rows: bool = False) -> Tensor:
    """``x`` at the nearest of ``2^bits − 1`` evenly spaced values around 0; the gradient passes as if untouched.

    The largest magnitude is kept, so nothing is cut off: ``round(x / s) · s`` with ``s = max|x| / (2^(bits−1) − 1)``.
    The straight-through gradient (Bengio et al. 2013, arXiv:1308.3432) is that of the identity.

    Args:
        x: any finite tensor.
        bits: of a number, at least 2.
        rows: one scale for each entry along the first dimension, as for the rows of a weight; else one for all.
    """
    check.whole(2, bits=bits)
    largest = x.detach().abs().flatten(1).amax(1).reshape(-1, *[1] * (x.ndim - 1)) if rows else x.detach().abs().max()
    scale = (largest / (2 ** (bits - 1) - 1)).clamp_min(1e-12)
    return x + ((x / scale).round() * scale - x).detach()


class RoundedLinear(nn.Linear):
    """A linear layer whose inputs and weights are rounded; its parameters have the names of a plain one's."""

    bits: int

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) to (…, out)."""
        return F.linear(rounded(x, self.bits), rounded(self.weight, self.bits, rows=True), self.bias)


class RoundedConv2d(nn.Conv2d):
    """The same for a convolution."""

    bits: int

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        return self._conv_forward(rounded(x, self.bits), rounded(self.weight, self.bits, rows=True), self.bias)


ROUNDED = {nn.Linear: RoundedLinear, nn.Conv2d: RoundedConv2d}


@register("quantised")
@dataclass(frozen=True)
class Quantised(Algorithm):
    """The student computes with inputs and weights of few bits while it learns (Polino et al. 2018, arXiv:1802.05668).

    Its weights stay float32 underneath, where small steps add up; each layer rounds them, and what it is given, at
    every pass, as integer arithmetic would. With 8 bits little is lost; with 2 or 3 the teacher's help can be seen.
    Exits and the teacher compute as ever; peers of the student's own architecture round as it does.
    """

    bits: int = knob(8, 2, 8, "bits of a number in the student")

    def lacks(self, setup: Setup) -> str | None:
        """It needs layers that it knows how to round."""
        if setup.student is None or any(type(m) in (*ROUNDED, *ROUNDED.values()) for m in setup.student.modules()):
            return None
        return f"algorithm {self.name!r} needs a student with Linear or Conv2d layers, this one has none"

    def student(self, net: nn.Module) -> nn.Module:
        """The network with rounding layers in the place of plain ones; the parameters are the same objects."""
        for module in net.modules():
            kind = ROUNDED.get(type(module), type(module))
            if kind in ROUNDED.values():
                module.__class__, module.bits = kind, self.bits  # keeps parameters, hooks and places of the layer
        return net

    def __call__(self, setup: Setup) -> Setup:
        """The student rounds."""
        return setup if setup.student is None else replace(setup, student=self.student(setup.student))
