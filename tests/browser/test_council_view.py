"""The teacher shelf in a real browser: sliders, keys, and numbers on the screen against those of the package."""

import sys
from pathlib import Path

import pytest
import torch
from harness import drag, settle, value, violations

sys.path.insert(0, str(Path(__file__).parent.parent))

from helpers import sure

from kdlab.algorithms.multi_teacher import COMBINE
from kdlab.ui.panels.council import Council

CLASSES = ["a", "b", "c"]


@pytest.fixture
def council() -> Council:
    x = torch.rand(40, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    nets = {"one": sure(1), "two": sure(2), "three": sure(3)}
    return Council(nets, x, torch.arange(40) % 3, CLASSES, weights=[1.0, 1.0, 0.0])


def shown(page) -> list[float]:
    """The bars of all together."""
    return [float(v) for v in page.locator(".kd-council-bar span").evaluate_all("all => all.map(e => e.dataset.value)")]


@pytest.mark.parametrize("how", COMBINE)
def test_what_all_say_together_is_as_in_the_package(view_page, council, how):
    council.how, council.weights = how, [0.5, 2.0, 1.0]
    page = view_page(council, width=860)
    k = council.places[0]
    assert shown(page) == pytest.approx(council.together()[k].tolist(), abs=1e-5)
    together, _ = council.right()
    assert value(page, "[data-name=right]") == pytest.approx(together)


def test_a_weight_is_dragged_and_the_answer_follows(view_page, council):
    page = view_page(council, width=860)
    drag(page, "Weight of three", 1.0)
    council.weights = [1.0, 1.0, 2.0]
    assert page.evaluate("window.model.get('weights')") == council.weights
    assert shown(page) == pytest.approx(council.together()[council.places[0]].tolist(), abs=1e-5)


def test_weights_by_keys_another_picture_and_another_way(view_page, council):
    page = view_page(council, width=860)
    page.get_by_role("slider", name="Weight of one", exact=True).focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Picture 2,").focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="mean of logits").check()
    settle(page)
    council.weights, council.how = [0.0, 1.0, 0.0], "logits"
    assert shown(page) == pytest.approx(council.together()[council.places[1]].tolist(), abs=1e-5)
    assert "of the 1 teachers that count" in page.locator(".kd-council-words").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, council, dark):
    page = view_page(council, dark=dark, width=860)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == len(CLASSES)
    assert violations(page) == []
