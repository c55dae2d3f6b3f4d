"""Exercise of notebook 07: how often a student answers as its teacher does."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, close, exercise

Pair = tuple[Tensor, Tensor]


def _probabilities(s: Tensor, t: Tensor) -> Pair:
    return s.softmax(1), t.softmax(1)


# What goes wrong, as functions: whoever's answers equal one of them has made that mistake.
MISTAKES: list[tuple[Callable[[Tensor, Tensor], Tensor], str]] = [
    (
        lambda s, t: (s.argmax(0) == t.argmax(0)).float().mean(),
        "the top answer is looked for along the wrong dimension: for each class the sample with the largest logit, "
        "where each sample's largest class is wanted",
    ),
    (
        lambda s, t: (s.argmax() == t.argmax()).float(),
        "one single answer is taken for the whole batch: argmax without a dimension looks at all numbers at once",
    ),
    (
        lambda s, t: (s.argmax(1) == t.argmax(1)).float().sum(),
        "it counts the equal answers: a share, from 0 to 1, is wanted",
    ),
    (
        lambda s, t: 100 * (s.argmax(1) == t.argmax(1)).float().mean(),
        "100 times too large: a share from 0 to 1 is wanted, not percent",
    ),
    (
        lambda s, t: (s.argmax(1) != t.argmax(1)).float().mean(),
        "it is the share of answers in which the two differ",
    ),
    (
        lambda s, t: (s == t).float().mean(),
        "it asks whether the logits themselves are equal, which they hardly ever are: agreement is about the class "
        "with the largest one",
    ),
    (
        lambda s, t: torch.isclose(s, t, atol=1e-2, rtol=0).float().mean(),
        "it asks whether the logits themselves are nearly equal: agreement is about the class with the largest one",
    ),
    (
        lambda s, t: torch.minimum(*_probabilities(s, t)).sum(1).mean(),
        "this is how far the probabilities overlap, the soft agreement: it changes with T and is near 1 for two nets "
        "that are unsure alike; here only the top answers count",
    ),
    (
        lambda s, t: 1 - (s.softmax(1) - t.softmax(1)).abs().mean(),
        "this is how close the probabilities are; here only the top answers count",
    ),
    (
        lambda s, t: torch.cosine_similarity(s, t, dim=1).mean(),
        "this is how alike the logits point; here only the top answers count",
    ),
    (
        lambda s, t: (s.argmin(1) == t.argmin(1)).float().mean(),
        "it compares the least likely classes: argmin where argmax belongs",
    ),
]


@exercise(
    "agreement_of_two",
    "agreement(student_logits, teacher_logits)",
    right="right for batches of any size, for logits shifted and scaled, and where both are wrong together",
    hints=(
        "Two networks agree on a picture if they put the same class first, right or wrong. How do you find the class "
        "that comes first?",
        "`.argmax(dim=1)` gives each sample's top class, a tensor of shape (batch,). Do that for both and compare.",
        "`==` between two tensors gives True and False for each sample; `.float().mean()` makes a share of them.",
    ),
)
def agreement_of_two(yours: Asked, random: torch.Generator) -> None:
    """Compare with the share of equal top answers, and with what usually goes wrong."""
    pairs = []
    for batch, classes in ((40, 7), (23, 3)):
        teacher = 2 * torch.randn(batch, classes, generator=random)
        student = teacher + 2 * torch.randn(batch, classes, generator=random)
        student[0] = teacher[0]  # never none
        student[1] = -teacher[1]  # and never all
        pairs.append((student, teacher))
    got = [yours.tensor(*pair, shape=()) for pair in pairs]
    wanted = [_share(*pair) for pair in pairs]
    if all(close(g, w) for g, w in zip(got, wanted, strict=True)):
        student, teacher = pairs[0]
        moved = student * 3 + 5 * torch.randn(len(student), 1, generator=random)
        if not close(yours.tensor(moved, teacher, shape=()), wanted[0]):
            raise WrongAnswer(
                "right at first, but scaling or shifting a sample's logits changes it: no top answer does"
            )
        return
    for mistake, message in MISTAKES:
        if all(close(g, mistake(*pair)) for g, pair in zip(got, pairs, strict=True)):
            raise WrongAnswer(message)
    if close(got[0], got[1]):
        raise WrongAnswer("the same answer whatever the two networks say")
    if any(not 0 <= g.item() <= 1 for g in got):
        raise WrongAnswer("outside 0 to 1, which a share cannot be")
    same = yours.tensor(pairs[0][1], pairs[0][1], shape=())
    if not close(same, torch.ones(())):
        raise WrongAnswer(f"a network agrees with itself on every sample, but for two equal inputs it gives {same:.2f}")
    raise WrongAnswer(
        "between 0 and 1, and 1 for two equal inputs, but not the share of equal top answers: "
        "try three samples by hand, of which two agree"
    )


def _share(student: Tensor, teacher: Tensor) -> Tensor:
    return (student.argmax(1) == teacher.argmax(1)).float().mean().double()
