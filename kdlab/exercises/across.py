"""Exercises of notebook 14: the graph of a batch, and a step from one view to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

BATCH, STUDENT, TEACHER = 6, 5, 8
Edges = Callable[[Tensor], Tensor]


def squared(f: Tensor) -> Tensor:
    """Squared distances of all pairs, (batch, batch)."""
    return (f[:, None] - f[None]).square().sum(-1)


def _off(edges: Tensor) -> Tensor:
    """Without the diagonal."""
    n = len(edges)
    return edges[~torch.eye(n, dtype=torch.bool)]


def _cosine(f: Tensor) -> Tensor:
    g = f / f.norm(dim=1, keepdim=True)
    return g @ g.T


EDGES: list[tuple[Edges, str]] = [
    (lambda f: squared(f) / squared(f).max(), ""),
    (
        squared,
        "the distances are not divided by the largest of the batch, so that features twice as long are another graph",
    ),
    (
        lambda f: squared(f).clamp_min(1e-30).sqrt() / squared(f).max().sqrt(),
        "the distances are not squared; the largest should become 1 after squaring",
    ),
    (
        lambda f: squared(f) / _off(squared(f)).mean(),
        "the distances are divided by their mean, as RKD does; here the largest becomes 1",
    ),
    (
        lambda f: squared(f) / squared(f).amax(1, keepdim=True),
        "each row is divided by its own largest distance: an edge then differs from its way back; there is one largest "
        "for the batch",
    ),
    (_cosine, "these are cosines: an edge is how far two samples lie apart, not the angle between them"),
    (lambda f: f @ f.T, "these are dot products: an edge is how far two samples lie apart"),
]
MEANS: list[tuple[Callable[[Tensor], Tensor], str]] = [
    (lambda gap: gap.square().mean(), ""),
    (lambda gap: gap.square().sum(), "the squared differences are added up where they are to be averaged"),
    (lambda gap: gap.abs().mean(), "the differences are not squared before the mean"),
    (
        lambda gap: gap.square().sum() / len(gap),
        "the mean runs over the rows only: divide by batch × batch, the number of edges",
    ),
]


def graph_truth(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of the edges."""
    edges = EDGES[0][0]
    return (edges(student) - edges(teacher)).square().mean()


@exercise(
    "graph_loss",
    "graph_loss(student, teacher)",
    right="the edges are compared, in whatever place and direction the features lie; the teacher learns nothing",
    hints=(
        "First a function of one batch: the squared distance of every sample to every other, (batch, batch). "
        "Then: what should its largest entry be?",
        "Distances of all pairs: (f[:, None] - f[None, :]).square().sum(-1). Divide by the maximum. Do it for both "
        "sides; the two matrices have the same shape, however wide the features are.",
        "With edges(f) as above, the loss is (edges(student) - edges(teacher.detach())).square().mean().",
    ),
)
def graph_loss(yours: Asked, random: torch.Generator) -> None:
    """Values against the definition and its mistakes, then gradients."""
    draw = lambda width: torch.randn(BATCH, width, generator=random, dtype=torch.float64)  # noqa: E731
    cases = [(draw(STUDENT), 3 * draw(TEACHER)) for _ in range(2)]
    got = [yours.tensor(*case, shape=()).detach() for case in cases]
    pairs = [(e, m) for e in EDGES for m in MEANS]
    for (edges, far), (mean, how) in sorted(pairs, key=lambda p: bool(p[0][1]) + bool(p[1][1])):
        if all(close(g, mean(edges(s) - edges(t))) for g, (s, t) in zip(got, cases, strict=True)):
            if wrong := [text for text in (far, how) if text]:
                raise WrongAnswer("; and ".join(wrong))
            break
    else:
        if close(got[0], got[1], 1e-9):
            raise WrongAnswer("the same value whatever the features are")
        s = cases[0][0]
        if yours.tensor(s, 2 * s, shape=()).abs().item() > 1e-6:
            raise WrongAnswer("not 0 for features that are only twice as long: the graph is the same")
        raise WrongAnswer(
            "0 for equal graphs, as it must be, but another value than the mean squared difference of the edges: try "
            "three points on a line by hand"
        )
    student, teacher = (side.requires_grad_() for side in cases[0])
    value = yours.tensor(student, teacher, shape=())
    if not value.requires_grad:
        raise WrongAnswer("the value is right, but no gradient reaches the student: is there .item() or .detach()?")
    own, leak = torch.autograd.grad(value, (student, teacher), allow_unused=True)
    if leak is not None and leak.abs().max() > 0:
        raise WrongAnswer("a gradient flows into the teacher, which would then learn from its student: detach it")
    if own is None or not close(own, torch.autograd.grad(graph_truth(student, teacher.detach()), student)[0]):
        raise WrongAnswer("the value is right, but its gradient in the student's features is not: is a part detached?")


def _kl(target: Tensor, log_q: Tensor) -> Tensor:
    return (target * (target.log() - log_q)).sum(1)


def _term(s: Tensor, t: Tensor, temperature: float) -> Tensor:
    return temperature**2 * _kl((t / temperature).softmax(1), (s / temperature).log_softmax(1)).mean()


