"""The query-budget game in a real browser: sliders, keys, and numbers on the screen against those of the package."""

import numpy as np
import pytest
from harness import drag, settle, value, violations

from kdlab.ui.panels.purchase import MIXES, Purchase

PRICES = {
    "by content": {"label": 1, "top-k": 2, "probabilities": 5},
    "by the call": {"label": 2, "top-k": 2, "probabilities": 2},
}
GRID = 0.6 + 0.2 * np.random.RandomState(0).rand(3, len(MIXES), 4, 5)


@pytest.fixture
def game() -> Purchase:
    return Purchase(GRID, (50, 100, 250, 500), ("at random", "least sure", "surest"), PRICES, budget=500)


@pytest.mark.parametrize("counts", [[500, 0, 0], [120, 90, 40], [33, 71, 0], [0, 0, 100]])
def test_bill_and_accuracy_are_as_in_the_package(view_page, game, counts):
    game.counts, game.strategy = counts, "least sure"
    page = view_page(game, width=880)
    assert value(page, ".kd-buy-sum") == game.spent()
    assert value(page, "[data-name=now]") == pytest.approx(game.band().mean, abs=1e-6)


def test_a_purchase_is_dragged_and_the_best_one_is_remembered(view_page, game):
    page = view_page(game, width=880)
    drag(page, "probabilities", 0.02)
    drag(page, "label", 0.4)
    game.counts = page.evaluate("window.model.get('counts')")
    assert game.counts[0] == pytest.approx(200, abs=10)
    assert game.counts[2] <= 15
    now, best = value(page, "[data-name=now]"), value(page, "[data-name=best]")
    assert now == pytest.approx(game.band().mean, abs=1e-6)
    assert best >= now
    assert "Best so far with these prices and this budget" in page.locator(".kd-buy-words").inner_text()


def test_beyond_the_budget_the_service_would_refuse(view_page, game):
    page = view_page(game, width=880)
    page.get_by_role("slider", name="label", exact=True).focus()
    page.keyboard.press("End")
    settle(page)
    assert "The service would refuse: 1000 credits are asked, 500 are there." in (
        page.locator(".kd-buy-words").inner_text()
    )
    assert page.locator("[data-name=now]").count() == 0
    assert page.locator(".kd-buy-over").count() == 1


def test_prices_pictures_and_budget_are_chosen_by_keys_and_each_has_its_own_best(view_page, game):
    page = view_page(game, width=880)
    page.get_by_role("radio", name="by the call").check()
    page.get_by_role("radio", name="surest").check()
    page.get_by_role("slider", name="Budget (credits)").focus()
    page.keyboard.press("Home")
    settle(page)
    assert page.evaluate("window.model.get('budget')") == 50
    assert page.locator("[data-name=best]").count() == 0
    page.keyboard.press("End")
    settle(page)
    game.price_list, game.strategy = "by the call", "surest"
    assert value(page, "[data-name=now]") == pytest.approx(game.band().mean, abs=1e-6)
    assert value(page, ".kd-buy-sum") == 200


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, game, dark):
    page = view_page(game, dark=dark, width=880)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == len(MIXES)
    assert violations(page) == []
