"""Curves, Features, Relations, Runs: what they send to the browser, what they say, and their stills."""

import base64
import io
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from panel_examples import (
    CLASSES,
    EMPTY,
    VIEWS,
    charts,
    curves,
    features,
    line,
    maps,
    places,
    relations,
    rising,
    runs,
    seen_from,
    similarity,
)
from PIL import Image

from kdlab import plots
from kdlab.ui.panels import pack
from kdlab.ui.panels.curves import Curves
from kdlab.ui.panels.features import Features, Group
from kdlab.ui.panels.relations import Relations, angles
from kdlab.ui.panels.runs import Runs

numbers = st.floats(-1e6, 1e6)


@given(st.lists(numbers, min_size=1), numbers, st.floats(1e-3, 1e6))
def test_bytes_give_values_back_to_half_a_step(values, low, span):
    high = low + span
    kept = pack.unscaled(pack.scaled(values, low, high), low, high)
    np.testing.assert_allclose(kept, np.clip(values, low, high), rtol=0, atol=span / 510 * 1.001 + 1e-9)


def test_a_difference_of_nothing_is_the_middle_byte_and_both_ends_are_reached():
    assert list(pack.symmetric([0.0, 2.0, -2.0, 1.0], 2.0)) == [128, 255, 1, 192]


@pytest.mark.parametrize("values", [[1.0, np.nan], [np.inf]])
def test_bytes_refuse_what_is_not_finite(values):
    with pytest.raises(ValueError, match="finite, got 1 "):
        pack.scaled(values, 0, 1)


def test_bytes_refuse_an_empty_scale():
    with pytest.raises(ValueError, match=r"high must be above low, got low=1, high=1"):
        pack.scaled([1.0], 1, 1)


@pytest.mark.parametrize("name", [*VIEWS, *EMPTY])
def test_every_view_stores_a_small_picture_and_its_sentence(name):
    view = (VIEWS | EMPTY)[name]()
    data, _ = view._repr_mimebundle_()
    picture = base64.b64decode(data["image/png"])
    assert data["text/plain"] == view.sentence()
    assert "\n" not in view.sentence()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert len(picture) <= 40_000
    assert np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).std() > 1  # something is drawn
    assert Gcf.get_num_fig_managers() == 0  # nothing is left in pyplot


def test_curves_say_the_last_value_of_each_line_of_the_accuracy_chart():
    student, labels, hard = (s["y"][-1] for s in charts()[1]["series"])
    assert curves().sentence() == (
        f"After 240 steps: student {student:.1f} % validation accuracy, labels only {labels:.1f} %, "
        f"hard answers {hard:.1f} %, teacher 87.2 %."
    )


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(78.25, "%", "78.3"), (78.35, "%", "78.3"), (100.0, "%", "100.0"), (0.18, "nats", "0.180"), (123.0, "", "123")],
)
def test_numbers_read_as_in_the_browser(value, unit, text):
    assert plots.reading(value, unit) == text  # what toFixed(1) and toPrecision(3) give


def test_curves_say_nothing_of_lines_without_points():
    empty = {
        "name": "a",
        "title": "Accuracy",
        "unit": "%",
        "series": [{"name": "student", "role": "student", "x": [], "y": []}],
    }
    assert Curves(charts=[empty]).sentence() == "No curves yet."
    assert Curves(charts=[empty]).picture()


def test_the_still_of_curves_draws_the_numbers_it_is_given():
    figure = plots.curves(charts())
    drawn = {axes.get_title("left").split(",")[0]: axes for axes in figure.axes}
    assert next(iter(drawn)) == "Validation accuracy"  # the large one
    lines = {k.get_label(): k for k in drawn["Validation accuracy"].get_lines() if not k.get_label().startswith("_")}
    for series in charts()[1]["series"]:
        np.testing.assert_array_equal(lines[series["name"]].get_ydata(), series["y"])
        np.testing.assert_array_equal(lines[series["name"]].get_xdata(), series["x"])
    assert set(lines["teacher"].get_ydata()) == {87.2}
    assert len({(k.get_color(), str(k.get_linestyle())) for k in lines.values()}) == len(lines)  # no two look alike
    assert [t.get_text() for t in drawn["Validation accuracy"].texts if "→" in t.get_text()] == [
        "T 2 → 4",
        "alpha 0.9 → 0.5",
    ]
    assert drawn["Loss terms"].get_yscale() == "log"
    band = drawn["Validation accuracy"].collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(min(charts()[1]["series"][0]["low"]))


