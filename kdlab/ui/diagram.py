"""Who teaches whom, as nodes and arrows with their places: worked out from a phase's links alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Links = Sequence[Sequence[str | None]]  # (student, teacher or None) pairs, as in kdlab.events.Phase

LABELS = "labels"
# those that speak for others: what they are, how they are run, and whether they follow all who learn or the student
SPEAKERS = {
    "ensemble": ("mean of all answers", "voice", "all"),
    "average": ("moving average of student", "follows", "student"),
    "parent": ("student as the phase began", "frozen", "student"),
}
WIDTH = 680
BOX = (160, 54)  # of a network
MODES = {
    "learns": "learns",
    "frozen": "is frozen, in eval mode",
    "follows": "is in eval mode, and no gradient reaches it",
    "voice": "has no weights of its own, and no gradient reaches it",
}
CELL = (92, 34)  # of an answer within one: an exit, or the last layer
GAP = 62  # between two rows


@dataclass
class Node:
    """A network, or the labels.

    Attributes:
        name: as in the links.
        role: "teacher" (it teaches, and learns from nobody here), "student" or "labels".
        note: its network's name, or what it is.
        mode: one of ``MODES``, or "" for the labels.
        exits: layers at which it answers too, shallow ones first.
        x, y, w, h: its middle and size.
    """

    name: str
    role: str
    note: str = ""
    mode: str = ""
    exits: list[str] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    w: float = BOX[0]
    h: float = BOX[1]


@dataclass
class Arrow:
    """Something that flows.

    Attributes:
        source, target: names of nodes; of exits ``"student:stage1"``.
        kind: "knowledge" (no gradient flows back), "labels", or "follows" (weights or answers, no gradient at all).
        weight: what it counts in the loss, method's own weights apart; None where it is no term.
        path: x and y of its start, of the point that bends it, and of its tip.
        side: where its weight is written: 1 to the left of its way, -1 to the right.
    """

    source: str
    target: str
    kind: str
    weight: float | None = None
    path: list[float] = field(default_factory=list)
    side: int = 1


def net(name: str) -> str:
    """The network of a link's end: ``"student:stage1"`` is within ``"student"``."""
    return name.partition(":")[0]


def nodes(links: Links, names: Mapping[str, str] | None = None) -> list[Node]:
    """The networks of a phase, those that only teach first, and the labels.

    Args:
        links: of the phase.
        names: of networks, by node, such as ``{"student": "mlp-64"}``.
    """
    names = names or {}
    learners = list(dict.fromkeys(net(student) for student, _ in links))
    taught = {net(s) for s, t in links if t is not None and net(t) != net(s)}
    teaching = {net(t) for s, t in links if t is not None and net(t) != net(s)}
    silent = [name for name in dict.fromkeys(net(t) for _, t in links if t is not None) if name not in learners]
    found = [Node(n, "teacher", *SPEAKERS.get(n, (names.get(n, ""), "frozen"))[:2]) for n in silent]
    for name in sorted(learners, key=lambda n: n in taught or n not in teaching):  # who teaches others stands first
        exits = [s.partition(":")[2] for s, _ in links if s.startswith(f"{name}:")]
        role = "teacher" if name in teaching and name not in taught else "student"
        found.append(Node(name, role, names.get(name, ""), "learns", exits))
    return [*found, Node(LABELS, LABELS, "of the labelled samples", h=40)]


def arrows(links: Links, alpha: float) -> list[Arrow]:
    """What flows in a phase, with the weights that the trainer gives it.

    Args:
        links: of the phase.
        alpha: weight of the distillation loss, in [0, 1].
    """
    within = Counter(net(student) for student, _ in links)
    learners = list(dict.fromkeys(net(student) for student, _ in links))
    found, labels = [], dict.fromkeys((student for student, _ in links), 0.0)
    for student, teacher in links:
        share = 1 / within[net(student)]
        labels[student] += share * (1 - alpha if teacher else 1.0)
        if teacher is not None and alpha > 0:
            found.append(Arrow(teacher, student, "knowledge", share * alpha))
    found += [Arrow(LABELS, student, "labels", weight) for student, weight in labels.items() if weight > 1e-9]
    for name in dict.fromkeys(a.source for a in found):
        if name in SPEAKERS and name not in learners:
            members = learners if SPEAKERS[name][2] == "all" else ["student"]
            found += [Arrow(member, name, "follows") for member in members]
    return found


