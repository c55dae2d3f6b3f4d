"""A student and a discriminator on a line: who moves, who is fooled, and when nothing moves any more."""

from __future__ import annotations

import math

import numpy as np
import traitlets
from numpy.typing import NDArray

from kdlab import check

from ...plots import png, teach
from ..view import View

__all__ = ["WHO", "Duel"]

WHO = ("both", "student", "discriminator")
RATES = {"student": 0.2, "discriminator": 1.0}  # of a step
SPREAD = 0.5


class Duel(View, source="duel.js"):
    """The adversarial game with three numbers: the student's mean, the discriminator's slope and bias.

    The teacher says numbers about 2, the student numbers about its ``mean``. The discriminator sees one number x and
    is the surer that the teacher has said it, the larger ``slope · x + bias``. It minimises
    :func:`kdlab.losses.discrimination`, the student maximises it, each by plain gradient steps. The browser computes
    the same.

    Args:
        head_start: steps that the discriminator has taken alone before anything is shown.
        points: numbers of each side.
        seed: of the numbers.
    """

    name = traitlets.Unicode("Student against discriminator").tag(sync=True)
    teacher = traitlets.List(traitlets.Float(), help="what it says").tag(sync=True)
    noise = traitlets.List(traitlets.Float(), help="the student's numbers less its mean").tag(sync=True)
    mean = traitlets.Float(-2.0).tag(sync=True)
    slope = traitlets.Float(0.0).tag(sync=True)
    bias = traitlets.Float(0.0).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    start = traitlets.List(traitlets.Float(), help="mean, slope, bias that a reset goes back to").tag(sync=True)

    def __init__(self, *, head_start: int = 3, points: int = 60, seed: int = 0):
        random = np.random.RandomState(seed)
        said, noise = (SPREAD * random.standard_normal((2, points))).round(3)
        super().__init__(teacher=(2 + said).round(3).tolist(), noise=noise.tolist())
        if head_start:
            self.play("discriminator", head_start)
        self.step, self.start = 0, [self.mean, self.slope, self.bias]

    def play(self, who: str, steps: int = 1) -> None:
        """Let both learn, or one alone while the other stands still.

        Args:
            who: of :data:`WHO`.
            steps: how many, at least 1.
        """
        check.choice(WHO, who=who)
        check.whole(1, steps=steps)
        mean, slope, bias = self.mean, self.slope, self.bias
        for _ in range(steps):
            by_mean, by_slope, by_bias = self._gradients(mean, slope, bias)
            if who != "discriminator":
                mean += RATES["student"] * by_mean  # reversed: it goes up where the discriminator goes down
            if who != "student":
                slope -= RATES["discriminator"] * by_slope
                bias -= RATES["discriminator"] * by_bias
        with self.hold_sync():  # one message, however many steps
            self.mean, self.slope, self.bias, self.step = mean, slope, bias, self.step + steps

    def renew(self) -> None:
        """A discriminator that knows nothing."""
        with self.hold_sync():
            self.slope = self.bias = 0.0

    def gradients(self) -> tuple[float, float, float]:
        """Of the discriminator's loss, in the student's mean, the slope and the bias."""
        return self._gradients(self.mean, self.slope, self.bias)

    def _gradients(self, mean: float, slope: float, bias: float) -> tuple[float, float, float]:
        student, teacher = mean + np.array(self.noise), np.array(self.teacher)
        fooled, missed = _sigmoid(slope * student + bias), _sigmoid(-slope * teacher - bias)
        by_slope = 0.5 * ((fooled * student).mean() - (missed * teacher).mean())
        return 0.5 * float(fooled.mean()) * slope, float(by_slope), 0.5 * float(fooled.mean() - missed.mean())

    def loss(self) -> float:
        """The discriminator's, in nats: log 2 where it knows nothing."""
        student, teacher = (self._score(x) for x in (self.mean + np.array(self.noise), np.array(self.teacher)))
        return 0.5 * float(np.logaddexp(0, student).mean() + np.logaddexp(0, -teacher).mean())

    def accuracy(self) -> float:
        """Share of the numbers that the discriminator gives to the right one; one half for a score of 0."""
        student, teacher = (self._score(x) for x in (self.mean + np.array(self.noise), np.array(self.teacher)))
        return float(np.mean([(np.sign(-student) + 1).mean() / 2, (np.sign(teacher) + 1).mean() / 2]))

    def _score(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        return self.slope * x + self.bias

    def picture(self) -> bytes:
        """Both crowds on the line, and how sure the discriminator is at each place."""
        student = self.mean + np.array(self.noise)
        return png(teach.duel(np.array(self.teacher), student, self.slope, self.bias, self.gradients()[0]))

    def sentence(self) -> str:
        """How the game stands."""
        return (
            f"The teacher's numbers lie about {np.mean(self.teacher):.1f}, the student's about {self.mean:.1f}. The "
            f"discriminator is right on {100 * self.accuracy():.0f} % of them, its loss is {self.loss():.2f} nats "
            f"(log 2 = {math.log(2):.2f} if it knew nothing). The gradient that reaches the student is "
            f"{self.gradients()[0]:.3f}."
        )


def _sigmoid(x: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.exp(-np.logaddexp(0, -x))
