"""Maps and lines over knobs: cells where they belong, the best framed, scales by what a knob is."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from kdlab import plots


def parts(figure):
    axes = figure.axes[0]
    return axes, [t.get_text() for t in axes.get_xticklabels()], [t.get_text() for t in axes.get_yticklabels()]


def test_a_grid_is_a_map_with_its_best_cell_framed():
    figure = plots.knob_map([4.0, 1.0, 1.0, 4.0], [0.5, 0.5, 0.0, 0.0], [70.0, 60.0, 50.0, 55.0], title="Accuracy")
    axes, across, up = parts(figure)
    assert np.asarray(axes.images[0].get_array()).tolist() == [[50.0, 55.0], [60.0, 70.0]]  # alpha upwards
    assert axes.images[0].origin == "lower"
    assert axes.images[0].get_cmap().name == "cividis"
    assert (across, up) == (["1", "4"], ["0", "0.5"])
    [frame] = axes.patches
    assert frame.get_xy() == (0.5, 0.5)
    assert {t.get_text() for t in axes.texts} == {"50.0", "55.0", "60.0", "70.0"}
    assert axes.get_title(loc="left") == "Accuracy; framed: the best"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("temperature T", "alpha (weight of the teacher's part)")
    assert figure.axes[1].get_ylabel() == "validation accuracy (%)"
    assert plt.get_fignums() == []


def test_what_is_not_known_yet_is_blank():
    axes, *_ = parts(plots.knob_map([1.0, 1.0, 2.0, 2.0], [0.0, 0.5, 0.0, 0.5], [50.0, np.nan, 60.0, np.nan]))
    assert np.isnan(np.asarray(axes.images[0].get_array())).sum() == 2
    assert len(axes.texts) == 2
    for figure in (plots.knob_map([1.0], [2.0], [np.nan]), plots.knob_map([], [], []), plots.knob_line([1.0], [[]])):
        assert figure.texts[0].get_text() == "nothing is finished yet"


def test_names_stand_in_the_order_in_which_they_come():
    figure = plots.knob_map(["mlp", "conv"], [2.0, 1.0], [50.0, 60.0], names=("student", "learning_rate"))
    axes, across, up = parts(figure)
    assert (across, up) == (["mlp", "conv"], ["1", "2"])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("student", "learning rate")


def test_a_large_map_has_no_numbers_in_its_cells():
    grid = [(x, y) for x in range(10) for y in range(10)]
    axes, *_ = parts(plots.knob_map(*zip(*grid, strict=True), range(100)))
    assert len(axes.texts) == 0


def test_draws_are_points_and_magnitudes_have_a_log_scale():
    rng = np.random.RandomState(0)
    t, alpha, values = 10 ** rng.rand(30), 0.01 + 0.9 * rng.rand(30), rng.rand(30)
    axes, *_ = parts(plots.knob_map(t.tolist(), alpha.tolist(), values))
    assert np.asarray(axes.collections[0].get_offsets()) == pytest.approx(np.stack([t, alpha], 1))
    assert np.asarray(axes.collections[0].get_array()) == pytest.approx(values)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert axes.get_xlabel() == "temperature T (log scale)"
    [frame] = axes.lines
    assert (frame.get_xdata()[0], frame.get_ydata()[0]) == (t[values.argmax()], alpha[values.argmax()])


def test_one_knob_is_a_line_of_means_over_dots_of_seeds():
    axes, across, _ = parts(plots.knob_line([8.0, 1.0, 2.0], [[60.0, 64.0], [50.0, 52.0], []], name="temperature"))
    dots = {(line.get_xdata()[0], *line.get_ydata()) for line in axes.lines if line.get_marker() == "o"}
    assert dots == {(8.0, 60.0, 64.0), (1.0, 50.0, 52.0)}
    [means] = [line for line in axes.lines if line.get_marker() == "D"]
    assert (list(means.get_xdata()), list(means.get_ydata())) == ([1.0, 8.0], [51.0, 62.0])
    [frame] = [line for line in axes.lines if line.get_marker() == "s"]
    assert (frame.get_xdata()[0], frame.get_ydata()[0]) == (8.0, 62.0)
    assert axes.get_xscale() == "log"
    assert across == ["1", "2", "8"]
    names, ticks, _ = parts(plots.knob_line(["b", "a"], [[1.0], [2.0]], name="student"))
    assert ticks == ["b", "a"]
    [means] = [line for line in names.lines if line.get_marker() == "D"]
    assert means.get_linestyle() == "None"  # there is nothing between two names


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"^x, y and values must be equally long, got 1, 2 and 1$"):
        plots.knob_map([1.0], [1.0, 2.0], [3.0])
    with pytest.raises(ValueError, match=r"^x and values must be equally long, got 1 and 2$"):
        plots.knob_line([1.0], [[1.0], [2.0]])
