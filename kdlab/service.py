"""A teacher that cannot be opened: it sells answers, one query at a time, under a budget and under terms of use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import torch
from torch import Tensor, nn

from kdlab import check
from kdlab.players import tell

__all__ = ["FORMS", "PURPOSES", "Answers", "Archive", "Recorded", "RefusedError", "Service", "soften"]

FORMS = ("label", "top-k", "probabilities")
INSIDE = ("logits", "features", "gradients")
PURPOSES = {
    "own use": "to train a model that only you use",
    "research": "to study how this service answers",
    "rival": "to train a model that is offered in place of this service",
}
LEAST = 1e-6  # probability of a class that an answer gives nothing: its logarithm must be finite


class RefusedError(RuntimeError):
    """A service does not answer, and charges nothing; the message says why."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a service said of some inputs.

    Attributes:
        x: the inputs, (N, …).
        form: one of ``FORMS``.
        listed: the classes it names, most probable first, int64, (N, k).
        shares: their probabilities as it rounds them, (N, k); None for labels.
        classes: how many there are in all, C.
    """

    x: Tensor
    form: str
    listed: Tensor
    shares: Tensor | None
    classes: int

    def __len__(self) -> int:
        return len(self.listed)

    def targets(self, rest: str = "spread") -> Tensor:
        """Probabilities of all classes to learn from, (N, C); each row adds up to 1.

        Args:
            rest: where the probability goes that the answer does not account for: ``"spread"`` evenly over the classes
                that it does not name, or to those that it names (``"listed"``), by their shares.

        Raises:
            ValueError: ``rest`` is none of the two.
        """
        check.choice(("spread", "listed"), rest=rest)
        shares = torch.ones(self.listed.shape) if self.shares is None else self.shares
        unnamed = self.classes - self.listed.shape[1]
        left = (1 - shares.sum(1, keepdim=True)).clamp_min(0) if rest == "spread" and unnamed else torch.zeros(1)
        filled = (left / max(unnamed, 1)).expand(len(self), self.classes).scatter(1, self.listed, shares)
        whole = filled.sum(1, keepdim=True)  # rounded shares add up to nearly 1, or to nothing at all
        return torch.where(whole > 0, filled / whole, 1 / self.classes)


class Service:
    """A frozen teacher behind a counter: inputs go in, answers come out, and every answer is paid for.

    Args:
        teacher: the network; no attribute leads to it.
        prices: form -> credits for one answer, at least 0; a form without a price is not sold.
        budget: credits that may be spent in all, at least 0.
        top_k: how many classes a ``"top-k"`` answer names, at least 1.
        digits: decimals of a probability, at least 1.
        noise: share of answers, in [0, 1], in which the top class has changed places with another.
        fresh: whether the noise is drawn anew for each query; False: by the input, so that the same input has always
            the same answer.
        forbids: purposes that the terms of use do not allow, of ``PURPOSES``.
        seed: of the noise.

    Raises:
        ValueError: a form or purpose is unknown, or a number is out of its range.
    """

    def __init__(
        self,
        teacher: nn.Module,
        prices: Mapping[str, float],
        *,
        budget: float,
        top_k: int = 2,
        digits: int = 4,
        noise: float = 0.0,
        fresh: bool = True,
        forbids: tuple[str, ...] = (),
        seed: int = 0,
    ):
        for form, price in prices.items():
            check.choice(FORMS, **{"form with a price": form})
            check.between(0, float("inf"), **{f"price of {form}": price})
        for purpose in forbids:
            check.choice(PURPOSES, forbids=purpose)
        check.between(0, float("inf"), budget=budget)
        check.between(0, 1, noise=noise)
        check.whole(1, top_k=top_k, digits=digits)
        check.whole(0, seed=seed)
        self.prices, self.budget, self.forbids = dict(prices), budget, tuple(forbids)
        self.top_k, self.digits, self.noise, self.fresh = top_k, digits, noise, fresh
        self.purpose: str | None = None
        self.queries: Counter[str] = Counter()
        self._says = lambda x: tell(teacher, x).logits.softmax(1)
        self._seed, self._random = seed, torch.Generator().manual_seed(seed)

    def __repr__(self) -> str:
        return f"Service({', '.join(self.prices)}; {self.spent:g} of {self.budget:g} credits spent)"

    @property
    def terms(self) -> str:
        """What it sells, for how much, and what the answers may not be used for."""
        named = {form: f"top-{self.top_k}" if form == "top-k" else form for form in self.prices}
        sold = ", ".join(f"{named[form]} {price:g}" for form, price in self.prices.items())
        no = "; ".join(PURPOSES[purpose] for purpose in self.forbids) or "nothing; all purposes are allowed"
        return (
            f"Credits for one answer: {sold}. Probabilities have {self.digits} decimals.\n"
            f"Not sold at any price: {', '.join(INSIDE)}.\n"
            f"Not allowed: {no}."
        )

    def accept(self, purpose: str) -> None:
        """Accept the terms, and say what the answers are for; the service takes your word for it.

        Raises:
            RefusedError: the terms forbid this purpose.
            ValueError: it is none of ``PURPOSES``.
        """
        check.choice(PURPOSES, purpose=purpose)
        if purpose in self.forbids:
            raise RefusedError(f"the terms of use do not allow {purpose!r}, {PURPOSES[purpose]}")
        self.purpose = purpose

    @property
    def spent(self) -> float:
        """Credits spent so far."""
        return sum(number * self.prices[form] for form, number in self.queries.items())

    @property
    def receipt(self) -> str:
        """A table of what was bought: answers, price and sum for each form."""
        lines = [f"{'form':13} {'answers':>8} {'price':>6} {'credits':>8}"]
        for form, price in self.prices.items():
            number = self.queries[form]
            lines.append(f"{form:13} {number:8,} {price:6g} {number * price:8,g}")
        lines.append(f"{'in all':13} {self.queries.total():8,} {'':6} {self.spent:8,g} of {self.budget:,g}")
        return "\n".join(lines)

    def ask(self, x: Tensor, form: str) -> Answers:
        """Answers to all of ``x``, or to none: whatever is refused is refused before anything is answered or charged.

        Args:
            x: inputs, (N, …).
            form: one of ``FORMS`` that has a price.

        Raises:
            RefusedError: the terms were not accepted, the budget does not cover it, the inputs want a gradient, or what
                is asked for stays inside.
            ValueError: the form is unknown or not sold.
        """
        if form in INSIDE:
            raise RefusedError(
                f"{form} are not sold at any price: feature-based and relation-based methods, and whatever sends a "
                "gradient through the teacher, need a teacher of your own"
            )
        check.choice(self.prices, form=form)
        if self.purpose is None:
            raise RefusedError("read the terms of use (service.terms) and accept them (service.accept(purpose)) first")
        if x.requires_grad:
            raise RefusedError("x must not require a gradient: none comes back through a service")
        cost, left = len(x) * self.prices[form], self.budget - self.spent
        if cost > left + 1e-9:
            raise RefusedError(
                f"{len(x):,} × {form} at {self.prices[form]:g} make {cost:g} credits, and {left:g} of {self.budget:g} "
                "are left: nothing was answered and nothing charged"
            )
        self.queries[form] += len(x)
        p = self._spoiled(x, self._says(x))
        k = {"label": 1, "top-k": min(self.top_k, p.shape[1]), "probabilities": p.shape[1]}[form]
        shares, listed = p.sort(dim=1, descending=True, stable=True)
        rounded = None if form == "label" else shares[:, :k].double().round(decimals=self.digits).float()
        return Answers(x, form, listed[:, :k].clone(), rounded, p.shape[1])

    def _spoiled(self, x: Tensor, p: Tensor) -> Tensor:
        """The same with the top class and another in each other's place, in a share of the rows; (N, C)."""
        if not self.noise:
            return p
        draws = torch.rand(len(p), 2, generator=self._random) if self.fresh else self._of_inputs(x)
        top = p.argmax(1, keepdim=True)
        other = (top + 1 + (draws[:, 1:] * (p.shape[1] - 1)).long()) % p.shape[1]
        swapped = p.scatter(1, top, p.gather(1, other)).scatter(1, other, p.gather(1, top))
        return torch.where(draws[:, :1] < self.noise, swapped, p)

    def _of_inputs(self, x: Tensor) -> Tensor:
        """Two numbers in [0, 1) for each input that hang on nothing but the input and the seed, (N, 2)."""
        salt = self._seed.to_bytes(16, "little")
        rows = (blake2b(row.contiguous().numpy().tobytes(), digest_size=8, salt=salt).digest() for row in x.detach())
        found = [[int.from_bytes(d[:4], "little") / 2**32, int.from_bytes(d[4:], "little") / 2**32] for d in rows]
        return torch.tensor(found, dtype=torch.float64).reshape(-1, 2).clamp_max(1 - 1e-9)


