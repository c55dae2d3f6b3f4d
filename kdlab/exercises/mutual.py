"""Exercises of notebook 10: one step of mutual learning, and what a peer that is not detached does to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise
from kdlab.exercises.letters import letters_are_right

Losses = tuple[Tensor, Tensor]
One = Callable[[Tensor, Tensor, Tensor], Tensor]  # (own logits, the peer's, labels) -> loss of one network


def _kl(target: Tensor, answer: Tensor) -> Tensor:
    """KL(target ‖ answer) of logits, for each image."""
    p, q = target.log_softmax(1), answer.log_softmax(1)
    return (p.exp() * (p - q)).sum(1)


def one(own: Tensor, peer: Tensor, labels: Tensor) -> Tensor:
    """The loss of one network: cross-entropy of its labels, and KL of its peer, who does not learn from it."""
    return F.cross_entropy(own, labels) + _kl(peer.detach(), own).mean()


# What goes wrong in both losses alike, by value.
MISTAKES: list[tuple[One, str]] = [
    (
        lambda a, b, y: F.cross_entropy(a, y) + _kl(a, b).mean(),
        "the KL divergence is the wrong way round: the peer is the target here, so it stands first, KL(peer ‖ own)",
    ),
    (
        lambda a, b, y: _kl(b, a).mean(),
        "the cross-entropy is missing: without labels two peers agree on anything, and nobody says what is right",
    ),
    (
        lambda a, b, y: F.cross_entropy(a, y),
        "each learns from its labels alone: the term that compares it with its peer is missing",
    ),
    (
        lambda a, b, y: F.cross_entropy(a, y) + _kl(b, a).mean() / a.shape[1],
        'the KL term is averaged over the classes too: F.kl_div wants reduction="batchmean"',
    ),
    (
        lambda a, b, y: F.cross_entropy(a, y) + _kl(b, a).sum(),
        "the KL term is added up over the images where it is to be averaged",
    ),
    (
        lambda a, b, y: F.cross_entropy(a, y, reduction="sum") + _kl(b, a).sum(),
        "both terms are added up over the images where they are to be averaged",
    ),
    (
        lambda a, b, y: (F.cross_entropy(a, y) + _kl(b, a).mean()) / 2,
        "half of the right value: here both terms have weight 1, not one half",
    ),
    (
        lambda a, b, y: F.cross_entropy(a, y) - (b.softmax(1) * a.log_softmax(1)).sum(1).mean(),
        "this is a cross-entropy with the peer's answers: its gradient is right, but the peer's own entropy is missing",
    ),
    (
        lambda a, b, y: F.cross_entropy(a, y) + (b.softmax(1) * (b.log_softmax(1) - a.softmax(1))).sum(1).mean(),
        "F.kl_div wants log-probabilities as its first argument, and gets probabilities",
    ),
    (
        lambda a, b, y: F.cross_entropy(a, b.argmax(1)) + _kl(b, a).mean(),
        "the cross-entropy is taken with the peer's top answers; the labels belong there",
    ),
    (
        lambda a, b, y: F.cross_entropy(a, y) + (a - b).square().mean(),
        "the logits are compared with each other; the KL divergence of the probabilities belongs there",
    ),
]


@exercise(
    "mutual_step",
    "mutual_step(logits_a, logits_b, labels)",
    right="two losses, each of its own network's; the peer is a target and no gradient reaches it",
    hints=(
        "Write one network's loss first: its labels, and its peer as a soft target. Then write the other's by "
        "changing places.",
        "loss_a = CE(labels, a) + KL(p_b ‖ p_a), where p_b only stands there as a target. All at T = 1, both terms "
        "averaged over the images.",
        'F.kl_div(F.log_softmax(logits_a, dim=1), F.softmax(logits_b.detach(), dim=1), reduction="batchmean") is the '
        "second term of loss_a; for loss_b the two change places.",
    ),
)
def mutual_step(yours: Asked, random: torch.Generator) -> None:
    """Values of both losses, then who gets a gradient from which."""
    a, b = (2 * torch.randn(6, 4, generator=random, dtype=torch.float64) for _ in range(2))
    labels = (a.argmax(1) + 1) % 4  # neither network's answer in most rows, so that labels and answers differ
    found = _two(yours(a, b, labels))
    wanted = one(a, b, labels), one(b, a, labels)
    if not all(close(f, w) for f, w in zip(found, wanted, strict=True)):
        raise WrongAnswer(_why(found, a, b, labels))
    a.requires_grad_()
    b.requires_grad_()
    for k, names in enumerate((("loss_a", "a", "b"), ("loss_b", "b", "a"))):
        own, peer = (a, b) if k == 0 else (b, a)
        loss = _two(yours(a, b, labels))[k]
        if not loss.requires_grad:
            raise WrongAnswer(
                "the values are right, but no gradient comes back: is there .item() or .detach() on them?"
            )
        mine, others = torch.autograd.grad(loss, (own, peer), allow_unused=True)
        right = torch.autograd.grad(one(own, peer, labels), own)[0]
        if mine is None or not close(mine, right):
            raise WrongAnswer(
                f"{names[0]} is right, but its gradient in network {names[1]} is not: is the learner detached, "
                "where its peer should be?"
            )
        if others is not None and others.abs().max() > 0:
            raise WrongAnswer(
                f"{names[0]} sends a gradient into network {names[2]}: the peer is a target here, so it must be "
                "detached; as it stands it is pulled towards the one that learns from it"
            )
    far = torch.tensor([[900.0, 0.0, -900.0, 0.0]], dtype=torch.float64)
    if not all(loss.isfinite() for loss in _two(yours(far, far.flip(1), torch.tensor([0])))):
        raise WrongAnswer("not finite for logits of 900: log(softmax(·)) underflows, log_softmax(·) does not")


def _two(answer: Any) -> Losses:
    """Two scalars, or what is wrong with the answer."""
    if isinstance(answer, Tensor) and answer.shape == (2,):
        answer = tuple(answer)
    if isinstance(answer, Tensor) and answer.numel() == 1:
        raise WrongAnswer("one number came back: each network minimises a loss of its own, so return loss_a, loss_b")
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        kind = type(answer).__name__
        got = f"{len(answer)} values" if isinstance(answer, (tuple, list)) else f"an answer of type {kind}"
        raise WrongAnswer(f"it must return two losses, return loss_a, loss_b; got {got}")
    try:
        losses = tuple(torch.as_tensor(loss).to(torch.float64) for loss in answer)
    except (TypeError, ValueError, RuntimeError):
        raise WrongAnswer("each of the two losses must be one number") from None
    if any(loss.numel() != 1 for loss in losses):
        shapes = " and ".join(str(tuple(loss.shape)) for loss in losses)
        raise WrongAnswer(f"each loss must be one number, the mean over the images; got shapes {shapes}")
    return losses[0].reshape(()), losses[1].reshape(())


def _why(found: Losses, a: Tensor, b: Tensor, y: Tensor) -> str:
    """What is wrong with the values."""

    def matches(first: Tensor, second: Tensor) -> bool:
        return close(found[0], first) and close(found[1], second)

    right = one(a, b, y), one(b, a, y)
    if matches(right[1], right[0]):
        return "the two losses have changed places: the first one returned is network a's"
    if matches(right[0] + right[1], right[0] + right[1]) or matches(sum(right) / 2, sum(right) / 2):
        return "both losses are the same sum: network a would then also answer for what b does wrong; one loss for each"
    for mistake, message in MISTAKES:
        if matches(mistake(a, b, y), mistake(b, a, y)):
            return message
    for factor in (4.0, 9.0, 16.0):
        if matches(*(F.cross_entropy(o, y) + factor * _kl(p, o).mean() for o, p in ((a, b), (b, a)))):
            return f"the KL term is multiplied by {factor:g}: a factor T² has no place at T = 1"
    for T in (2.0, 3.0, 4.0, 5.0, 10.0):
        for factor in (1.0, T**2):
            if matches(*(F.cross_entropy(o, y) + factor * _kl(p / T, o / T).mean() for o, p in ((a, b), (b, a)))):
                return f"the answers are softened at T = {T:g}; mutual learning compares them at T = 1"
    if close(found[0], found[1]):
        return "both losses are the same; each network has labels' cross-entropy and KL divergence of its own"
    for k, name in ((0, "loss_b"), (1, "loss_a")):
        if close(found[k], right[k]):
            return f"{('loss_a', 'loss_b')[k]} is right, {name} is not: change places of the two networks in it"
    return "neither loss is CE(labels, own) + KL(peer ‖ own): try two classes by hand, as above"


# Letter -> (the bug, the experiment that rules it out or brings it to light).
BUGS = {
    "a": ("the peer is not detached", "ask torch.autograd.grad for loss_a's gradient in logits_b"),
    "b": ("the KL divergence is the wrong way round", "compare the value with KL(p_b ‖ p_a) by hand, two classes"),
    "c": ("the cross-entropy is missing", "let both say the same, and see whether the loss is 0"),
    "d": ("the mean runs over the classes too", "double the number of classes and see whether the value halves"),
    "e": ("the learner is detached", "ask torch.autograd.grad for the KL term's gradient in the learner's own logits"),
}
ANSWERS = {"step_1": "a", "step_2": "e"}


@exercise(
    "spot_the_peer",
    right="both found: in step_1 the peer is not detached, in step_2 the learner is",
    hints=(
        "The values of both are right. So look at what the values do not show.",
        "torch.autograd.grad(loss_a, logits_a, retain_graph=True), and the same for logits_b: who is moved by loss_a?",
        "In one, loss_a moves b too. In the other, only the cross-entropy moves a: change b's logits and see whether "
        "a's gradient changes.",
    ),
)
def spot_the_peer(answer: Any, random: torch.Generator) -> None:
    """Letters for both steps; a wrong one is answered by the experiment that rules it out."""
    letters_are_right(answer, BUGS, ANSWERS)
