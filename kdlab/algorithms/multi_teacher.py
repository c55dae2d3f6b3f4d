"""Several teachers who speak with one voice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kdlab import check
from kdlab.algorithms.base import Algorithm, Setup, option, register
from kdlab.players import ask
from kdlab.taps import observe

COMBINE = ("probabilities", "logits", "confidence", "votes")
LEAST = 1e-4  # probability of a class that nobody votes for, since its logarithm must be finite


def combine(logits: Tensor, weights: Tensor, how: str = "probabilities") -> Tensor:
    """One teacher's logits out of those of several.

    Args:
        logits: (teachers, batch, classes).
        weights: how much each counts, (teachers,), at least 0 and not all 0.
        how: ``"probabilities"``: log of the weighted mean of their softmax; ``"logits"``: the weighted mean of the
            logits, a geometric mean of probabilities; ``"confidence"``: as the first, each teacher's weight times
            ``1 - entropy / log(classes)`` on this input; ``"votes"``: log of the weighted share of top answers.

    Returns:
        (batch, classes).
    """
    check.shape(3, "(teachers, batch, classes)", logits=logits)
    check.choice(COMBINE, how=how)
    share = (weights / weights.sum())[:, None]
    if how == "logits":
        return (share[..., None] * logits).sum(0)
    logp = logits.log_softmax(-1)
    p = logp.exp()
    if how == "votes":
        p = F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits) + LEAST
    if how == "confidence":
        sure = 1 + (p * logp).sum(-1) / torch.tensor(logits.shape[-1]).log()
        share = share * sure.clamp_min(1e-6)
        share = share / share.sum(0)
    return (share[..., None] * p).sum(0).log()


class Council(nn.Module):
    """Several networks as one; their layers are ``"0.stage1"``, ``"1.stage1"`` …, their own names with their number.

    Args:
        teachers: networks that see the same inputs and answer the same classes.
        weights: how much each counts.
        how: see :func:`combine`.
    """

    def __init__(self, teachers: Sequence[nn.Module], weights: Tensor, how: str):
        super().__init__()
        for place, teacher in enumerate(teachers):
            self.add_module(str(place), teacher)
        self.how = how
        self.register_buffer("weights", weights)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of all together, (batch, classes)."""
        return combine(torch.stack([observe(one, x).logits for one in self._modules.values()]), self.weights, self.how)


@register("multi-teacher")
@dataclass(frozen=True)
class MultiTeacher(Algorithm):
    """Several trained teachers, whose answers are combined into one (You et al. 2017, KDD, average them).

    With ``weights`` left open all count alike. With ``weigh_by`` ``"labels"`` each counts times
    ``exp(-its cross-entropy)`` on the labelled samples: near to confidence-aware weights (Zhang et al. 2022,
    arXiv:2201.00007), but once for all inputs instead of for each, so that those without a label have them too. A
    teacher who is sure and wrong is then hardly heard.
    """

    needs_teacher, needs, several = True, "two trained teachers", True

    combine: str = option("probabilities", COMBINE, "what of the teachers' answers is averaged")
    weigh_by: str = option("given", ("given", "labels"), "given: by the weights; labels: by how well they know these")
    weights: tuple[float, ...] = field(default=(), metadata={"numbers": "how much each teacher counts; empty: alike"})

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.weights, str) or not isinstance(self.weights, Sequence):
            raise TypeError(f"weights must be a list of numbers, one for each teacher, got {self.weights!r}")
        object.__setattr__(self, "weights", tuple(self.weights))
        check.between(0, float("inf"), **{f"weights[{i}]": w for i, w in enumerate(self.weights)})
        if self.weights and not any(self.weights):
            raise ValueError("weights must have one above 0, got none")

    def lacks(self, setup: Setup) -> str | None:
        """It needs two teachers or more, who see and answer the same, and a weight for each of them."""
        if setup.teacher is None or isinstance(setup.teacher, Council):
            return None
        if isinstance(setup.teacher, nn.Module) or len(setup.teacher) < 2:
            return "algorithm 'multi-teacher' needs at least 2 teachers in a list, got one"
        if self.weights and len(self.weights) != len(setup.teacher):
            return (
                f"weights must hold one number for each of the {len(setup.teacher)} teachers, got {len(self.weights)}"
            )
        return None

    def __call__(self, setup: Setup) -> Setup:
        """The teachers become one."""
        if setup.teacher is None:
            return setup
        weights = torch.tensor(self.weights or [1.0] * len(setup.teacher))
        if self.weigh_by == "labels":
            weights = weights * reliability(setup.teacher, setup)
        return replace(setup, teacher=council(tuple(setup.teacher), tuple(weights.tolist()), self.combine))


@lru_cache(maxsize=8)
def council(teachers: tuple[nn.Module, ...], weights: tuple[float, ...], how: str) -> Council:
    """One object for the same teachers: what it was asked before serves again."""
    return Council(teachers, torch.tensor(weights), how).eval()


def reliability(teachers: Sequence[nn.Module], setup: Setup) -> Tensor:
    """``exp(-cross-entropy)`` of each teacher on the labelled samples, (teachers,): 1 for one who is sure and right."""
    train = setup.data.train
    x, known = train.seen(setup.teacher_view), train.labelled
    losses = [F.cross_entropy(ask(one, x).logits[known], train.y[known]) for one in teachers]
    return (-torch.stack(losses)).exp()
