"""A third network that tries to tell student and teacher apart."""

from __future__ import annotations

from dataclasses import dataclass

from kdlab.algorithms.base import Algorithm, register


@register("adversarial")
@dataclass(frozen=True)
class Adversarial(Algorithm):
    """A discriminator learns to tell student from teacher by their answers or features; the student learns to pass.

    As in generative adversarial networks (Goodfellow et al. 2014, arXiv:1406.2661), with the student for the generator.
    """

    methods = ("adversarial", "adversarial-features")
