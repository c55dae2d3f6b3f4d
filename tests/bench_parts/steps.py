"""What a step of distillation costs: against a loop without a teacher, and against one that asks it every time."""

from __future__ import annotations

import cProfile
import io
import pstats
import time
from collections.abc import Callable

import torch

import kdlab
from bench_parts.measure import Row, row
from bench_parts.peers import by_hand, minimal, soft, textbook_rkd, tutorial
from kdlab import losses
from kdlab.events import Step
from kdlab.players import ask

BATCH = 128
SMALL, CONV = "mlp-16", "conv-4"
LAYER = "embedding"  # of teacher and student, what features and relations compare by default
METHODS = [  # method, student, what it is called, target
    ("soft-targets", CONV, "soft targets kept", "<= 1.12"),
    ("soft-targets", SMALL, "soft targets kept", "<= 1.45"),
    ("hint", CONV, "kept hint vector", "<= 1.30"),
    ("attention-transfer", CONV, "attention", "<= 1.45"),
    ("similarity-preserving", CONV, "similarity preserving", "<= 1.4"),
    ("rkd", CONV, "RKD, sampled anchors", "<= 1.8"),
]


def ours(student: str, **settings) -> Callable[[int], None]:
    """So many steps of a training of ours, all its events kept."""
    data, teacher = kdlab.load("fashion-mnist"), kdlab.pretrained("fashion-mnist-cnn")
    recipe = kdlab.Recipe(batch_size=BATCH, epochs=100_000, **settings)
    training = kdlab.train(student, data, teacher=teacher, recipe=recipe, measure_every=0)
    events, going = [], iter(training)

    def steps(count: int) -> None:
        while count:
            event = next(going)
            events.append(event)
            count -= isinstance(event, Step)

    return steps


def rows(quick: bool = False) -> list[Row]:
    """Steps of each type of knowledge, of the tutorial's loop, and RKD by the book."""
    repeats, data, found = 3 if quick else 9, kdlab.load("fashion-mnist"), []
    turn = {SMALL: 79 if quick else 237, CONV: 40 if quick else 79}  # steps: an epoch has 79
    for method, student, name, target in METHODS:
        kind = kdlab.methods.kind(method).type
        mine = ours(student, type=kind, method=method)
        plain, count = minimal(kdlab.build(student), data.train.x, data.train.y, BATCH), turn[student]
        what = f"{name} / own minimal loop without distillation, {student}"
        found.append(row(what, target, lambda m=mine, c=count: m(c), lambda p=plain, c=count: p(c), repeats))
    logits, features = ask(kdlab.pretrained("fashion-mnist-cnn"), data.train.x, [LAYER])
    wide = features[LAYER]
    regressor = torch.nn.Linear(392, wide.shape[1])
    floors = [
        ("soft targets", CONV, logits, soft, None),
        ("soft targets", SMALL, logits, soft, None),
        ("hint", CONV, wide, lambda f, _, t: [losses.hint(regressor(f), t)], regressor),
        ("similarity preserving", CONV, wide, lambda f, _, t: [losses.similarity_preserving(f, t)], None),
        ("RKD", CONV, wide, lambda f, _, t: [losses.rkd_distance(f, t), losses.rkd_angle(f[:32], t[:32])], None),
    ]
    for name, student, kept, loss, extra in floors:
        hand = by_hand(kdlab.build(student), data.train.x, data.train.y, kept, loss, BATCH, extra)
        plain, count = minimal(kdlab.build(student), data.train.x, data.train.y, BATCH), turn[student]
        what = f"  floor: {name} written into that loop by hand, {student}"
        found.append(row(what, "", lambda h=hand, c=count: h(c), lambda p=plain, c=count: p(c), repeats))
    for student, target in ((CONV, ">= 6"), (SMALL, ">= 12")):
        mine, count = ours(student, type="response"), turn[student]
        book = tutorial(kdlab.pretrained("fashion-mnist-cnn"), kdlab.build(student), data.train.x, data.train.y, BATCH)
        what = f"tutorial's loop (DataLoader, teacher asked each step) / ours, {student}"
        found.append(row(what, target, lambda m=mine, c=count: m(c), lambda b=book, c=count: b(c), min(repeats, 5)))
    return [*found, rkd_row(3 if quick else 7)]


def rkd_row(repeats: int) -> Row:
    """RKD of 128 samples in 392 dimensions, forward and backward; both give the same number."""
    s, t = (torch.randn(BATCH, 392, generator=torch.Generator().manual_seed(i)) for i in range(2))
    s.requires_grad_()
    assert torch.allclose(losses.rkd(s, t), textbook_rkd(s, t), rtol=1e-4)

    def turn(loss: Callable) -> None:
        for _ in range(3):
            s.grad = None
            loss(s, t).backward()

    what = "RKD by the textbook / losses.rkd, batch 128, 392 dimensions"
    return row(what, ">= 5", lambda: turn(losses.rkd), lambda: turn(textbook_rkd), repeats)


def profile(student: str = SMALL, count: int = 2000, top: int = 14, **settings) -> None:
    """Where the time of our steps goes, by the time within each function."""
    steps, seen = ours(student, **settings or {"type": "response"}), cProfile.Profile(time.process_time)
    steps(100)
    seen.enable()
    steps(count)
    seen.disable()
    text = io.StringIO()
    pstats.Stats(seen, stream=text).sort_stats("tottime").print_stats(top)
    lines = [line for line in text.getvalue().splitlines() if line.strip()][3:]
    print(f"\nprofile of {count} steps, {student}, {settings or 'soft targets'}")
    print("\n".join(lines))
