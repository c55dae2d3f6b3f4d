"""The distillation term, and all that goes wrong with it: a base, a factor and a reduction, each with its mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from kdlab.exercises.base import WrongAnswer, close

Term = Callable[[Tensor, Tensor, float], Tensor]


class Case(NamedTuple):
    """Fresh logits; each case has other numbers of images and classes, so that no two mistakes look alike."""

    student: Tensor
    teacher: Tensor
    temperature: float


def cases(random: torch.Generator) -> list[Case]:
    """Three batches: 6 images × 10 classes at T = 4, 4 × 5 at T = 1, 7 × 3 at T = 2.5."""
    sizes = (((6, 10), 4.0), ((4, 5), 1.0), ((7, 3), 2.5))
    draw = lambda size: 2 * torch.randn(*size, generator=random, dtype=torch.float64)  # noqa: E731
    return [Case(draw(size), draw(size), t) for size, t in sizes]


def _kl(target: Tensor, log_p: Tensor) -> Tensor:
    return (target * (target.clamp(min=1e-300).log() - log_p)).sum(1)


BASES: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {  # what is wrong -> value of each image, (batch,)
    "": lambda s, t, T: _kl((t / T).softmax(1), (s / T).log_softmax(1)),
    "the roles of student and teacher are swapped: KL(student ‖ teacher) where KL(teacher ‖ student) belongs": (
        lambda s, t, T: _kl((s / T).softmax(1), (t / T).log_softmax(1))
    ),
    "it is not 0, and even negative, for two equal answers: probabilities stand where F.kl_div wants the student's "
    "log-probabilities": lambda s, t, T: _kl((t / T).softmax(1), (s / T).softmax(1)),
    "it is not 0 for two equal answers: this is a cross-entropy with soft targets; its gradient is right, but the "
    "value lacks the teacher's own entropy": lambda s, t, T: -((t / T).softmax(1) * (s / T).log_softmax(1)).sum(1),
    "only the teacher is softened: the student's logits are to be divided by T too": (
        lambda s, t, T: _kl((t / T).softmax(1), s.log_softmax(1))
    ),
    "only the student is softened: the teacher's logits are to be divided by T too": (
        lambda s, t, T: _kl(t.softmax(1), (s / T).log_softmax(1))
    ),
    "T² stands before it, but neither side is softened: divide the logits by T": (
        lambda s, t, T: _kl(t.softmax(1), s.log_softmax(1))
    ),
    # in the next two T has no part at all: dividing by T² takes back the factor below
    "right at T = 1 only: T is not used": lambda s, t, T: _kl(t.softmax(1), s.log_softmax(1)) / T**2,
    "the logits are compared with each other, not the probabilities": lambda s, t, T: (s - t).square().sum(1) / T**2,
    "it compares probabilities by their squared distance, not by the KL divergence": (
        lambda s, t, T: ((t / T).softmax(1) - (s / T).softmax(1)).square().sum(1)
    ),
}
FACTORS: dict[str, Callable[[float], float]] = {
    "": lambda T: T**2,
    "16 times too small at T = 4, right at T = 1: the factor T² is missing": lambda T: 1.0,
    "4 times too small at T = 4, right at T = 1: the factor is T where T² belongs": lambda T: T,
    "256 times too small at T = 4, right at T = 1: it is divided by T² where it is to be multiplied": lambda T: T**-2,
}
REDUCTIONS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "": lambda v, classes: v.mean(),
    "10 times too small with 10 classes, 5 times with 5: the mean runs over the classes too, and only the images are "
    "to be averaged": lambda v, classes: v.mean() / classes,
    "6 times too large for 6 images, 4 times for 4: the images are added up where they are to be averaged": (
        lambda v, classes: v.sum()
    ),
}


def truth(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student), mean over the batch."""
    return temperature**2 * BASES[""](student, teacher, temperature).mean()


def values_are_right(term: Term, random: torch.Generator) -> None:
    """Raise WrongAnswer with what is wrong with a term's values.

    Args:
        term: ``term(student, teacher, temperature) -> scalar``.
        random: source of the inputs.
    """
    asked = cases(random)
    got = torch.stack([term(*case).detach() for case in asked])
    combinations = [(b, f, r) for b in BASES for f in FACTORS for r in REDUCTIONS]
    for parts in sorted(combinations, key=lambda p: sum(map(bool, p))):  # the simplest explanation first
        base, factor, reduction = BASES[parts[0]], FACTORS[parts[1]], REDUCTIONS[parts[2]]
        wanted = [factor(c.temperature) * reduction(base(*c), c.student.shape[1]) for c in asked]
        if all(close(g, w) for g, w in zip(got, wanted, strict=True)):
            wrong = [part for part in parts if part]
            if wrong:
                raise WrongAnswer("the distillation term: " + "; and ".join(wrong))
            return
    if close(got, got[:1].expand_as(got)):
        raise WrongAnswer("the distillation term is the same whatever student and teacher say")
    if not got.isfinite().all():
        raise WrongAnswer("the distillation term is not finite for ordinary logits")
    equal = asked[0]._replace(teacher=asked[0].student)
    if term(*equal).abs().item() > 1e-6:
        raise WrongAnswer("the distillation term is not 0 where student and teacher say the same")
    raise WrongAnswer(
        "the distillation term is 0 for equal answers, as it must be, but has another value than "
        "T² · KL(teacher ‖ student): try two classes by hand"
    )


def gradients_are_right(term: Term, random: torch.Generator, right: Term = truth) -> None:
    """Raise WrongAnswer where the gradient does not reach the student, or reaches the teacher.

    Args:
        term: ``term(student, teacher, temperature) -> scalar``, its values right.
        random: source of the inputs.
        right: what it must be equal to.
    """
    student, teacher, temperature = cases(random)[0]
    student.requires_grad_()
    teacher.requires_grad_()
    value = term(student, teacher, temperature)
    if not value.requires_grad:
        raise WrongAnswer("the value is right, but no gradient reaches the student: is there .item() or .detach()?")
    found = torch.autograd.grad(value, (student, teacher), allow_unused=True)
    if found[1] is not None and found[1].abs().max() > 0:
        raise WrongAnswer("a gradient flows into the teacher, which would then learn from its student: detach it")
    wanted = torch.autograd.grad(right(student, teacher.detach(), temperature), student)[0]
    if found[0] is None or not close(found[0], wanted):
        raise WrongAnswer("the value is right, but its gradient in the student's logits is not: is a part detached?")
    far = torch.tensor([[1000.0, 0.0, -1000.0]], dtype=torch.float64)
    if not term(far, far.flip(1), 1.0).isfinite():
        raise WrongAnswer("not finite for logits of 1,000: log(softmax(·)) underflows, log_softmax(·) does not")