def test_names_at_the_ends_of_lines_do_not_overlap_in_the_still():
    close = [line(f"run {k}", "other", [v + 0.01 * k for v in rising(80, 1)]) for k in range(8)]
    figure = plots.curves([{"name": "a", "title": "Accuracy", "unit": "%", "series": close}, *charts()[:1]])
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        texts = [t for t in axes.texts if t.get_text()[-1:].isdigit() and "→" not in t.get_text()]
        boxes = [t.get_window_extent() for t in texts]
        assert len(boxes) >= 2
        assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
        assert all(box.x1 <= figure.bbox.x1 for box in boxes)  # none is cut off


def test_features_keep_the_values_of_each_group():
    view, shown = features(), maps()
    found = {g["name"]: g for g in view.groups}
    t = shown["teacher"]
    wanted = {
        "attention-teacher": (t**2).mean(0)[None],
        "maps-teacher": t[:16],
        "maps-student": shown["student"],
        "loss-regressor": shown["regressor"][:16],
        "loss-teacher": t[:16],
        "loss-difference": (t - shown["regressor"])[:16],
    }
    for name, values in wanted.items():
        step = (found[name]["high"] - found[name]["low"]) / 254
        np.testing.assert_allclose(view.values(found[name]), values, rtol=0, atol=step / 2 * 1.001, err_msg=name)
    assert (found["maps-teacher"]["tiles"], found["maps-teacher"]["total"]) == (16, 20)


def test_what_the_loss_compares_is_on_one_scale():
    found = {g["name"]: g for g in features().groups}
    both = [maps()["regressor"], maps()["teacher"]]
    for name in ("loss-regressor", "loss-teacher"):
        assert found[name]["low"] == min(a.min() for a in both)
        assert found[name]["high"] == max(a.max() for a in both)
    assert found["loss-difference"]["low"] == -found["loss-difference"]["high"]


def test_a_dead_layer_and_a_vector_are_shown_too():
    view = Features()
    view.show([Group("dead", "dead", "student", np.zeros((3, 2, 2))), Group("units", "units", "student", [0.5, -1.0])])
    assert (view.values(view.groups[0]) == 0).all()
    np.testing.assert_allclose(view.values(view.groups[1]), [[[0.5, -1.0]]], atol=0.01)
    assert view.groups[1]["kind"] == "bars"
    assert view.picture()


def test_features_say_the_cka_of_the_chosen_pair():
    view = features()
    values, reference = view.cka["values"][1][1], view.cka["reference"][1][1]
    view.sample = 4
    assert view.sentence() == (
        f"Sample 5 (Dress): the teacher's stage2 beside the student's stage2; CKA of the two {values:.2f}, "
        f"of an untrained student {reference:.2f}; the loss compares stage2 with stage2."
    )


def test_relations_keep_values_and_what_remains_between_two_samples():
    view, (teacher, student, _) = relations(), similarity()
    step = (view.high - view.low) / 255
    for data, wanted in ((view.teacher, teacher), (view.student, student)):
        np.testing.assert_allclose(
            pack.unscaled(data, view.low, view.high).reshape(32, 32), wanted, rtol=0, atol=step / 2 * 1.001
        )
    others = np.triu_indices(32, 1)
    assert view.remaining == pytest.approx(np.abs(teacher - student)[others].mean())


def test_relations_keep_their_colours_while_values_move_a_little():
    view, (teacher, student, labels) = relations(), similarity()
    before = (view.low, view.high)
    view.show(teacher, student * 0.999, labels)
    assert (view.low, view.high) == before
    assert before[1] == 1.0  # a cosine never needs more, whatever float rounding says


def test_relations_say_between_which_classes_the_two_differ_most():
    assert relations().sentence().endswith("most between Trouser and Dress, where the teacher is higher by 0.80.")


def by_hand(x, vertex, i, j):
    a, b = x[i] - x[vertex], x[j] - x[vertex]
    return np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1)))


