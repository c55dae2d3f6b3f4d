"""Exercise of notebook 19: the divergence of two language models, where some places are only padding."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

WORDS, LENGTH, TOKENS = 4, 6, 5  # all different, so that no sum can run over the wrong ones unseen
REAL = (6, 2, 3, 1)  # tokens of each word that are no padding


def each(s: Tensor, t: Tensor) -> Tensor:
    """KL(teacher ‖ student) at each place, (words, length)."""
    log_t, log_s = t.log_softmax(-1), s.log_softmax(-1)
    return (log_t.exp() * (log_t - log_s)).sum(-1)


def over_real(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of what stands at real places."""
    return values[mask].mean()


def truth(s: Tensor, t: Tensor, mask: Tensor) -> Tensor:
    """Forward divergence, mean over all real tokens, in nats."""
    return over_real(each(s, t), mask)


# What goes wrong, as functions: whoever's answers equal one of them has made that mistake.
MISTAKES: list[tuple[Callable[[Tensor, Tensor, Tensor], Tensor], str]] = [
    (
        lambda s, t, m: each(s, t).mean(),
        "what the networks say at padded places counts too: the mask is not used",
    ),
    (
        lambda s, t, m: (each(s, t) * m).mean(),
        "padding adds nothing any more, but it is still counted below the line: the same words, padded to twice the "
        "length, would have half the loss",
    ),
    (
        lambda s, t, m: ((each(s, t) * m).sum(1) / m.sum(1)).mean(),
        "first a mean for each word, then a mean of those: a token in a short word counts more than one in a long "
        "word. Each real token is to count the same",
    ),
    (
        lambda s, t, m: (each(s, t) * m).sum() / len(s),
        "a sum for each word, and a mean over words: long words count more than their tokens, and the loss grows with "
        "the length of the words",
    ),
    (lambda s, t, m: (each(s, t) * m).sum(), "a sum over all tokens: with twice the batch it is twice as large"),
    (
        lambda s, t, m: each(s, t).sum() / len(s),
        "padded places count, and it is divided by the number of words only: that is what F.kl_div's 'batchmean' does "
        "with three dimensions",
    ),
    (lambda s, t, m: each(s, t).sum(), "a sum over all places, padded ones too"),
    (
        lambda s, t, m: each(s, t)[~m].mean(),
        "it is the padding that counts here, and the real tokens that do not: the mask is True where a token is real",
    ),
    (
        lambda s, t, m: over_real(each(t, s), m),
        "student and teacher have changed places: this is the reverse divergence, weighed by the student's "
        "probabilities",
    ),
    (lambda s, t, m: truth(s, t, m) / math.log(2), "right, but in bits: the logarithm is to be the natural one, nats"),
    (
        lambda s, t, m: truth(s, t, m) / TOKENS,
        "the vocabulary is averaged, where it is to be summed: with 27 tokens that is 27 times too small",
    ),
    (lambda s, t, m: -truth(s, t, m), "the sign is turned round: a divergence is never below 0"),
    (
        lambda s, t, m: over_real(-(t.softmax(-1) * s.log_softmax(-1)).sum(-1), m),
        "where both say the same it is not 0: this is the cross-entropy, which has the teacher's own entropy in it",
    ),
    (
        lambda s, t, m: over_real((t.softmax(-1) * (t.softmax(-1) - s.softmax(-1))).sum(-1), m),
        "the logarithm is missing: what is compared are logarithms of probabilities, not probabilities",
    ),
    (
        lambda s, t, m: over_real((t.softmax(-1) * (t - s)).sum(-1), m),
        "the difference is one of logits: they become logarithms of probabilities by log_softmax",
    ),
    (
        lambda s, t, m: over_real((t.softmax(1) * (t.log_softmax(1) - s.log_softmax(1))).sum(-1), m),
        "the softmax runs over the places of a word: it is the vocabulary, the last dimension, that must add up to 1",
    ),
    (
        lambda s, t, m: over_real((s - t).square().mean(-1), m),
        "this is the squared difference of the logits, no divergence of probabilities",
    ),
    (
        lambda s, t, m: over_real(-s.log_softmax(-1).gather(-1, t.argmax(-1, keepdim=True))[..., 0], m),
        "only the teacher's top letter counts: that is its hard answer, and the rest of what it says is thrown away",
    ),
]


@exercise(
    "token_kl",
    "token_kl(student_logits, teacher_logits, mask)",
    right="forward divergence in nats, each real token counts the same, and padding not at all",
    hints=(
        "Two steps. First a number for each place: KL(teacher ‖ student), a sum over the vocabulary. Then a mean of "
        "these numbers, but only of those at real places.",
        "The logits have the shape (words, length, vocabulary), the mask has (words, length). A tensor of shape "
        "(words, length) can be indexed with the mask, or multiplied by it; if you multiply, think about what to "
        "divide by.",
        "With log_t and log_s from .log_softmax(-1), kl = (log_t.exp() * (log_t - log_s)).sum(-1). The answer is "
        "kl[mask].mean().",
    ),
)
def token_kl(yours: Asked, random: torch.Generator) -> None:
    """Compare with the mean over real tokens, and with what usually goes wrong."""
    cases = [_case(random, shuffled) for shuffled in (False, True)]
    got = [_ask(yours, *case) for case in cases]
    for mistake, message in MISTAKES:
        if all(close(g, mistake(*case)) for g, case in zip(got, cases, strict=True)):
            raise WrongAnswer(message)
    for g, case in zip(got, cases, strict=True):
        if not close(g, truth(*case)):
            raise WrongAnswer(
                f"got {g.item():.4f}, where loops over the real tokens give {truth(*case).item():.4f}: try the two "
                "tokens and the padded one of “Look inside”"
            )
    s, t, mask = cases[0]
    nothing = t.clone().where(mask[..., None], t + s)
    if _ask(yours, nothing, t, mask).abs() > 1e-5:
        raise WrongAnswer("where student and teacher say the same at every real token, it is not 0")


def _case(random: torch.Generator, shuffled: bool) -> tuple[Tensor, Tensor, Tensor]:
    s, t = (1.5 * torch.randn(WORDS, LENGTH, TOKENS, generator=random) for _ in range(2))
    real = torch.tensor(REAL)[torch.randperm(WORDS, generator=random) if shuffled else slice(None)]
    return s, t, torch.arange(LENGTH) < real[:, None]


def _ask(yours: Asked, *case: Tensor) -> Tensor:
    """The answer, a scalar; a mean that was left out is said as what it is."""
    raw = yours(*case)
    if isinstance(raw, Tensor) and raw.ndim:
        if raw.shape == (WORDS, LENGTH):
            raise WrongAnswer("a number for each place comes back: the mean over the real ones is missing")
        if raw.shape == (WORDS,):
            raise WrongAnswer("a number for each word comes back: one mean over all real tokens is asked for")
        if raw.shape == (WORDS, LENGTH, TOKENS):
            raise WrongAnswer("a number for each token of the vocabulary comes back: the sum over it is missing")
    found = Asked(yours.call, lambda *_: raw).tensor(*case, shape=())
    if not found.isfinite():
        raise WrongAnswer(f"it comes out as {found.item()}: is there a logarithm of 0, or a division by 0?")
    return found
