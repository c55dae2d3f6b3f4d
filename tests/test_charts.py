"""From events to charts: what is drawn is what was measured."""

from itertools import pairwise

import pytest
from helpers import toy, training
from hypothesis import given
from hypothesis import strategies as st

import kdlab
from kdlab import charts, plots
from kdlab.charts import Beside, Trace
from kdlab.data import data_dir
from kdlab.events import Changed, Epoch, Step
from kdlab.plots import style


def accuracy(values, who="student"):
    return [Epoch(10 * i, i, {who: {"accuracy": v}}) for i, v in enumerate(values, 1)]


@given(st.integers(1, 2000), st.integers(2, 300))
def test_thinning_keeps_the_last_point_and_never_too_many(n, most):
    x, y = charts.thin(range(n), [i / 7 for i in range(n)], most)
    assert len(x) == len(y) <= most
    assert x[-1] == n - 1
    assert len({b - a for a, b in pairwise(x)}) <= 1
    assert y == [float(f"{i / 7:.5g}") for i in x]
    if n <= most:
        assert x == list(range(n))


def test_a_run_has_its_four_charts():
    made = training()
    events = []
    for event in made:
        events.append(event)
        if made.step == 4 and isinstance(event, Step):
            made.recipe = made.recipe.replace(temperature=4.0)
    drawn = {chart["name"]: chart for chart in charts.of_run(events, teacher_accuracy=0.875)}
    assert list(drawn) == ["accuracy", "cross_entropy", "kl", "terms"]
    measured = [e for e in events if isinstance(e, Epoch)]
    (line,) = drawn["accuracy"]["series"]
    assert line["x"] == [6, 12, 18]
    assert line["y"] == pytest.approx([100 * e.measured["student"]["accuracy"] for e in measured], rel=1e-4)
    assert (line["name"], line["role"]) == ("student", "student")
    assert drawn["accuracy"]["lines"] == [{"name": "teacher", "role": "teacher", "y": 87.5}]
    labels, soft = drawn["terms"]["series"]
    assert [labels["name"], labels["role"], soft["name"], soft["role"]] == [
        "labels",
        "labels",
        "soft targets",
        "teacher",
    ]
    steps = [e for e in events if isinstance(e, Step)]
    assert soft["x"] == [e.step for e in steps]
    assert soft["y"] == pytest.approx([e.terms["student/soft targets"] for e in steps], rel=1e-4)
    assert labels["dash"] != soft["dash"]  # never colour alone
    assert all(chart["marks"] == [{"x": 4, "text": "T 2 → 4"}] for chart in drawn.values())


def test_a_chart_with_nothing_in_it_is_left_out():
    names = [chart["name"] for chart in charts.of_run(training(teacher=None, alpha=0))]
    assert names == ["accuracy", "cross_entropy", "terms"]
    assert charts.of_run([]) == []


def test_seeds_make_a_band():
    traces = [Trace(accuracy(v)) for v in ([0.5, 0.75, 0.9], [0.25, 0.75])]  # one seed is behind
    (chart,) = (c for c in charts.of_run(traces) if c["name"] == "accuracy")
    (line,) = chart["series"]
    assert line["x"] == [10, 20]
    assert line["y"] == [37.5, 75.0]
    assert (line["low"], line["high"]) == ([25.0, 75.0], [50.0, 75.0])


def test_peers_exits_and_baselines_are_drawn_apart():
    events = list(training(scheme="self", data=toy(), epochs=1))
    beside = {"labels only": Beside("labels", "dash", Trace(accuracy([0.5])))}
    chart = charts.of_run(events, beside)[0]
    assert [(s["name"], s["role"]) for s in chart["series"]] == [
        ("student", "student"), ("exit stage1", "other"), ("labels only", "labels"),
    ]  # fmt: skip
    assert chart["series"][2]["y"] == [50.0]
    assert len({s["dash"] for s in chart["series"][:2]}) == 2


