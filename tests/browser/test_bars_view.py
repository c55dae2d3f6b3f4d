"""Top bar, bottom line and tabs in a real browser, by pointer and by keys."""

import pytest
from harness import settle, value, violations
from test_controls_view import saved

from kdlab.ui.panels.strip import Strip
from kdlab.ui.panels.tabs import Tabs
from kdlab.ui.panels.transport import Transport

BAR = {"title": "mlp-64 ← fashion-mnist-cnn", "step": 150, "total": 240}


def test_every_button_sends_its_command(view_page):
    page = view_page(Transport(**BAR), width=1040)
    for name in ("Train", "Step", "Reset", "Save", "Open"):
        page.get_by_role("button", name=name, exact=True).click()
    page.evaluate("window.model.set('running', true)")
    settle(page)
    page.get_by_role("button", name="Pause", exact=True).click()
    assert [m["command"] for m in page.evaluate("window.sent")] == ["train", "step", "reset", "save", "open", "pause"]
    page.get_by_role("radio", name="100").click()
    assert saved(page)[-1]["pace"] == "100"


def test_progress_and_time_left_are_said(view_page):
    page = view_page(Transport(**BAR, running=True, seconds_left=0.93, status="3 seeds"), width=1040)
    assert page.locator(".kd-done").inner_text() == "step 150 of 240 · 0.9 s left · 3 seeds"
    bar = page.get_by_role("progressbar")
    assert (bar.get_attribute("aria-valuenow"), bar.get_attribute("aria-valuemax")) == ("150", "240")
    share = page.evaluate(
        """() => { const b = document.querySelector('.kd-progress');
             return b.firstChild.offsetWidth / b.offsetWidth; }"""
    )
    assert share == pytest.approx(150 / 240, abs=0.02)


def test_busy_says_what_and_lets_nothing_be_pressed(view_page):
    page = view_page(Transport(**BAR, busy="asking the teacher …"), width=1040)
    assert page.locator(".kd-done").inner_text() == "asking the teacher …"
    assert all(b.is_disabled() for b in page.get_by_role("button").all())


def test_an_error_is_an_alert(view_page):
    page = view_page(Transport(**BAR), width=1040)
    page.evaluate("window.model.set('error', 'alpha must be in [0, 1], got 2')")
    settle(page)
    assert page.get_by_role("alert").inner_text() == "alpha must be in [0, 1], got 2"


@pytest.mark.parametrize(
    "text", ["step 12,345 of 120,000", "a very long word about something that is being prepared here"]
)
def test_the_bar_stays_one_line_whatever_it_says(view_page, text):
    page = view_page(
        Transport(title="a-student-with-a-long-name ← an-own-teacher", step=12345, total=120000, busy=text), width=1040
    )
    box = page.locator(".kd-transport").bounding_box()
    assert box["height"] == 44
    assert page.evaluate("document.querySelector('.kd-transport').scrollWidth") <= 1040


def test_the_strip_scales_its_numbers(view_page):
    teacher = {"accuracy": 0.872, "parameters": 206922, "bytes": 827688, "macs": 1223456, "microseconds": 255.3}
    student = {"accuracy": 0.8035, "parameters": 50890, "bytes": 203560, "macs": 780, "microseconds": None}
    page = view_page(Strip(teacher=teacher, student=student), width=1040)
    lines = [e.inner_text().replace("\n", " ") for e in page.locator(".kd-strip dl > div").all()]
    assert lines == [
        "accuracy 87.2 | 80.3 %",
        "parameters 207 k | 51 k",
        "size 828 | 204 kB",
        "MACs 1.2 M | 780",
        "answer 255 µs | –",
    ]
    assert value(page, '[data-who="student"][data-name="bytes"]') == 203560
    assert page.get_by_text("T = 1").is_visible()


def test_tabs_open_by_click_and_arrows(view_page):
    page = view_page(Tabs(names=["Soft targets", "Curves", "Runs"]), width=800)
    page.get_by_role("tab", name="Curves").click()
    assert saved(page) == [{"selected": 1}]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # over the end to the first
    assert [s["selected"] for s in saved(page)] == [1, 2, 0]
    assert page.get_by_role("tab", selected=True).inner_text().strip() == "Soft targets"
    assert page.evaluate("document.activeElement.textContent") == "Soft targets"


EXAMPLES = {
    "transport": (lambda: Transport(**BAR, running=True), 1040),
    "error": (lambda: Transport(**BAR, error="alpha must be in [0, 1], got 2"), 1040),
    "busy": (lambda: Transport(**BAR, busy="asking the teacher"), 1040),
    "strip": (lambda: Strip(teacher={"accuracy": 0.87}), 1040),
    "tabs": (lambda: Tabs(names=["Soft targets", "Curves"]), 800),
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_axe_finds_nothing(view_page, name, dark):
    make, width = EXAMPLES[name]
    assert violations(view_page(make(), dark=dark, width=width)) == []
