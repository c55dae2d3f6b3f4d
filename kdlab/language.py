"""Language models in miniature: networks that spell English words, one letter after the other.

A token is one of 27: the letters a to z are 1 to 26, and 0 is the *mark* ``·`` that stands before and after each word.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor, nn

from kdlab import check, registry
from kdlab.initial import seeded
from kdlab.losses.tokens import mean_of_real
from kdlab.texts import LONGEST

MARK = "·"
TOKENS = MARK + "abcdefghijklmnopqrstuvwxyz"
LENGTH = LONGEST + 1  # a word's letters and the mark behind it
TEACHER = "language/letters.safetensors"


class Batch(NamedTuple):
    """Words as tokens; all tensors are (words, LENGTH).

    Args:
        inputs: what is read: the mark, then the letters.
        targets: what is to be said next at each place: the letters, then the mark.
        mask: True up to the mark behind the word, False where there is only padding.
        teacher: what a teacher says at each place, logits (words, LENGTH, 27); None where there is no teacher.
    """

    inputs: Tensor
    targets: Tensor
    mask: Tensor
    teacher: Tensor | None = None

    def rows(self, chosen: Tensor) -> Batch:
        """Some of its words."""
        return Batch(*(None if part is None else part[chosen] for part in self))


def encode(words: Sequence[str]) -> Batch:
    """Words as padded tokens.

    Args:
        words: of at most 15 letters a to z, at least one word; an empty one is a network's that ends at once.

    Raises:
        ValueError: there is no word, or one has other letters or another length.
    """
    if not len(words):
        raise ValueError("words must hold one word at least, got none")
    for word in words:
        if not re.fullmatch(f"[a-z]{{0,{LONGEST}}}", word):
            raise ValueError(f"words must be of at most {LONGEST} letters a to z, got {word!r}")
    padded = "".join(word.ljust(LENGTH, "`") for word in words)  # ` stands before a
    targets = torch.from_numpy(np.frombuffer(padded.encode(), np.uint8).astype(np.int64) - ord("`"))
    targets = targets.view(len(words), LENGTH)
    inputs = F.pad(targets, (1, -1))  # one place to the right: the mark comes first
    mask = torch.arange(LENGTH) <= torch.tensor([len(word) for word in words])[:, None]
    return Batch(inputs, targets, mask)


def decode(tokens: Tensor) -> list[str]:
    """The words of target tokens, (words, LENGTH): each up to its first mark."""
    return ["".join(TOKENS[t] for t in row).partition(MARK)[0] for row in tokens.tolist()]


class Speller(nn.Module):
    """Says which letter comes next, from the last few: embeddings side by side, then a plain MLP.

    Args:
        context: how many tokens it sees; before the word it sees marks.
        embedding: numbers for each token.
        widths: of the hidden layers.
    """

    def __init__(self, context: int, embedding: int, widths: Sequence[int]):
        super().__init__()
        check.whole(1, context=context, embedding=embedding, **{f"widths[{i}]": w for i, w in enumerate(widths)})
        self.form = {"context": context, "embedding": embedding, "widths": list(widths)}
        self.context = context
        self.embed = nn.Embedding(len(TOKENS), embedding)
        sizes = [context * embedding, *widths]
        hidden = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*hidden, nn.Linear(sizes[-1], len(TOKENS)))

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits of the next token at each place, (words, length, 27), for tokens (words, length).

        Where a ``mask`` is given, padded places are not computed: there the logits are 0.
        """
        windows = F.pad(inputs, (self.context - 1, 0)).unfold(1, self.context, 1)  # padded with the mark
        if mask is None:
            return self.after(windows)
        logits = windows.new_zeros(*inputs.shape, len(TOKENS), dtype=self.embed.weight.dtype)
        logits[mask] = self.after(windows[mask])
        return logits

    def after(self, windows: Tensor) -> Tensor:
        """Logits of the next token, (…, 27), after the last tokens, (…, context)."""
        return self.layers(self.embed(windows).flatten(-2))


