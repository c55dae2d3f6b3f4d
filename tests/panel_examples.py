"""Small seeded examples of what Curves, Features, Relations and Runs show, with the arrays they were made from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdlab.ledger import Entry
from kdlab.ui import diagram
from kdlab.ui.panels.curves import Curves
from kdlab.ui.panels.features import Features, Group, groups_of
from kdlab.ui.panels.relations import ANGLE, Relations
from kdlab.ui.panels.run_ledger import RunLedger
from kdlab.ui.panels.runs import Runs
from kdlab.ui.panels.scheme import Scheme

CLASSES = ["T-shirt", "Trouser", "Pullover", "Dress"]
LAYERS = ["stage1", "stage2", "embedding"]
STEPS = list(range(0, 241, 4))


def rising(end: float, seed: int) -> list[float]:
    """A learning curve from about 10 up to about ``end``, one value for each of ``STEPS``."""
    noise = np.random.default_rng(seed).normal(0, 0.4, len(STEPS))
    return (end - (end - 10) * np.exp(-np.asarray(STEPS) / 25) + noise).tolist()


def line(name: str, role: str, y: list[float], dash: str = "", spread: float = 0.0) -> dict[str, Any]:
    """One line of a chart, with a band where ``spread`` is above 0."""
    made: dict[str, Any] = {"name": name, "role": role, "dash": dash, "x": STEPS, "y": y}
    if spread:
        made |= {"low": [v - spread for v in y], "high": [v + spread for v in y]}
    return made


def charts() -> list[dict[str, Any]]:
    """Four charts of one run; the one about accuracy is not the first."""
    marks = [{"x": 96, "text": "T 2 → 4"}, {"x": 104, "text": "alpha 0.9 → 0.5"}]
    falling = [[3 - v / 40 for v in rising(80, seed)] for seed in (5, 6)]
    return [
        {"name": "kl", "title": "KL(teacher ‖ student), T = 1", "unit": "nats", "marks": marks,
         "series": [line("student", "student", falling[0]), line("labels only", "labels", falling[1], "dash")]},
        {"name": "accuracy", "title": "Validation accuracy", "unit": "%", "marks": marks,
         "lines": [{"name": "teacher", "role": "teacher", "y": 87.2}],
         "series": [line("student", "student", rising(79.7, 1), spread=1.5),
                    line("labels only", "labels", rising(78.9, 2), "dash"),
                    line("hard answers", "hard", rising(78.4, 3), "dot")]},
        {"name": "agreement", "title": "Agreement", "unit": "%", "series": [line("student", "student", rising(86, 4))]},
        {"name": "terms", "title": "Loss terms", "unit": "value", "log": True,
         "series": [line("soft targets", "teacher", [10 / (1 + s) + 0.02 for s in STEPS])]},
    ]  # fmt: skip


def curves() -> Curves:
    """The four charts in their view."""
    return Curves(charts=charts(), note="3 seeds: mean and range")


def maps() -> dict[str, NDArray[np.float64]]:
    """Channel maps of teacher (20 channels), student (6) and regressor (20), 7 × 5 pixels each."""
    rng = np.random.default_rng(7)
    teacher = rng.gamma(1.0, 1.0, (20, 7, 5))
    return {
        "teacher": teacher,
        "student": rng.gamma(1.0, 2.0, (6, 7, 5)),
        "regressor": teacher + rng.normal(0, 0.3, (20, 7, 5)),
    }


def groups(shown: dict[str, NDArray[np.float64]]) -> list[Group]:
    """Maps of both, and what the loss compares."""
    t, s, r = shown["teacher"], shown["student"], shown["regressor"]
    return [
        *groups_of("stage2", "teacher", t),
        *groups_of("stage2", "student", s),
        *groups_of("stage2", "regressor", r, "loss", "regressor's output"),
        *groups_of("stage2", "teacher", t, "loss", "teacher"),
        *groups_of("stage2", "difference", t - r, "loss", "teacher less regressor"),
    ]


def features() -> Features:
    """Maps, a picture and a CKA grid in their view."""
    rng = np.random.default_rng(8)
    view = Features(taps=[["stage1", "stage1"], ["stage2", "stage2"]], tap=1, samples=30)
    cka = {
        "rows": LAYERS,
        "columns": LAYERS[:2],
        "values": rng.random((3, 2)).tolist(),
        "reference": rng.random((3, 2)).tolist(),
    }
    image = rng.integers(0, 256, (8, 8), np.uint8)
    view.show(groups(maps()), image=image, label="Dress", cka=cka, note="The loss is the mean square: 0.090.")
    shapes = {"stage1": "16×14×14", "stage2": "32×7×7", "embedding": "128"}
    view.teacher_layers = [{"name": n, "shape": shapes[n], "reason": ""} for n in LAYERS]
    view.student_layers = [{"name": n, "shape": shapes[n], "reason": ""} for n in LAYERS[:2]]
    view.links = [{"teacher": "stage2", "student": "stage2", "state": "compared"}]
    return view


def vectors() -> Features:
    """The same view with vectors: their units are bars."""
    view = features()
    rng = np.random.default_rng(9)
    view.show(groups({"teacher": rng.random(32), "student": rng.random(12) - 0.3, "regressor": rng.random(32)}))
    return view


def units() -> Features:
    """The same view with units of each class: 12 of the teacher, 6 of the student, for four classes."""
    view = features()
    view.classes = CLASSES
    rng = np.random.default_rng(12)
    both = (("teacher", rng.random((5, 12))), ("student", 2 * rng.random((5, 6))))
    view.show([Group(f"units-{who}", f"{who} · embedding", who, values, "units") for who, values in both])
    return view


def similarity() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Cosines of teacher and student on 32 samples, and their labels; Trouser and Dress differ the most."""
    rng = np.random.default_rng(10)
    labels = np.repeat(np.arange(4), [8, 10, 6, 8])
    centres = rng.normal(size=(4, 12))
    answers = []
    for noise in (0.3, 0.8):
        x = centres[labels] + noise * rng.normal(size=(32, 12))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        answers.append(x @ x.T)
    teacher, student = answers
    pair = np.outer(labels == 1, labels == 3)
    student = np.where(pair | pair.T, teacher - 0.8, student)
    return teacher, student, labels


