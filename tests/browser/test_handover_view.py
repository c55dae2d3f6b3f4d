"""What a target can say, in a real browser: sliders, keys, and numbers on the screen against those of the package."""

import sys
from pathlib import Path

import pytest
import torch
from harness import drag, settle, value, violations

sys.path.insert(0, str(Path(__file__).parent.parent))

from helpers import sure

from kdlab.ui.panels.handover import Handover

CLASSES = ["a", "b", "c"]


@pytest.fixture
def handover() -> Handover:
    x = torch.rand(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    return Handover(sure(1), x, torch.arange(40) % 3, CLASSES, keep=2, temperature=8.0)


def same(page, view: Handover) -> None:
    """All numbers and bars on the screen are the package's."""
    for name, number in view.numbers().items():
        assert value(page, f"[data-name={name}]") == pytest.approx(number, abs=1e-5)
    bars = page.locator(".kd-handover-bar > span:last-child").evaluate_all("all => all.map(e => +e.dataset.value)")
    assert bars == pytest.approx(view.told()[view.places[view.sample]].tolist(), abs=1e-5)


@pytest.mark.parametrize("rest", ["dropped", "even"])
@pytest.mark.parametrize(("keep", "digits"), [(1, "exact"), (2, "percents"), (3, "tenths")])
def test_what_is_told_is_as_in_the_package(view_page, handover, keep, digits, rest):
    handover.keep, handover.digits, handover.rest = keep, digits, rest
    same(view_page(handover, width=860), handover)


def test_the_temperature_is_dragged_and_the_bits_follow(view_page, handover):
    page = view_page(handover, width=860)
    before = value(page, "[data-name=full]")
    drag(page, "Temperature T", 0.98)
    handover.temperature = page.evaluate("window.model.get('temperature')")
    assert handover.temperature > 12
    assert value(page, "[data-name=full]") > before
    same(page, handover)


def test_fewer_classes_by_keys_another_picture_and_the_rest_spread(view_page, handover):
    page = view_page(handover, width=860)
    page.get_by_role("slider", name="Classes told", exact=True).focus()
    page.keyboard.press("Home")
    settle(page)
    assert "hard label" in page.locator(".kd-council-words").inner_text()
    page.get_by_role("radio", name="spread evenly").check()
    page.get_by_role("button", name="Picture 2,").focus()
    page.keyboard.press("Enter")
    settle(page)
    handover.keep, handover.rest, handover.sample = 1, "even", 1
    same(page, handover)
    assert "invented" in page.locator(".kd-council-words").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, handover, dark):
    page = view_page(handover, dark=dark, width=860)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == len(CLASSES)
    assert violations(page) == []
