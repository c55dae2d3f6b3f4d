"""Which letter comes next, by a teacher and its students, and the words they make up: all computed in the browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray
from torch import nn

from kdlab.language import LENGTH, TOKENS, Speller, decode

from ...plots import png, teach
from ..view import View

__all__ = ["NextLetter"]


def rounded(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A matrix in 8 bits, and the number that each of its rows is to be multiplied by."""
    scale = np.maximum(np.abs(weight).max(1), 1e-12) / 127
    return np.rint(weight / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def hashed(words: Iterable[str]) -> NDArray[np.uint32]:
    """A number for each word (FNV-1a, 32 bits), by which the page knows a real word: two in 60,000 may share one."""
    found = []
    for word in words:
        h = 0x811C9DC5
        for letter in word.encode():
            h = ((h ^ letter) * 0x01000193) & 0xFFFFFFFF
        found.append(h)
    return np.array(sorted(found), np.uint32)


class NextLetter(View, source=("sliders.js", "next_letter.js")):
    """Next-letter bars of a teacher and one student, and words that all of them write; the networks run in the page.

    Their weights are rounded to 8 bits for the page, which hardly moves what they say.

    Args:
        teacher: a trained network.
        students: name -> a trained network, at least one.
        known: real words; others are greyed.
        prefix: how the word begins, small letters a to z.
        temperature: T of all distributions, and of the words' letters.
    """

    name = traitlets.Unicode("Next letter").tag(sync=True)
    nets = traitlets.List(traitlets.Dict(), help="name, context, embedding, widths; the teacher first").tag(sync=True)
    weights = traitlets.Bytes(b"", help="int8, matrix by matrix").tag(sync=True)
    numbers = traitlets.Bytes(b"", help="float32: scales of the rows, then biases, matrix by matrix").tag(sync=True)
    words = traitlets.Bytes(b"", help="uint32, a number for each real word").tag(sync=True)
    prefix = traitlets.Unicode("").tag(sync=True)
    shown = traitlets.Int(1, help="which of the nets stands beside the teacher").tag(sync=True)
    temperature = traitlets.Float(1.0).tag(sync=True)
    seed = traitlets.Int(0, help="of the words").tag(sync=True)

    def __init__(
        self,
        teacher: Speller,
        students: Mapping[str, Speller],
        known: Iterable[str],
        *,
        prefix: str = "",
        temperature: float = 1.0,
    ):
        named = {"teacher": teacher, **students}
        weights, numbers = [], []
        self.own: list[Speller] = []
        self.known = frozenset(known)
        for net in named.values():
            copy = Speller(**net.form)
            copy.load_state_dict(net.state_dict())
            layers = [layer for layer in copy.layers if isinstance(layer, nn.Linear)]
            for layer in [copy.embed, *layers]:
                small, scale = rounded(layer.weight.detach().numpy())
                layer.weight.data = torch.from_numpy(small * scale[:, None])
                weights.append(small.tobytes())
                numbers.append(scale.tobytes())
                if layer is not copy.embed:
                    numbers.append(layer.bias.detach().numpy().astype(np.float32).tobytes())
            self.own.append(copy.eval())
        super().__init__(
            nets=[{"name": name, **net.form} for name, net in named.items()],
            weights=b"".join(weights),
            numbers=b"".join(numbers),
            words=hashed(self.known).tobytes(),
            prefix=prefix,
            temperature=temperature,
        )

    @traitlets.validate("prefix")
    def _letters(self, proposal: dict) -> str:
        prefix = proposal["value"]
        if len(prefix) >= LENGTH or set(prefix) - set(TOKENS[1:]):
            raise traitlets.TraitError(f"prefix must be of at most {LENGTH - 1} letters a to z, got {prefix!r}")
        return prefix

    def said(self) -> NDArray[np.float64]:
        """Probability of each next token after the prefix at T, (nets, 27); the mark comes first."""
        with torch.no_grad():
            return np.stack([(z / self.temperature).softmax(-1).double().numpy() for z in self._after(self.prefix)])

    def _after(self, text: str) -> list[torch.Tensor]:
        window = [0] * LENGTH + [TOKENS.index(letter) for letter in text]
        return [net.after(torch.tensor(window[-net.context :])) for net in self.own]

    def spelled(self, count: int = 8) -> list[list[str]]:
        """Words of each network that begin with the prefix; the page draws others."""
        random = torch.Generator().manual_seed(self.seed)
        begun = [TOKENS.index(letter) for letter in self.prefix]
        made = []
        for net in self.own:
            tokens = torch.tensor([[0] * net.context + begun] * count)
            with torch.no_grad():
                while tokens.shape[1] - net.context < LENGTH - 1:
                    p = (net.after(tokens[:, -net.context :]) / self.temperature).softmax(-1)
                    tokens = torch.cat([tokens, torch.multinomial(p, 1, generator=random)], 1)
            made.append(decode(tokens[:, net.context :]))
        return made

    def picture(self) -> bytes:
        """The bars of teacher and student, and words of all."""
        p = self.said()
        real = [[word in self.known for word in words] for words in self.spelled()]
        named = [net["name"] for net in self.nets]
        return png(teach.next_letter(TOKENS, self.prefix, p[0], p[self.shown], named, self.shown, self.spelled(), real))

    def sentence(self) -> str:
        """What both find most likely, and how far apart they are."""
        t, s = self.said()[[0, self.shown]]
        forward, reverse = ((a * np.log(a / b)).sum() for a, b in ((t, s), (s, t)))
        begun = f"After “{self.prefix}”" if self.prefix else "At the beginning of a word"
        return (
            f"{begun} the teacher finds {_top(t)} most likely, the student “{self.nets[self.shown]['name']}” "
            f"{_top(s)}. KL(teacher ‖ student) is {forward:.2f} nats, KL(student ‖ teacher) {reverse:.2f}."
        )


def _top(p: NDArray[np.float64]) -> str:
    best = int(p.argmax())
    return f"{TOKENS[best] if best else 'the end of the word'} ({100 * p[best]:.0f} %)"