def place(found: Sequence[Node], flows: Sequence[Arrow]) -> float:
    """Give nodes and arrows their places: who only teaches above, who learns in the middle, labels below.

    Returns:
        The height of it all; the width is ``WIDTH``.
    """
    above = [n for n in found if n.role == "teacher" and n.mode != "learns"]
    middle = [n for n in found if n.mode == "learns"]
    for node in middle:
        if node.exits:
            node.w, node.h = (CELL[0] + 12) * (len(node.exits) + 1) + 12, 88 + 14 * len(node.exits)
    far = any(abs(a - b) > 1 for a, b in _beside(middle, flows))
    top = 14.0
    for row in (above, middle, [n for n in found if n.role == LABELS]):
        if not row:
            continue
        if row is middle and far:
            top += 44  # room for arrows that leap over a network
        height = max(node.h for node in row)
        room = WIDTH / len(row)
        for node in row:
            node.w = node.w if node.exits else min(node.w, 0.64 * room)
        space = min(room, max(node.w for node in row) + 110)
        for k, node in enumerate(row):
            node.x, node.y = WIDTH / 2 + (k - (len(row) - 1) / 2) * space, top + height / 2
        top += height + GAP
    by_name = {node.name: node for node in found}
    order = [node.name for node in middle]
    for arrow in flows:
        ends = net(arrow.source), net(arrow.target)
        back = ends[0] != ends[1] and any((net(a.target), net(a.source)) == ends for a in flows)
        arrow.path = [round(v, 1) for v in _path(arrow, by_name, order, back)]
        leaps = set(ends) <= set(order) and arrow.path[1] != arrow.path[3] and arrow.path[0] > arrow.path[4]
        arrow.side = -1 if back and (ends[0] not in order or leaps) else 1
    return top - GAP + 14


def spot(name: str, by_name: Mapping[str, Node]) -> tuple[float, float, float, float]:
    """Middle and size of a node, or of an exit or the answer of one that has exits."""
    node = by_name[net(name)]
    if not node.exits:
        return node.x, node.y, node.w, node.h
    layer = name.partition(":")[2]
    k = node.exits.index(layer) if layer else len(node.exits)
    left = node.x - node.w / 2 + 12 + k * (CELL[0] + 12)
    return left + CELL[0] / 2, node.y + node.h / 2 - CELL[1] / 2 - 9, *CELL


def _beside(middle: Sequence[Node], flows: Sequence[Arrow]) -> list[tuple[int, int]]:
    """Places of the two ends of each arrow between two networks of the middle row."""
    order = [node.name for node in middle]
    ends = [(net(a.source), net(a.target)) for a in flows]
    return [(order.index(s), order.index(t)) for s, t in ends if s in order and t in order and s != t]


def _path(arrow: Arrow, by_name: Mapping[str, Node], order: list[str], back: bool) -> tuple[float, ...]:
    (x, y, w, h), (u, v, p, q) = (spot(name, by_name) for name in (arrow.source, arrow.target))
    source, target = net(arrow.source), net(arrow.target)
    if source == target:  # within one network: an arc over its cells, from the deepest
        far = round(abs(x - u) / (CELL[0] + 12))
        return x - 34 + 20 * far, y - h / 2, (x + u) / 2, y - h / 2 - 30 - 30 * far, u + 8, v - q / 2
    if source in order and target in order:
        side = 1 if x < u else -1
        if abs(order.index(source) - order.index(target)) == 1:
            shift = -9 * side if back else 0
            return x + side * w / 2, y + shift, (x + u) / 2, y + shift, u - side * p / 2, v + shift
        steps = abs(order.index(source) - order.index(target))
        lift, inwards = (16 + 24 * steps / 2, 0.3) if side > 0 else (50 + 24 * steps / 2, 0)
        return x + inwards * w, y - h / 2, (x + u) / 2, y - h / 2 - lift, u - inwards * p, v - q / 2
    down = 1 if y < v else -1
    shift = 0.0 if not back else -16 if arrow.kind == "knowledge" else 16
    x, u = _towards(x, w, u, shift), _towards(u, p, x, shift)
    return x, y + down * h / 2, (x + u) / 2, (y + down * h / 2 + v - down * q / 2) / 2, u, v - down * q / 2


def _towards(x: float, width: float, target: float, shift: float) -> float:
    """Where on an edge of this width an arrow to ``target`` starts: spread out, so that arrows do not cross."""
    return x + max(-width * 0.45, min(width * 0.45, (target - x) * 0.3 + shift))


def sentences(found: Sequence[Node], flows: Sequence[Arrow], method: str, pairs: Mapping[str, Any]) -> list[str]:
    """The diagram in words, a line for each arrow and each network.

    Args:
        found: nodes.
        flows: arrows.
        method: what teaches.
        pairs: ``"student<-teacher"`` -> the layers that the link compares, (teacher's, student's).
    """
    said = []
    for a in flows:
        source, target = (_told(name) for name in (a.source, a.target))
        if a.kind == "knowledge":
            layers = " and ".join(f"{t} with {s}" for t, s in pairs.get(f"{a.target}<-{a.source}", ()))
            by = f"{method} ({layers})" if layers else method
            said.append(f"{source} teaches {target} by {by}, weight {a.weight:.2f}; no gradient flows back.")
        elif a.kind == "labels":
            said.append(f"Labels teach {target} by cross-entropy, weight {a.weight:.2f}.")
    for n in found:
        if n.mode:
            own = f" ({n.note})" if n.note else ""
            said.append(f"{n.name}{own} {MODES[n.mode]}.")
    return said


def _told(name: str) -> str:
    network, _, layer = name.partition(":")
    return f"{network}'s exit at {layer}" if layer else network