def student(seed: int = 0) -> Speller:
    """A new, untrained speller of some 13,000 parameters, which sees six tokens; the caller's random state stays."""
    return seeded(seed, lambda: Speller(6, 12, [128]))


def pretrained() -> Speller:
    """The trained teacher that ships, verified by its sha256, in eval mode: see the card ``data/language.md``.

    Raises:
        ValueError: the file's sha256 is not the registered one.
        FileNotFoundError: the file is missing.
    """
    net = Speller(**card()["form"])
    net.load_state_dict({name: half.float() for name, half in load(registry.read(TEACHER)).items()})
    return net.eval()


def card() -> dict:
    """What the teacher's file says of itself: form, training words, bits per character, the command."""
    content = registry.read(TEACHER)
    length = int.from_bytes(content[:8], "little")
    return json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["card"])


@torch.no_grad()
def answers(net: Speller, batch: Batch) -> Batch:
    """The same words with what this network says at each place, as ``teacher``."""
    parts = [net(x, m) for x, m in zip(batch.inputs.split(256), batch.mask.split(256), strict=True)]
    return batch._replace(teacher=torch.cat(parts))


def letter_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy with the letter that really comes next, mean over real places, in nats: a scalar."""
    nats = F.cross_entropy(logits.transpose(1, 2), batch.targets, reduction="none")
    return mean_of_real(nats, batch.mask)


@torch.no_grad()
def bits(net: Speller, batch: Batch) -> float:
    """Bits per character: how many yes-or-no questions each next letter (or the mark behind a word) still takes.

    It is the cross-entropy with the logarithm to base 2; who knows nothing pays log₂ 27 = 4.75.
    """
    return letter_loss(net(batch.inputs, batch.mask), batch).item() / math.log(2)


@torch.no_grad()
def write(net: Speller, count: int, *, seed: int | torch.Generator = 0, temperature: float = 1.0) -> list[str]:
    """Words that a network makes up, each letter drawn from what it says comes next.

    Args:
        net: answers with logits of the next token.
        count: how many words, at least 1.
        seed: of the draws, or a generator that goes on.
        temperature: T of the softmax that letters are drawn from, above 0.

    Returns:
        The words; one that has not ended after 15 letters is cut there. One may be empty or occur twice.
    """
    check.whole(1, count=count)
    check.positive(temperature=temperature)
    random = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
    tokens = torch.zeros(count, net.context, dtype=torch.long)
    for _ in range(LONGEST):
        logits = net.after(tokens[:, -net.context :])
        drawn = torch.multinomial((logits / temperature).softmax(-1), 1, generator=random)
        tokens = torch.cat([tokens, drawn], 1)
    return decode(tokens[:, net.context :])


def learn(
    net: Speller,
    batches: Batch | Callable[[Speller], Batch],
    loss: Callable[[Tensor, Batch], Tensor],
    *,
    steps: int,
    size: int = 64,
    learning_rate: float = 6e-3,
    seed: int = 0,
) -> Speller:
    """Train a network in place: Adam, with a learning rate that rises and falls (one cycle).

    Args:
        net: the learner.
        batches: words to draw batches from, each once before any comes again; or a function that makes a batch from
            the network as it is now, as on-policy distillation does.
        loss: ``loss(logits, batch) -> scalar``.
        steps: optimiser steps, at least 1.
        size: words of a batch, at least 1.
        learning_rate: its highest value, above 0.
        seed: of the order of the words.

    Returns:
        ``net``, in eval mode.
    """
    check.whole(1, steps=steps, size=size)
    check.positive(learning_rate=learning_rate)
    random = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(net.parameters(), learning_rate, fused=True)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, learning_rate, steps)
    order = torch.empty(0, dtype=torch.long)
    net.train()
    for _ in range(steps):
        if callable(batches):
            batch = batches(net)
        else:
            while len(order) < size:
                order = torch.cat([order, torch.randperm(len(batches.inputs), generator=random)])
            batch, order = batches.rows(order[:size]), order[size:]
        adam.zero_grad()
        loss(net(batch.inputs, batch.mask), batch).backward()
        adam.step()
        cycle.step()
    return net.eval()
