"""How costs grow, drawn on logarithmic axes: with samples, students, and the batch of methods that compare samples."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

import kdlab
from bench_parts.measure import seconds, slope
from bench_parts.steps import BATCH
from kdlab import losses
from kdlab.players import ask, tell
from kdlab.stacked import Stack
from kdlab.taps import observe


def draw(out: Path, name: str, x_label: str, x: Sequence[float], curves: Mapping[str, Sequence[float]]) -> None:
    """A picture ``name.png`` of milliseconds over x, and a line for each curve with its slope."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    print(f"\ncost against {x_label}: {out / name}.png")
    for label, y in curves.items():
        steep = slope(x, y)
        axes.plot(x, [1000 * value for value in y], "o-", label=f"{label} (slope {steep:.2f})")
        told = ", ".join(f"{1000 * value:.2f}" for value in y)
        print(f"  {label}: slope {steep:.2f}; ms {told} at {', '.join(map(str, x))}")
    axes.set(xscale="log", yscale="log", xlabel=x_label, ylabel="CPU time, ms")
    axes.legend()
    axes.grid(visible=True, alpha=0.3)
    out.mkdir(parents=True, exist_ok=True)
    figure.savefig(out / f"{name}.png", dpi=120)


def middle(act: Callable[[], object], repeats: int) -> float:
    """The median of several turns, once warm."""
    act()
    return statistics.median(seconds(act) for _ in range(repeats))


def samples(out: Path, repeats: int) -> None:
    """Asking the teacher once, and an epoch of soft targets, for 500 to 10,000 training images."""
    sizes, asking, epoch = [500, 1000, 2000, 5000, 10_000], [], []
    for size in sizes:
        data, teacher = (
            kdlab.load("fashion-mnist", labelled=500, pool=size - 500),
            kdlab.pretrained("fashion-mnist-cnn"),
        )
        asking.append(middle(lambda x=data.train.x, t=teacher: tell(t, x), min(repeats, 3)))
        recipe = kdlab.Recipe(epochs=1, batch_size=BATCH)

        def once(data=data, teacher=teacher, recipe=recipe) -> None:
            list(kdlab.train("mlp-16", data, teacher=teacher, recipe=recipe, measure_every=0))

        short = middle(once, repeats)
        recipe = kdlab.Recipe(epochs=5, batch_size=BATCH)
        epoch.append((middle(lambda o=once, r=recipe: o(recipe=r), repeats) - short) / 4)
    draw(out, "samples", "training images", sizes, {"the teacher, asked once": asking, "an epoch of mlp-16": epoch})


def students(out: Path, repeats: int, most: int) -> None:
    """One step of 1 to so many students: stacked, and one after another."""
    counts = [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= most]
    data, teacher = kdlab.load("fashion-mnist", labelled=500), kdlab.pretrained("fashion-mnist-cnn")
    curves: dict[str, list[float]] = {"stacked, mlp-16": [], "one by one, mlp-16": []}

    def trainings(count: int) -> list:
        each = [kdlab.Recipe(seed=i, order_seed=0, epochs=1000, batch_size=BATCH, alpha=1.0) for i in range(count)]
        return [kdlab.train("mlp-16", data, teacher=teacher, recipe=r, measure_every=0) for r in each]

    for count in counts:
        stack, alone = Stack(trainings(count)), [iter(training) for training in trainings(count)]
        curves["stacked, mlp-16"].append(middle(lambda s=stack: [s.advance() for _ in range(10)], repeats) / 10)
        several = middle(lambda a=alone: [next(one) for _ in range(10) for one in a], repeats) / 10
        curves["one by one, mlp-16"].append(several)
    draw(out, "students", "students", counts, curves)


def relations(out: Path, repeats: int) -> None:
    """Methods that compare the samples of a batch, forward and backward, for batches of 16 to 256."""
    sizes = [16, 32, 64, 128, 256]
    curves: dict[str, list[float]] = {
        "rkd, all triples": [], "rkd, angles of 32": [], "similarity preserving": [], "instance graph": [],
    }  # fmt: skip
    ways: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "rkd, all triples": losses.rkd,
        "rkd, angles of 32": lambda s, t: losses.rkd_distance(s, t) + losses.rkd_angle(s[:32], t[:32]),
        "similarity preserving": losses.similarity_preserving,
        "instance graph": lambda s, t: losses.instance_graph([s[:, :10], s], [t[:, :10], t]),
    }
    for size in sizes:
        s, t = (torch.randn(size, 392, generator=torch.Generator().manual_seed(i)) for i in range(2))
        s.requires_grad_()
        for name, way in ways.items():
            curves[name].append(middle(lambda w=way, s=s, t=t: [w(s, t).backward() for _ in range(3)], repeats) / 3)
    draw(out, "relations", "samples of a batch", sizes, curves)


def cosines() -> dict[int, tuple[list[float], list[float]]]:
    """What sampling the triples of RKD does to its gradient: its cosine with the exact one, batch 128, 12 batches.

    Returns:
        Anchors -> of the angles alone, the term that is sampled, on the features; and of the whole method, with its
        default weights, on the weights.
    """
    data, teacher, counts = kdlab.load("fashion-mnist"), kdlab.pretrained("fashion-mnist-cnn"), (16, 32, 64)
    said, found = ask(teacher, data.train.x, ["embedding"]).features["embedding"], {n: ([], []) for n in counts}
    for seed in range(12):
        rows = torch.randperm(len(said), generator=torch.Generator().manual_seed(seed))[:BATCH]
        student = kdlab.build("mlp-64", seed=seed)
        features = observe(student, data.train.x[rows], ["embedding"]).features["embedding"]
        weights = list(student.parameters())

        def gradient(n: int, features=features, weights=weights, wanted=said[rows]) -> tuple[Tensor, Tensor]:
            angles = losses.rkd_angle(features[:n], wanted[:n])
            [alone] = torch.autograd.grad(angles, features, retain_graph=True)
            whole = angles + losses.rkd_distance(features, wanted)
            of_weights = torch.autograd.grad(whole, weights, retain_graph=True, allow_unused=True)
            return alone.flatten(), torch.cat([g.flatten() for g in of_weights if g is not None])

        exact = gradient(BATCH)
        for n in counts:
            for kept, mine, whole in zip(found[n], gradient(n), exact, strict=True):
                kept.append(torch.cosine_similarity(mine, whole, dim=0).item())
    return found


def anchors() -> None:
    """Tell what :func:`cosines` finds."""
    print("\nRKD's knob `anchors`: cosine of the sampled gradient with the exact one (mlp-64, batch 128, 12 batches)")
    for n, sides in cosines().items():
        both = (f"{statistics.mean(of):.2f} ± {statistics.stdev(of):.2f}" for of in sides)
        print("  {} anchors: angles alone, on the features {}; the whole method, on the weights {}".format(n, *both))


def report(out: Path, quick: bool = False) -> None:
    """All pictures, and the anchors' cosines."""
    repeats = 3 if quick else 7
    samples(out, 3 if quick else 5)
    students(out, repeats, 8 if quick else 64)
    relations(out, repeats)
    anchors()
