"""The race of students in a real browser: played, stopped, scrubbed by key, and read."""

import pytest
from harness import settle, value, violations
from playwright.sync_api import expect

from kdlab.ui.panels.race import Race

STEPS = [0, 10, 50, 100]
RUNNERS = {
    "slow": [0.1, 0.2, 0.5, 0.9], "quick": [0.1, 0.6, 0.7, 0.8], "third": [0.2, 0.3, 0.4, 0.5],
}  # fmt: skip


@pytest.fixture(scope="module")
def view():
    return Race(STEPS, RUNNERS, at=10, measured="made up")


def check(page, place):
    assert value(page, "[data-name=step]") == STEPS[place]
    for name, values in RUNNERS.items():
        assert value(page, f"[data-name={name}]") == values[place]
    tracks, bars = (page.locator(f".kd-race-{part}") for part in ("track", "bar"))
    for k, values in enumerate(RUNNERS.values()):
        wanted = values[place] * tracks.nth(k).bounding_box()["width"]
        page.wait_for_function(  # it glides there
            "([k, wanted]) => Math.abs(document.querySelectorAll('.kd-race-bar')[k].offsetWidth - wanted) < 2",
            arg=[k, wanted],
        )
    assert bars.count() == len(RUNNERS)
    ranks = page.locator(".kd-race-rank").all_inner_texts()
    order = sorted(RUNNERS, key=lambda name: -RUNNERS[name][place])
    assert ranks == [f"{order.index(name) + 1}." for name in RUNNERS]


def test_it_is_played_to_its_end_and_begun_again(view_page, view):
    page = view_page(view)
    check(page, 1)
    play = page.get_by_role("button", name="Play")
    assert play.evaluate("button => (button.click(), button.textContent)") == "Pause"
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    check(page, 3)
    expect(page.locator(".kd-race-words")).to_have_text("At step 100 slow leads, 10 points before quick.")
    page.get_by_role("button", name="To the start").click()
    settle(page)
    check(page, 0)
    assert page.evaluate("window.saved.at(-1).place") == 0


def test_it_is_scrubbed_by_keyboard_and_a_tie_is_no_lead(view_page):
    page = view_page(Race([0, 10], {"a": [0.1, 0.5], "b": [0.1, 0.505]}, at=0))
    page.get_by_role("slider", name="Step").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert value(page, "[data-name=step]") == 10
    assert page.get_by_role("slider", name="Step").get_attribute("aria-valuetext") == "step 10"
    assert page.locator(".kd-race-words").inner_text() == "At step 10 nobody leads by a whole point."
    page.keyboard.press("Home")
    settle(page)
    assert value(page, "[data-name=step]") == 0


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, view, dark):
    page = view_page(view, dark=dark)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == len(STEPS)
    assert violations(page) == []
