"""Figures of the lessons: what they show is what they were given."""

import itertools

import pytest

from kdlab.plots import teach
from kdlab.plots.teach.here import LIFE_CYCLE, LIT, sentence


def chips(figure) -> dict[str, bool]:
    """Word -> whether its box is filled."""
    axes = figure.axes[0]
    boxes = [p for p in axes.patches if hasattr(p, "get_boxstyle")]
    middles = {(round(b.get_x() + b.get_width() / 2, 3), b.get_y()): b for b in boxes}
    found = {}
    for text in axes.texts:
        x, y = text.get_position()
        box = next((b for (at, low), b in middles.items() if abs(at - x) < 1e-3 and low < y < low + 20), None)
        if box is not None:
            found[text.get_text()] = box.get_facecolor() == box.get_edgecolor()
    return found


def test_the_steps_and_names_of_a_lesson_are_lit_and_no_others():
    found = chips(teach.here(["transfer", "loss"], on=["feature", "offline"]))
    assert {word for word, lit in found.items() if lit} == {"4 transfer", "5 loss", "feature", "offline"}
    assert len(found) == len(LIFE_CYCLE) + 3 + 3 + 6


def test_every_chip_is_inside_the_picture_and_none_covers_another():
    boxes = sorted(
        ((p.get_y(), p.get_x(), p.get_width()) for p in teach.here().axes[0].patches if hasattr(p, "get_boxstyle")),
    )
    assert all(x >= 0 and x + wide <= 100 and y >= 0 for y, x, wide in boxes)
    for (y, x, wide), (below, right, _) in itertools.pairwise(boxes):
        assert below > y or x + wide < right
    assert LIT.startswith("#")


def test_the_text_says_the_same_in_the_order_of_the_cycle():
    assert sentence(["loss", "teacher"], ["self"]) == (
        "Steps of the life cycle in this lesson, of 7: 1 teacher, 5 loss. On the map: self."
    )
    assert sentence([], []) == "Steps of the life cycle in this lesson, of 7: none."


@pytest.mark.parametrize(("steps", "on"), [(["distil"], []), ([], ["teacherless"])])
def test_a_name_that_is_not_on_the_map_is_refused(steps, on):
    with pytest.raises(ValueError, match=r"must be names on the map .*got \['(distil|teacherless)'\]"):
        teach.here(steps, on=on)


def test_the_number_of_a_difference_stands_clear_of_the_line_at_nought():
    rows = [("worse", -0.059, -0.11, -0.01), ("none", -0.0002, -0.003, 0.002), ("better", 0.22, 0.16, 0.28)]
    figure = teach.differences(rows, against="labels only")
    figure.canvas.draw()
    [axes] = figure.axes
    assert [text.get_text() for text in axes.texts] == ["−5.9", "0.0", "+22.0"]
    nought, frame = axes.transData.transform((0, 0))[0], axes.get_window_extent()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert all(box.x1 < nought or box.x0 > nought for box in boxes)
    assert all(frame.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)