Step = Callable[[nn.Module, nn.Module, Tensor, Tensor, float], Tensor]
STEPS: list[tuple[Step, str]] = [
    (lambda s, t, sp, gl, T: _term(s(sp), t(gl), T), ""),
    (
        lambda s, t, sp, gl, T: _term(s(sp), t(sp), T),
        "the teacher sees the spelling, the student's view; it only understands glosses",
    ),
    (
        lambda s, t, sp, gl, T: _term(s(gl), t(gl), T),
        "the student sees the gloss: later it will have the spelling only, so it must learn from that",
    ),
    (
        lambda s, t, sp, gl, T: _term(s(gl), t(sp), T),
        "the views are swapped: the student sees the gloss and the teacher the spelling",
    ),
    (
        lambda s, t, sp, gl, T: _term(t(gl), s(sp), T),
        "the roles are swapped: KL(student ‖ teacher) where KL(teacher ‖ student) belongs",
    ),
    (
        lambda s, t, sp, gl, T: _term(s(sp), t(gl), T) / T**2,
        "4 times too small at T = 2, right at T = 1: the factor T² is missing",
    ),
    (lambda s, t, sp, gl, T: _term(s(sp), t(gl), 1.0), "the same at every T: the temperature is not used"),
    (
        lambda s, t, sp, gl, T: nn.functional.cross_entropy(s(sp), t(gl).argmax(1)),
        "the teacher's top answer is learned as if it were a label; its whole distribution is asked for",
    ),
    (
        lambda s, t, sp, gl, T: -T * T * ((t(gl) / T).softmax(1) * (s(sp) / T).log_softmax(1)).sum(1).mean(),
        "not 0 for equal answers: this is a cross-entropy, which lacks the teacher's own entropy",
    ),
    (
        lambda s, t, sp, gl, T: (s(sp) - t(gl)).square().mean(),
        "the logits are compared by their squared distance, not the softened distributions",
    ),
    (
        lambda s, t, sp, gl, T: _term(s(sp), t(gl), T) / t(gl).shape[1],
        "the mean runs over the classes too, and only the words are to be averaged",
    ),
    (
        lambda s, t, sp, gl, T: _term(s(sp), t(gl), T) * len(sp),
        "the words are added up where they are to be averaged",
    ),
]


@exercise(
    "cross_view_step",
    "cross_view_step(student, teacher, spelling, gloss, temperature)",
    right="each sees its own view, the loss is that of soft targets, and only the student learns",
    hints=(
        "Two calls first: which network gets which view? No labels are needed, and none are given.",
        "teacher(gloss) and student(spelling) are logits of the same words, row by row. Compare them as in notebook "
        "05: T² · KL(teacher ‖ student), averaged over the words. The teacher must not learn.",
        "with torch.no_grad(): target = teacher(gloss); then "
        "kdlab.losses.soft_targets(student(spelling), target, temperature=temperature).",
    ),
)
def cross_view_step(yours: Asked, random: torch.Generator) -> None:
    """Two small networks that take either view, so that a swapped one is noticed by its value."""
    words, seen, classes = 7, 4, 5
    student, teacher = (_net(seen, classes, random) for _ in range(2))
    views = [torch.randn(words, seen, generator=random, dtype=torch.float64) for _ in range(2)]
    got = [yours.tensor(student, teacher, *views, t, shape=()) for t in (2.0, 1.0)]
    for step, wrong in STEPS:
        wanted = [step(student, teacher, *views, t) for t in (2.0, 1.0)]
        if all(close(g.detach(), w.detach()) for g, w in zip(got, wanted, strict=True)):
            if wrong:
                raise WrongAnswer(wrong)
            break
    else:
        raise WrongAnswer(
            "another value than T² · KL(teacher ‖ student) of the teacher's answer to the gloss and the student's to "
            "the spelling: compare with kdlab.losses.soft_targets"
        )
    _learns(got[0], student, teacher, views)


def _net(seen: int, classes: int, random: torch.Generator) -> nn.Module:
    net = nn.Linear(seen, classes, dtype=torch.float64)
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=random, dtype=torch.float64)
    return net


def _learns(value: Tensor, student: nn.Module, teacher: nn.Module, views: list[Tensor]) -> None:
    """The gradient goes where it should."""
    if not value.requires_grad:
        raise WrongAnswer("the value is right, but no gradient reaches the student: is there .item() or no_grad()?")

    def of(value: Tensor, net: nn.Module) -> list[Any]:
        return list(torch.autograd.grad(value, list(net.parameters()), allow_unused=True, retain_graph=True))

    if any(g is not None and g.abs().max() > 0 for g in of(value, teacher)):
        raise WrongAnswer("a gradient flows into the teacher, which would then learn from its student: detach it")
    right = _term(student(views[0]), teacher(views[1]).detach(), 2.0)
    if not all(g is not None and close(g, w) for g, w in zip(of(value, student), of(right, student), strict=True)):
        raise WrongAnswer("the value is right, but the student's gradient is not: is a part of it detached?")
