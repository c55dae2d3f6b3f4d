"""Guess and loss ledger in a real browser: clicks, keys and drags, and the numbers on the screen."""

import math
import sys
from pathlib import Path

import pytest
from harness import drag, settle, value, violations
from playwright.sync_api import expect

sys.path.insert(0, str(Path(__file__).parent.parent))

from helpers import net, sure, toy

from kdlab.ui.guess import Guess
from kdlab.ui.panels.ledger import LossLedger

QUESTION, CHOICES = "Which way does it go?", ["up", "down", "neither"]


def guess(folder, **settings) -> Guess:
    return Guess("k", QUESTION, CHOICES, folder=folder, **settings)


@pytest.fixture(scope="module")
def ledger() -> LossLedger:
    students = {"untrained": net(1), "other": net(2)}
    return LossLedger(students, toy(), teacher=sure(), batch_size=60, temperature=2.0, alpha=0.9)


def test_a_guess_is_made_by_mouse_and_told_to_the_kernel(view_page, tmp_path):
    page = view_page(guess(tmp_path))
    page.get_by_role("button", name="Keep my guess").click()
    expect(page.get_by_role("status")).to_have_text("Choose an answer first.")
    page.get_by_role("radio", name="b down").check()
    page.get_by_role("radio", name="fairly sure").check()
    page.get_by_label("Why, in one line:").fill("it is heavy")
    page.get_by_role("button", name="Keep my guess").click()
    settle(page)
    assert page.evaluate("window.saved.at(-1).given") == {"choice": "down", "sure": "fairly sure", "why": "it is heavy"}
    expect(page.get_by_role("status")).to_contain_text("Kept: (b) down, fairly sure.")
    assert violations(page) == []


def test_a_guess_is_made_by_keyboard_alone(view_page, tmp_path):
    page = view_page(guess(tmp_path))
    for key in ("Tab", "Space", "ArrowDown", "ArrowDown", "Tab", "ArrowRight", "Tab"):
        page.keyboard.press(key)
    page.keyboard.type("no reason")
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("window.saved.at(-1).given") == {
        "choice": "neither",
        "sure": "fairly sure",
        "why": "no reason",
    }


def test_an_earlier_guess_stands_there_again(view_page, tmp_path):
    guess(tmp_path).given = {"choice": "up", "sure": "certain", "why": "hot air"}
    page = view_page(guess(tmp_path))
    assert page.get_by_role("radio", name="a up").is_checked()
    assert page.get_by_role("radio", name="certain").is_checked()
    assert page.get_by_label("Why, in one line:").input_value() == "hot air"


def test_a_recall_question_is_answered_at_once_and_not_before(view_page, tmp_path):
    page = view_page(guess(tmp_path, answer="It fell.", right=1))
    assert "It fell" not in page.locator("section").inner_text()
    page.get_by_role("radio", name="a up").check()
    page.get_by_role("button", name="Answer").click()
    settle(page)
    assert page.locator('[data-name="hit"]').get_attribute("data-value") == "false"
    assert "(b) down. It fell." in page.locator("section").inner_text()
    assert violations(page) == []


def test_the_answer_waits_for_the_guess_or_for_being_asked(view_page, tmp_path):
    page = view_page(guess(tmp_path).reveal("It fell.", right=1), dark=True)
    assert "It fell" not in page.locator("section").inner_text()
    page.evaluate("window.model.set('given', {choice: 'down', sure: 'certain', why: ''})")  # made further up
    settle(page)
    assert page.locator('[data-name="hit"]').get_attribute("data-value") == "true"
    assert "It fell" in page.locator("section").inner_text()
    page.get_by_label("What do you see differently now?").fill("nothing")
    page.keyboard.press("Tab")
    assert page.evaluate("window.saved.at(-1).given.changed") == "nothing"
    assert violations(page) == []

    page = view_page(Guess("other", QUESTION, CHOICES, folder=tmp_path).reveal("It fell.", right=1))
    page.get_by_role("button", name="Show the answer all the same").click()
    settle(page)
    assert "It fell" in page.locator("section").inner_text()


def check_ledger(page, view: LossLedger, temperature: float, **state) -> None:
    terms = view.at(temperature, **state)
    for name, term in terms.items():
        assert value(page, f'[data-name="{name} value"]') == pytest.approx(term["value"], rel=1e-6)
        assert value(page, f'[data-name="{name} weight"]') == pytest.approx(term["weight"], abs=1e-9)
        assert value(page, f'[data-name="{name} pull"]') == pytest.approx(term["weight"] * term["norm"], rel=1e-6)
        assert value(page, f'[data-name="{name} share"]') == pytest.approx(term["share"], rel=1e-6)
        assert page.locator(f'[data-name="{name} share"]').inner_text() == f"{100 * term['share']:.0f} %"
    cosine = terms["soft targets"]["cosine"]
    assert value(page, '[data-name="cosine"]') == pytest.approx(cosine, abs=1e-6)
    angle = float(page.locator("[data-angle]").get_attribute("data-angle"))
    assert angle == pytest.approx(math.degrees(math.acos(max(-1.0, min(1.0, cosine)))), abs=0.01)
    widths = [page.locator(f".kd-ledger-bar.kd-role-{who}").bounding_box()["width"] for who in ("labels", "teacher")]
    assert widths[1] / sum(widths) == pytest.approx(terms["soft targets"]["share"], abs=0.02)


def test_dragging_both_sliders_and_the_switch_moves_every_number(view_page, ledger):
    page = view_page(ledger)
    check_ledger(page, ledger, 2.0, alpha=0.9, squared=True, moment=0)
    drag(page, "Temperature T", 0.8, release=False)
    temperature = float(page.get_by_role("slider", name="Temperature T").get_attribute("data-value"))
    assert temperature > 6
    check_ledger(page, ledger, temperature, alpha=0.9, squared=True, moment=0)
    page.mouse.up()
    drag(page, "Alpha", 0.5)
    alpha = float(page.get_by_role("slider", name="Alpha").get_attribute("data-value"))
    assert alpha == pytest.approx(0.5, abs=0.03)
    page.get_by_label("multiply KL by T²").uncheck()
    settle(page)
    check_ledger(page, ledger, temperature, alpha=alpha, squared=False, moment=0)
    page.get_by_role("radio", name="other").check()
    settle(page)
    check_ledger(page, ledger, temperature, alpha=alpha, squared=False, moment=1)


def test_the_ledger_works_by_keyboard(view_page, ledger):
    page = view_page(ledger)
    page.keyboard.press("Tab")  # the number beside the slider
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    settle(page)
    check_ledger(page, ledger, 20.0, alpha=0.9, squared=True, moment=0)
    page.get_by_label("multiply KL by T²").focus()
    page.keyboard.press("Space")
    settle(page)
    check_ledger(page, ledger, 20.0, alpha=0.9, squared=False, moment=0)


@pytest.mark.parametrize("dark", [False, True])
def test_the_ledger_is_accessible_and_has_its_values_as_a_table(view_page, ledger, dark):
    page = view_page(ledger, dark=dark)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    rows = page.locator(".kd-values tbody tr")
    assert rows.count() == len(ledger.temperatures)
    first = ledger.at(ledger.temperatures[0], alpha=0.9, squared=True, moment=0)["soft targets"]["share"]
    assert rows.first.locator("td").first.inner_text() == f"{100 * first:.1f} %"
    assert violations(page) == []