class Archive:
    """A service whose answers are kept: what was asked before in the same form is not asked, and not paid, again.

    Args:
        service: whose answers they are.
    """

    def __init__(self, service: Service):
        self.service = service
        self._kept: dict[tuple[str, bytes], tuple[Tensor, Tensor | None]] = {}

    def ask(self, x: Tensor, form: str) -> Answers:
        """As :meth:`Service.ask`, for the price of the inputs that are new; one that comes twice counts once."""
        keys = [(form, _bytes(row)) for row in x]
        new = {key: place for place, key in reversed(list(enumerate(keys))) if key not in self._kept}
        rows = sorted(new.values())
        said = self.service.ask(x[rows], form)
        for place, row in enumerate(rows):
            self._kept[keys[row]] = said.listed[place], None if said.shares is None else said.shares[place]
        listed, shares = zip(*(self._kept[key] for key in keys), strict=True) if keys else ((), ())
        if not keys:
            return said
        return Answers(x, form, torch.stack(listed), None if said.shares is None else torch.stack(shares), said.classes)


class Recorded(nn.Module):
    """Answers that were bought, as a teacher that any recipe takes.

    It has no layers, so that methods that compare layers are refused, as they must be. Of an input that nobody asked
    about it does not know anything, and gives all classes the same: what is measured as agreement with it on other
    inputs says nothing.

    Args:
        x: inputs, (N, …); of one that comes twice the last answer stands.
        targets: probabilities to learn from, (N, C); their logarithms are its logits.

    Raises:
        ValueError: the lengths differ.
    """

    def __init__(self, x: Tensor, targets: Tensor):
        check.same_batch(x=x, targets=targets)
        super().__init__()
        alike = torch.full((1, targets.shape[1]), 1 / targets.shape[1])
        self.register_buffer("said", torch.cat([targets, alike]).clamp_min(LEAST).log())
        self._rows = {_bytes(row): place for place, row in enumerate(x)}

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (batch, C)."""
        return self.said[torch.tensor([self._rows.get(_bytes(row), -1) for row in x], dtype=torch.long)]


def soften(p: Tensor, temperature: float | Tensor) -> Tensor:
    """Probabilities at another temperature, where no logits are known: softmax(log p / T), of the same shape.

    Args:
        p: probabilities at T = 1, (…, classes); what is below 1e-6 counts as 1e-6.
        temperature: above 0; or a tensor that fits ``p``.
    """
    check.positive(temperature=temperature)
    return (p.clamp_min(LEAST).log() / temperature).softmax(-1)


def _bytes(row: Tensor) -> bytes:
    return row.detach().contiguous().numpy().tobytes()
