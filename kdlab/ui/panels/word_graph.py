"""A neighbourhood of a graph of words: who is joined with whom, and what comes of passing answers along the edges."""

from __future__ import annotations

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray
from torch import Tensor, nn

from kdlab import check
from kdlab.data import Dataset
from kdlab.players import ask
from kdlab.texts import NODE

from ...plots import png, teach
from ..view import View

__all__ = ["WordGraph", "around", "places"]

WIDTH, HEIGHT = 560, 420  # of the drawing, in pixels


class WordGraph(View, source="word_graph.js"):
    """Some thirty words as nodes; a step lets each take the mean of its neighbours' answers and its own.

    Where the steps begin is what a plain network says of each word alone. The browser passes the messages, along the
    edges that are drawn.

    Args:
        data: with edges, such as wordnet-topics; its ``x`` is what plain network and student see.
        plain: a network that sees one word at a time: its answers are the messages of step 0.
        teacher: a graph network.
        student: the plain network's twin that the teacher has taught.
        start: row of the word in the middle.
        count: how many words, at least 2.
        seed: of the layout.
    """

    name = traitlets.Unicode("Words and their neighbours").tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    lines = traitlets.List(traitlets.Unicode(), help="word: gloss").tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    edges = traitlets.List(traitlets.List(traitlets.Int()), help="pairs of places in lines").tag(sync=True)
    places = traitlets.List(traitlets.List(traitlets.Float()), help="x and y in pixels").tag(sync=True)
    size = traitlets.List(traitlets.Int(), [WIDTH, HEIGHT]).tag(sync=True)
    plain = traitlets.Bytes(b"", help="float32, words × classes, probabilities").tag(sync=True)
    teacher = traitlets.Bytes(b"", help="the same").tag(sync=True)
    student = traitlets.Bytes(b"", help="the same").tag(sync=True)
    picked = traitlets.Int(0, help="the word that is read").tag(sync=True)
    step = traitlets.Int(0, help="messages passed").tag(sync=True)

    def __init__(
        self,
        data: Dataset,
        *,
        plain: nn.Module,
        teacher: nn.Module,
        student: nn.Module,
        start: int,
        count: int = 30,
        seed: int = 0,
    ):
        rows = around(data.edges, start, count)
        number = {row: k for k, row in enumerate(rows)}
        edges = [[number[a], number[b]] for a, b in data.edges.tolist() if a in number and b in number]
        labels = torch.cat([s.y for s in (data.whole or data.train, data.validation, data.test)])
        views = {"plain": None, "teacher": NODE, "student": None}
        nets = {"plain": plain, "teacher": teacher, "student": student}
        said = {who: ask(net, data.everything(views[who])[rows]).logits.softmax(1) for who, net in nets.items()}
        wrong = said["plain"].argmax(1) != labels[rows]
        super().__init__(
            picked=int(wrong.int().argmax()),  # the first that is wrong alone
            classes=list(data.classes),
            lines=[data.lines[row] for row in rows],
            labels=labels[rows].tolist(),
            edges=edges,
            places=places(len(rows), edges, seed=seed).round(1).tolist(),
            **{who: p.numpy().astype(np.float32).tobytes() for who, p in said.items()},
        )

    def said(self, who: str) -> NDArray[np.float64]:
        """Probabilities of "plain", "teacher" or "student", (words, classes)."""
        return np.frombuffer(getattr(self, who), np.float32).reshape(-1, len(self.classes)).astype(np.float64)

    def messages(self, step: int | None = None) -> NDArray[np.float64]:
        """What each word says after so many steps, (words, classes): by default, as many as are shown."""
        n = len(self.lines)
        weights = np.eye(n)
        for a, b in self.edges:
            weights[a, b] = weights[b, a] = 1
        weights /= weights.sum(1, keepdims=True)
        return np.linalg.matrix_power(weights, self.step if step is None else step) @ self.said("plain")

    def right(self, p: NDArray[np.floating]) -> int:
        """Of how many words the top class is the label."""
        return int((p.argmax(1) == np.array(self.labels)).sum())

    def picture(self) -> bytes:
        """The graph, coloured by what each word says now, and the bars of the word that is read."""
        words = [line.partition(": ")[0] for line in self.lines]
        k = self.picked
        bars = {"now": self.messages()[k], "teacher": self.said("teacher")[k], "student": self.said("student")[k]}
        tops = self.messages().argmax(1)
        drawn = teach.word_graph(
            words, np.array(self.places), self.edges, tops, self.labels, self.classes, picked=k, bars=bars
        )
        return png(drawn)

    def sentence(self) -> str:
        """How many words are right now, and what is said of the one that is read."""
        k, n = self.picked, len(self.lines)
        word = self.lines[k].partition(": ")[0]
        top = {who: self.classes[p[k].argmax()] for who, p in self._all().items()}
        teacher, student = self.right(self.said("teacher")), self.right(self.said("student"))
        return (
            f"{n} words and {len(self.edges)} edges. After {self.step} steps of messages {self.right(self.messages())} "
            f"of {n} words say their own class; the teacher is right on {teacher}, the student on {student}. “{word}” "
            f"is a word of class {self.classes[self.labels[k]]}: it says {top['now']}, the teacher {top['teacher']}, "
            f"the student {top['student']}."
        )

    def _all(self) -> dict[str, NDArray[np.float64]]:
        return {"now": self.messages(), "teacher": self.said("teacher"), "student": self.said("student")}


