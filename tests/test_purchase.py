"""The query-budget game: its bill, its accuracies between what was measured, its stills."""

import io

import numpy as np
import pytest
from PIL import Image

from kdlab.plots import png, teach
from kdlab.ui.panels.purchase import MIXES, Purchase

LEVELS = (50, 100, 200)
PRICES = {
    "by content": {"label": 1, "top-k": 2, "probabilities": 4},
    "by the call": {"label": 2, "top-k": 2, "probabilities": 2},
}
GRID = 0.6 + 0.2 * np.random.RandomState(0).rand(2, len(MIXES), 3, 4)


@pytest.fixture
def view() -> Purchase:
    return Purchase(GRID, LEVELS, ("at random", "surest"), PRICES, budget=200, note="Measured.")


def test_the_bill_is_counts_times_prices(view):
    assert view.counts == [0, 0, 50]
    assert view.spent() == 200
    view.counts = [10, 20, 30]
    assert view.spent() == 10 + 40 + 120
    view.price_list = "by the call"
    assert view.spent() == 120


@pytest.mark.parametrize(
    ("counts", "mix", "level"),
    [([100, 0, 0], 0, 1), ([0, 50, 0], 1, 0), ([0, 0, 50], 2, 0), ([50, 50, 0], 3, 1), ([25, 0, 25], 4, 0)],
)
def test_where_it_was_measured_it_says_what_was_measured(view, counts, mix, level):
    for k, way in enumerate(view.strategies):
        view.strategy, view.counts = way, counts
        measured = GRID[k, mix, level]
        assert view.band() == pytest.approx((measured.mean(), measured.min(), measured.max()), abs=1e-6)


def test_between_it_is_a_parabola_over_shares_and_a_line_over_the_logarithm(view):
    view.counts = [71, 0, 0]
    way = np.log(71 / 50) / np.log(2)
    between = (1 - way) * GRID[0, 0, 0] + way * GRID[0, 0, 1]
    assert view.band().mean == pytest.approx(between.mean(), abs=1e-6)
    view.price_list, view.counts = "by the call", [75, 25, 0]
    share = 3 / 4
    weights = share * (2 * share - 1), 0.25 * (0.5 - 1), 4 * share * 0.25
    expected = sum(w * GRID[0, mix, 1] for w, mix in zip(weights, (0, 1, 3), strict=True))
    assert view.band().mean == pytest.approx(expected.mean(), abs=1e-6)
    assert sum(weights) == pytest.approx(1)


@pytest.mark.parametrize("counts", [[0, 0, 51], [201, 0, 0], [49, 0, 0], [0, 0, 0]])
def test_beyond_the_budget_or_too_few_it_says_nothing(view, counts):
    view.counts = counts
    assert view.band() is None
    assert "beyond the budget, or too few pictures" in view.sentence()
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"


def test_picture_and_sentence_are_of_what_is_picked(view):
    view.counts = [100, 0, 25]
    band = view.band()
    assert view.sentence() == (
        f"100 × label, 25 × probabilities, pictures chosen at random: 200 of 200 credits. A student of these is right "
        f"on {100 * band.mean:.1f} % ({100 * band.low:.1f} to {100 * band.high:.1f}). Measured."
    )
    assert len(view.picture()) <= 40_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grid": GRID[:, :5]}, r"grid must have shape \(2, 6, 3\) and draws, got \(2, 5, 3, 4\)"),
        ({"prices": {"odd": {"label": 1}}}, "prices must be above 0 for label, top-k, probabilities"),
        ({"budget": 201}, r"budget must be in \[50, 200\], what was measured, got 201"),
        ({"budget": 20}, r"budget must be in \[50, 200\], what was measured, got 20"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_value(changes, words):
    settings = {"grid": GRID, "levels": LEVELS, "strategies": ("a", "b"), "prices": PRICES, "budget": 200} | changes
    with pytest.raises(ValueError, match=words):
        Purchase(**settings)


def test_the_lines_of_what_an_answer_is_worth_are_means_over_draws():
    curves = {"label": GRID[0, 0], "top-2": GRID[0, 1], "probabilities": GRID[0, 2]}
    figure = teach.worth(LEVELS, curves)
    [axes] = figure.axes
    for line, (name, values) in zip(axes.lines, curves.items(), strict=True):
        assert line.get_label() == name
        assert line.get_ydata() == pytest.approx(100 * values.mean(1))
    assert len({line.get_linestyle() for line in axes.lines}) == 3
    assert len(png(figure)) <= 40_000
