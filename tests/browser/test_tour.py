"""The tour beside a live workbench, as a learner takes it: real clicks and drags, and what is ticked by them."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from harness import settle, violations
from lab import console_errors, new_notebook, open_notebook, run_all
from playwright.sync_api import Page, expect
from test_workbench import drag, tab

from kdlab.ui.panels.curves import Curves
from kdlab.ui.state import LabState
from kdlab.ui.tour import STOPS, Tour

CODE = """\
import kdlab
from IPython.display import display
from kdlab.ui.lesson import Tour
bench = kdlab.Workbench()
display(bench, Tour(bench))"""
SECONDS = 1000


@pytest.fixture(scope="module")
def page(chromium, jupyter_lab):
    """One page for all tests here; at its end no error may stand on the console."""
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    errors = console_errors(page)
    open_notebook(page, jupyter_lab, new_notebook(jupyter_lab, [CODE], "tour.ipynb"))
    run_all(page)
    page.locator("[data-who=teacher]").first.wait_for(timeout=60 * SECONDS)
    page.locator(".kd-workbench").evaluate("bench => bench.scrollIntoView({ block: 'start' })")
    yield page
    page.close()
    jupyter_lab.end_kernels()
    assert errors == []


def ticked(page: Page) -> list[str]:
    """What is ticked, from top to bottom."""
    return page.locator(".kd-tour li.kd-ticked").evaluate_all("rows => rows.map(row => row.dataset.stop)")


def expect_ticked(page: Page, *names: str) -> None:
    """Wait for the last of these; then these are ticked and nothing else, and the head counts them."""
    expect(page.locator(f".kd-tour li[data-stop={names[-1]}]")).to_have_class(re.compile("kd-ticked"))
    assert set(ticked(page)) == set(names)
    expect(page.locator(".kd-tour [role=status]").first).to_contain_text(f"{len(names)} of {len(STOPS)} done")


def press(page: Page, name: str) -> None:
    page.locator(".kd-transport").get_by_role("button", name=name, exact=True).click()


def pace(page: Page, name: str) -> None:
    page.locator(".kd-transport").get_by_role("radio", name=name, exact=True).click()


def test_the_head_of_the_tour_is_in_the_window_with_the_workbench(page: Page):
    assert page.locator(".kd-workbench").bounding_box()["y"] >= 0
    head = page.locator(".kd-tour-head").bounding_box()
    assert head["y"] + head["height"] < 768 - 24  # above JupyterLab's status bar
    assert ticked(page) == []
    expect(page.locator(".kd-tour [role=status]").first).to_have_text(
        f"0 of {len(STOPS)} done. Begin here: Move Temperature up and down"
    )


def test_every_stop_is_noticed_when_it_is_done_and_not_before(page: Page):
    done = []

    def now(name: str) -> None:
        done.append(name)
        expect_ticked(page, *done)

    drag(page, "Temperature", 0.7)
    now("temperature")

    page.locator(".kd-lock").click()
    page.wait_for_timeout(300)
    assert ticked(page) == done  # an open lock is not yet a look at another T
    drag(page, "looked at", 0.2)
    now("lock")

    pace(page, "100")
    drag(page, "Alpha", 0.5)
    page.wait_for_timeout(400)
    assert ticked(page) == done  # nothing trains yet
    pace(page, "1")
    press(page, "Train")
    now("train")

    pace(page, "10")
    now("pace")
    drag(page, "Alpha", 0.8)
    now("alpha")
    press(page, "Pause")
    now("pause")
    press(page, "Step")
    now("step")

    for name in ("Relations", "Runs", "Layer features"):
        tab(page, name)
    page.wait_for_timeout(400)
    assert ticked(page) == done
    tab(page, "Curves")
    now("panels")

    pace(page, "full")
    press(page, "Train")
    expect(page.locator(".kd-transport")).to_contain_text("step 240 of 240", timeout=60 * SECONDS)
    answers = page.locator(".kd-tour-answers button")
    expect(answers).to_have_count(3)
    names = answers.all_inner_texts()
    assert sorted(names) == ["hard answers", "labels only", "student"]
    ends = page.locator(".kd-curves [data-name=accuracy] tspan[data-name]")
    values = dict(ends.evaluate_all("ends => ends.map(end => [end.dataset.name, +end.dataset.value])"))
    wrong, right = (f(names, key=values.__getitem__) for f in (min, max))
    answers.get_by_text(wrong, exact=True).click()
    expect(page.locator(".kd-tour-verdict")).to_contain_text("Not that one")
    assert set(ticked(page)) == set(done)
    answers.get_by_text(right, exact=True).click()
    now("curves")
    expect(page.locator(".kd-tour-verdict")).to_have_text("")

    press(page, "Save")
    expect(page.locator(".kd-transport")).to_contain_text("saved in")
    press(page, "Open")
    page.locator(".kd-runs tbody tr").filter(has_text="first-look").get_by_role("button", name="Open").click()
    expect(page.locator(".kd-transport")).to_contain_text("first-look, as recorded")
    assert set(ticked(page)) == set(done)  # a run was opened, but not one's own
    page.locator(".kd-runs tbody tr").last.get_by_role("button", name="Open").click()
    now("save")
    press(page, "Reset")
    now("reset")
    assert ticked(page) == [stop.name for stop in STOPS]
    expect(page.locator(".kd-tour [role=status]").first).to_contain_text("You know your way around now")


def test_show_me_leads_to_the_control(page: Page):
    page.locator(".kd-tour li[data-stop=alpha]").get_by_role("button").click()
    expect(page.locator(".kd-slider.kd-pointed")).to_be_in_viewport()
    expect(page.locator(".kd-workbench input[aria-label=Alpha]")).to_be_focused()
    expect(page.locator(".kd-pointed")).to_have_count(0)  # after a while


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_in_it_shuts_anybody_out(page: Page, theme: str):
    page.evaluate(f"document.body.dataset.jpThemeLight = '{str(theme == 'light').lower()}'")
    found = Axe().run(page, context=".kd-tour").response["violations"]
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []


@pytest.mark.parametrize("dark", [False, True])
def test_half_way_by_keyboard_and_without_a_workbench(view_page, dark):
    state = LabState()
    curves = Curves(charts=[{"title": "Accuracy", "series": [{"name": "student", "x": [1], "y": [5.0]}]}])
    tour = Tour(SimpleNamespace(state=state, views={"curves": curves}))
    state.temperature = 7.0
    page = view_page(tour, dark=dark, width=900)
    expect(page.get_by_role("status").first).to_contain_text(
        f"1 of {len(STOPS)} done. Next: Press the lock view T = train T, then move the slider that appears"
    )
    assert page.locator("li").first.inner_text().startswith("Done:")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Show me where: Move Temp")
    page.keyboard.press("Enter")  # leads nowhere, and is no error
    page.get_by_role("button", name="student", exact=True).press("Enter")
    assert page.evaluate("window.sent") == [{"answer": "student"}]
    page.evaluate("window.model.set('done', ['temperature', 'curves'])")
    settle(page)
    assert ticked(page) == ["temperature", "curves"]
    assert violations(page) == []
