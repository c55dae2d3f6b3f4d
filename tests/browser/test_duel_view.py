"""The adversarial game in a real browser: its steps are those of the package."""

import pytest
from harness import settle, value, violations

from kdlab.ui.panels.duel import Duel


def press(page, text: str) -> None:
    page.get_by_role("button", name=text, exact=True).click()
    settle(page)


def check(page, duel: Duel) -> None:
    for name in ("mean", "slope", "bias"):
        assert page.evaluate(f"window.model.get('{name}')") == pytest.approx(getattr(duel, name), abs=1e-9)
    assert value(page, ".kd-duel [data-name=accuracy]") == pytest.approx(duel.accuracy())
    assert value(page, ".kd-duel [data-name=loss]") == pytest.approx(duel.loss())
    assert value(page, ".kd-duel [data-name=pull]") == pytest.approx(duel.gradients()[0])


def test_steps_are_those_of_the_package(view_page):
    duel = Duel()
    page = view_page(duel, width=720)
    check(page, duel)
    for text, who in (("Both learn", "both"), ("Student only", "student"), ("Discriminator only", "discriminator")):
        press(page, text)
        duel.play(who)
        check(page, duel)
    page.get_by_role("radio", name="1000").check()
    press(page, "Discriminator only")
    duel.play("discriminator", 1000)
    check(page, duel)
    assert "too sure" in page.locator(".kd-duel .kd-council-words").inner_text()


def test_a_new_discriminator_and_a_reset(view_page):
    duel = Duel()
    page = view_page(duel, width=720)
    press(page, "Student only")
    press(page, "New discriminator")
    duel.play("student")
    duel.renew()
    check(page, duel)
    press(page, "Reset")
    check(page, Duel())
    assert value(page, ".kd-duel [data-name=step]") == 0


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_works_by_keys(view_page, dark):
    page = view_page(Duel(), dark=dark, width=720)
    page.get_by_role("button", name="Both learn", exact=True).focus()
    page.keyboard.press("Enter")
    settle(page)
    assert value(page, ".kd-duel [data-name=step]") == 1
    assert violations(page) == []