def around(edges: Tensor, start: int, count: int) -> list[int]:
    """Rows near a row, itself first: its neighbours, then theirs, and so on.

    Args:
        edges: pairs of rows, (E, 2).
        start: the row in the middle.
        count: how many at most, at least 2.
    """
    check.whole(0, start=start)
    check.whole(2, count=count)
    near: dict[int, list[int]] = {}
    for a, b in edges.tolist():
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    found, place = [start], 0
    while place < len(found) and len(found) < count:
        found += [row for row in sorted(near.get(found[place], [])) if row not in found][: count - len(found)]
        place += 1
    return found


def places(n: int, edges: list[list[int]], *, seed: int = 0, tries: int = 16) -> NDArray[np.float64]:
    """Where to draw each node, (n, 2) in pixels: of several layouts that with the fewest words over one another.

    The same seed gives the same drawing.
    """
    drawn = [_layout(n, edges, np.random.RandomState([seed, k])) for k in range(tries)]
    return min(drawn, key=_crowded)


def _crowded(at: NDArray[np.floating]) -> float:
    """How much the words of nodes would cover each other."""
    gap = np.abs(at[:, None] - at[None])
    covered = np.clip(1 - gap[..., 0] / 84, 0, 1) * np.clip(1 - gap[..., 1] / 34, 0, 1)
    return float(covered.sum() - len(at))


def _layout(n: int, edges: list[list[int]], random: np.random.RandomState, rounds: int = 250) -> NDArray[np.float64]:
    """Edges pull, nodes push (Fruchterman & Reingold 1991); a word is wider than high, so it pushes further aside."""
    at = random.uniform(-1, 1, (n, 2))
    joined = np.zeros((n, n))
    for a, b in edges:
        joined[a, b] = joined[b, a] = 1
    ideal = 1.6 / np.sqrt(n)
    for k in range(rounds):
        gap = at[:, None] - at[None]
        far = np.sqrt((gap**2).sum(-1)) + 1e-6
        force = (gap * (ideal**2 / far**2 - joined * far / ideal)[..., None]).sum(1) - 0.4 * at
        length = np.sqrt((force**2).sum(1, keepdims=True)) + 1e-9
        at += force / length * np.minimum(length, 0.12 * (1 - k / rounds))
    low, high = at.min(0), at.max(0)
    margin = np.array([48.0, 30.0])
    return margin + (at - low) / (high - low) * (np.array([WIDTH, HEIGHT]) - 2 * margin)