def relations() -> Relations:
    """The cosines in their view."""
    teacher, student, labels = similarity()
    view = Relations()
    images = np.random.default_rng(11).integers(0, 256, (32, 6, 6), np.uint8)
    view.show(teacher, student, labels, images=images, classes=CLASSES)
    return view


def places() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where teacher and student put 32 samples, in 12 and 5 dimensions."""
    rng = np.random.default_rng(13)
    return rng.normal(size=(32, 12)), rng.normal(size=(32, 5))


def seen_from(vertex: int = 3) -> Relations:
    """The angles between them as seen from one sample."""
    view = relations()
    view.kind, view.vertex = ANGLE, vertex
    view.show(*(np.linalg.norm(x[:, None] - x[None], axis=-1) for x in places()))
    return view


def run_rows() -> list[dict[str, Any]]:
    """Three runs; the second is the best, the third is not measured."""
    base = {"type": "response", "method": "soft-targets", "scheme": "offline", "temperature": 2.0, "alpha": 0.9,
            "student": "mlp-64", "agreement": 0.861, "steps": 1240, "seeds": 3, "when": "10:31:07", "shown": False,
            "toml": "alpha = 0.5\n", "code": "run()\n"}  # fmt: skip
    return [
        {**base, "id": "0", "name": "first", "accuracy": 0.797, "toml": 'type = "response"\n'},
        {**base, "id": "1", "name": "second", "accuracy": 0.8123, "shown": True},
        {**base, "id": "2", "name": "third", "accuracy": None, "agreement": None, "temperature": None},
    ]  # fmt: skip


def runs() -> Runs:
    """The table with its overlay."""
    series = [{k: v for k, v in line(n, "other", rising(end, s)).items() if k != "dash"}
              for n, end, s in (("first", 79.7, 1), ("second", 81.2, 2))]  # fmt: skip
    return Runs(
        rows=run_rows(), chart={"name": "overlay", "title": "Validation accuracy", "unit": "%", "series": series}
    )


VIEWS = {
    "curves": curves,
    "features": features,
    "vectors": vectors,
    "units": units,
    "relations": relations,
    "angles": seen_from,
    "runs": runs,
}
EMPTY = {"no curves": Curves, "no features": Features, "no relations": Relations, "no runs": Runs}


def scheme() -> Scheme:
    """Two students that teach each other, while it runs."""
    links = [["student", "peer"], ["peer", "student"]]
    view = Scheme(running=True)
    phases = [{"text": "student ⇄ peer", "state": "now"}, {"text": "labels → student", "state": "next"}]
    found = diagram.nodes(links, {"student": "mlp-64"})
    view.show(found, diagram.arrows(links, 0.9), title="online · mutual", method="soft-targets", phases=phases)
    return view


def run_ledger() -> RunLedger:
    """Three terms over ten steps."""
    view = RunLedger()
    for step in range(10):
        shares = {"labels": 0.1, "soft targets": 0.85 - 0.01 * step, "hint": 0.05 + 0.01 * step}
        cosines = {"labels": 1.0, "soft targets": 0.9 - 0.1 * step, "hint": -0.4}
        entries = {n: Entry(0.5, 0.9, 3 * share, share, cosines[n]) for n, share in shares.items()}
        view.show(entries, step, "gradients in the student's weights")
    return view


VIEWS |= {"scheme": scheme, "ledger": run_ledger}
EMPTY |= {"no scheme": Scheme, "no ledger": RunLedger}