def test_a_trace_gathers_what_events_say_as_they_come_in():
    events = list(training(scheme="online", epochs=2))
    whole, slowly = Trace(events), Trace()
    for event in events:
        slowly.add(event)
    assert whole.lines == slowly.lines
    assert whole.whos() == ["student", "peer"]
    assert whole.measured("accuracy", "peer")[0] == [6, 12]
    assert whole.measured("nothing") == ([], [])
    slowly.add(Changed(12, "alpha", 0.5, 0.6))
    assert [c.knob for c in slowly.turned] == ["alpha"]


def test_numbers_that_are_not_finite_are_not_drawn():
    trace = Trace([Step(1, float("nan"), {"student/hint": float("nan")}, {}), Step(2, 1.0, {"student/hint": 1.0}, {})])
    assert trace.lines == {("term", "student", "hint"): ([2], [1.0])}


def test_a_run_is_drawn_with_its_seeds_its_rivals_and_its_teacher():
    run = kdlab.Run.open(data_dir() / "runs" / "first-look")
    accuracy = run.charts()[0]
    student, *rivals = accuracy["series"]
    last = [
        100 * next(e for e in reversed(events) if isinstance(e, Epoch)).measured["student"]["accuracy"]
        for events in (run.events, *(run.beside[f"seed {i}"] for i in range(1, 5)))
    ]
    assert student["y"][-1] == pytest.approx(sum(last) / 5, rel=1e-4)
    assert (student["low"][-1], student["high"][-1]) == (pytest.approx(min(last)), pytest.approx(max(last)))
    assert {line["name"]: line["role"] for line in rivals} == {"labels only": "labels", "hard answers": "hard"}
    assert accuracy["lines"] == [{"name": "teacher", "role": "teacher", "y": pytest.approx(88, abs=2)}]


def test_the_figure_to_explore_has_the_numbers_of_the_charts():
    run = kdlab.Run.open(data_dir() / "runs" / "first-look")
    drawn = run.charts()
    figure = run.explore()
    assert [note.text for note in figure.layout.annotations] == [chart["title"] for chart in drawn]
    titles = [axis.title.text for axis in figure.select_yaxes()]
    assert titles == ["%", "nats", "nats", "value, log scale"]
    assert {axis.title.text for axis in figure.select_xaxes()} == {"optimiser steps"}
    for k, chart in enumerate(drawn):
        lines = [t for t in figure.select_traces(row=k // 2 + 1, col=k % 2 + 1) if t.hoverinfo != "skip"]
        lines = [t for t in lines if t.fill is None]
        wanted = [(s["name"], s["x"], s["y"]) for s in chart["series"]]
        wanted += [(line["name"], [4, 240], [line["y"]] * 2) for line in chart.get("lines", [])]
        assert [line.name for line in lines] == [name for name, _, _ in wanted]
        for line, (_, x, y) in zip(lines, wanted, strict=True):
            assert list(line.x) == x
            assert list(line.y) == pytest.approx(y, rel=1e-3)
    looks = {t.name: (t.line.color, t.line.dash) for t in figure.select_traces(row=1, col=1) if t.showlegend}
    assert looks["student"] == (style.COLOURS["student"], "solid")
    assert looks["labels only"] == (style.COLOURS["labels"], "dash")
    assert len(looks) == 4
    assert len(figure.to_json()) < 40_000


def test_turned_knobs_stand_in_the_figure_and_nothing_cannot_be_explored():
    chart = {"name": "kl", "title": "KL", "unit": "nats", "marks": [{"x": 3, "text": "T 2 → 4"}]}
    chart["series"] = [{"name": "student", "role": "student", "dash": "", "x": [1, 5], "y": [2.0, 1.0]}]
    figure = plots.explore([chart])
    assert [(s.x0, s.x1) for s in figure.layout.shapes] == [(3, 3)]
    assert "T 2 → 4" in [note.text for note in figure.layout.annotations]
    with pytest.raises(ValueError, match=r"^charts must not be empty"):
        plots.explore([])
