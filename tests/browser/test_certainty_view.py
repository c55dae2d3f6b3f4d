"""How sure a network may be, in a real browser: numbers on the screen against those of the package."""

import numpy as np
import pytest
from harness import settle, value, violations

from kdlab import metrics
from kdlab.ui.panels.certainty import Certainty

LABELS = np.arange(200) % 4
RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(3, 200, 4)) * np.array([1.0, 2.0, 5.0])[:, None, None]
LOGITS[:, np.arange(200), LABELS] += 1


@pytest.fixture
def certainty() -> Certainty:
    return Certainty([2, 4, 6], LOGITS, LABELS, [1.2, 0.8, 0.1])


@pytest.mark.parametrize(("place", "temperature"), [(0, 1.0), (2, 1.0), (2, 3.0)])
def test_numbers_are_those_of_the_package(view_page, certainty, place, temperature):
    certainty.place, certainty.temperature = place, temperature
    page = view_page(certainty, width=860)
    z = certainty.at()
    wanted = {
        "right": metrics.accuracy(z, LABELS),
        "sure": metrics.soften(z).max(1).mean(),
        "error": metrics.ece(z, LABELS),
        "loss": metrics.cross_entropy(z, LABELS),
    }
    found = {name: value(page, f"[data-name={name}]") for name in wanted}
    assert found == pytest.approx(wanted, abs=1e-5)


def test_fit_finds_the_lowest_cross_entropy_and_keeps_the_answers(view_page, certainty):
    page = view_page(certainty, width=860)
    right = value(page, "[data-name=right]")
    assert "too sure" in page.locator(".kd-certainty-words").inner_text()
    page.get_by_role("button", name="Fit T").click()
    settle(page)
    fitted = page.evaluate("window.model.get('temperature')")
    grid = np.geomspace(0.5, 5, 400)
    assert fitted == pytest.approx(min(grid, key=lambda t: metrics.cross_entropy(LOGITS[2] / t, LABELS)), rel=0.03)
    assert value(page, "[data-name=right]") == right


def test_epochs_by_keys(view_page, certainty):
    page = view_page(certainty, width=860)
    page.get_by_role("slider", name="Epochs of training").focus()
    page.keyboard.press("Home")
    settle(page)
    assert page.evaluate("window.model.get('place')") == 0
    assert "At epoch 2," in page.locator(".kd-certainty-words").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, certainty, dark):
    page = view_page(certainty, dark=dark, width=860)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == 10
    assert violations(page) == []