def test_angles_are_those_between_the_ways_from_the_vertex():
    x = places()[1]
    found = angles(np.linalg.norm(x[:, None] - x[None], axis=-1), 7)
    for i, j in [(0, 1), (30, 2), (5, 5), (6, 8)]:
        assert found[i, j] == pytest.approx(by_hand(x, 7, i, j), abs=1e-5)
    assert np.isnan(found[7]).all()
    assert np.isnan(found[:, 7]).all()
    assert np.isfinite(np.delete(np.delete(found, 7, 0), 7, 1)).all()


def test_a_sample_at_the_vertexs_own_place_is_at_right_angles_to_all():
    x = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    found = angles(np.linalg.norm(x[:, None] - x[None], axis=-1), 0)
    assert found[1, 2] == found[1, 1] == 90


def test_what_remains_between_angles_follows_the_vertex():
    view, (t, s) = seen_from(3), places()
    for vertex in (3, 20):
        view.vertex = vertex
        others = [(i, j) for i in range(32) for j in range(32) if i != j and vertex not in (i, j)]
        gaps = [abs(by_hand(t, vertex, i, j) - by_hand(s, vertex, i, j)) for i, j in others]
        assert view.remaining == pytest.approx(np.mean(gaps), rel=1e-4)
    assert view.sentence().startswith(
        f"Angle seen from sample 21 (Pullover) of 32 samples: teacher and student differ by {view.remaining:.1f}°; most"
    )


def test_another_kind_is_drawn_only_once_its_numbers_are_there():
    view, (teacher, student, _) = relations(), similarity()
    before = view.remaining
    view.kind = "angle"
    assert view.drawn == "cosine"
    assert view.sentence().startswith("Cosine of 32 samples")
    assert view.remaining == before
    view.show(1 - teacher, 1 - student)
    assert view.drawn == "angle"


@pytest.mark.parametrize(
    ("teacher", "student", "labels", "message"),
    [
        (np.eye(3), np.eye(4), [0, 1, 2], r"shape \(n, n\), got \(3, 3\) and \(4, 4\)"),
        (np.eye(3)[:2], np.eye(3)[:2], [0, 1], r"shape \(n, n\)"),
        (np.eye(3), np.eye(3), [0, 2, 1], "labels must be ascending"),
        (np.eye(3), np.eye(3), [0, 1], "got 2 for 3 rows"),
    ],
)
def test_relations_refuse_what_does_not_fit(teacher, student, labels, message):
    view = Relations()
    with pytest.raises(ValueError, match=message):
        view.show(teacher, student, labels)
    assert view.n == 0


def test_the_still_of_relations_draws_both_and_their_difference():
    teacher, student, labels = similarity()
    axes = plots.relations(teacher, student, labels, CLASSES).axes[:3]
    for one, wanted in zip(axes, (teacher, student, teacher - student), strict=True):
        np.testing.assert_allclose(one.images[0].get_array(), wanted)
    assert axes[0].images[0].get_clim() == axes[1].images[0].get_clim()
    low, high = axes[2].images[0].get_clim()
    assert -low == high == pytest.approx(np.abs(teacher - student).max())
    assert [t.get_text() for t in axes[0].get_yticklabels()] == CLASSES


def test_tiles_stand_in_rows_with_a_gap_between():
    sheet = plots.tile(np.arange(12.0).reshape(3, 2, 2), columns=2)
    nan = np.nan
    np.testing.assert_array_equal(
        sheet, [[0, 1, nan, 4, 5], [2, 3, nan, 6, 7], [nan] * 5, [8, 9, nan, nan, nan], [10, 11, nan, nan, nan]]
    )


def test_boundaries_are_runs_of_equal_labels():
    assert plots.boundaries([0, 0, 3, 4, 4, 4]) == [(0, 0, 2), (3, 2, 3), (4, 3, 6)]


def test_runs_name_the_best():
    assert runs().sentence() == "3 runs; the best, second: accuracy 81.2 %, agreement 86.1 % after 1,240 steps."
    assert Runs(rows=[runs().rows[2]]).sentence() == "1 run."


def test_runs_hand_on_the_commands_they_know():
    view, heard = runs(), []
    view.on_command(heard.append)
    for content in (
        {"command": "open", "id": "1"},
        {"command": "unknown"},
        {"command": "show", "id": "0", "shown": True},
    ):
        view._handle_custom_msg(content, [])
    assert heard == [{"command": "open", "id": "1"}, {"command": "show", "id": "0", "shown": True}]
