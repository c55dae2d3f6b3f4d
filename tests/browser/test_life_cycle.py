"""From labels alone to a teacher of one's own, in a real JupyterLab and by clicks alone; and words beside images."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import console_errors, new_notebook, open_notebook, run_all
from playwright.sync_api import Locator, Page, expect
from test_workbench import BENCH, SECONDS, bars, drag, number, run_code, tab


@pytest.fixture(scope="module")
def page(chromium, jupyter_lab):
    """One page with one workbench for all tests here, its folded fields open."""
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    errors = console_errors(page)
    open_notebook(page, jupyter_lab, new_notebook(jupyter_lab, [BENCH, "", ""], "life.ipynb"))
    run_all(page)
    page.locator("[data-who=teacher]").first.wait_for(timeout=60 * SECONDS)
    page.locator(".kd-workbench").scroll_into_view_if_needed()
    page.get_by_text("More", exact=True).click()
    yield page
    page.close()
    jupyter_lab.end_kernels()
    assert errors == []


def field(page: Page, name: str) -> Locator:
    """The folded control of this name; its group is opened if need be."""
    found = page.locator(f".kd-fields [data-field='{name}']")
    group = found.locator("xpath=ancestor::details[1]")
    if group.get_attribute("open") is None:
        group.locator("summary").click()
    return found


def choose(page: Page, name: str, label: str) -> None:
    select = field(page, name).locator("select")
    select.select_option(label=label)
    value = select.locator("option:checked").evaluate("o => o.value")
    expect(select).to_have_value(value)


def fill(page: Page, name: str, value: int) -> None:
    box = field(page, name).locator("input")
    box.fill(str(value))
    box.press("Enter")
    expect(box).to_have_attribute("data-value", str(value))


def train(page: Page, steps: int) -> None:
    transport = page.locator(".kd-transport")
    expect(transport).to_contain_text(re.compile(rf"step \d+ of {steps}"))
    transport.get_by_role("button", name="Train", exact=True).click()
    expect(transport).to_contain_text(f"step {steps} of {steps}", timeout=90 * SECONDS)
    expect(transport.get_by_role("button", name="Train", exact=True)).to_be_visible()


def test_a_student_learns_from_labels_teaches_another_and_that_one_is_tuned(page: Page):
    page.locator(".kd-transport").get_by_role("radio", name="full", exact=True).click()
    fill(page, "epochs", 3)
    choose(page, "teacher", "none: labels alone")
    expect(page.get_by_role("slider", name="Alpha")).to_be_disabled()
    choose(page, "student", "cnn")
    train(page, 12)
    assert len(bars(page, "student")) == 10  # what it says is seen without a teacher
    assert len(bars(page, "teacher")) == 0
    expect(page.locator(".kd-formula [data-name=formula]")).to_have_text("CE")
    accuracy = page.locator(".kd-strip [data-who=student][data-name=accuracy]").get_attribute("data-value")
    field(page, "teach").get_by_role("button", name="Use this student as teacher").click()
    expect(page.locator(".kd-transport .kd-names")).to_contain_text(
        f"cnn ← own: cnn, 3 epochs, {100 * float(accuracy):.1f} %", timeout=20 * SECONDS
    )
    expect(page.get_by_role("slider", name="Alpha")).to_be_enabled()
    choose(page, "student", "mlp-64")
    fill(page, "fine_tune", 2)
    train(page, 20)
    assert page.locator(".kd-strip [data-who=teacher][data-name=accuracy]").get_attribute("data-value") == accuracy
    assert number(page, "agreement") > 0
    tab(page, "Curves")
    expect(page.locator(".kd-curves [data-name=accuracy] .kd-mark-text").first).to_have_text("fine-tuning")
    told = run_code(
        page,
        "run = bench.lab.runner.lanes\nprint([e.method for e in run.main.events if type(e).__name__ == 'Phase'],\n"
        "      {lane.training.step for lane in run.all()}, bench.state.teacher.startswith('runs/'))",
    )
    assert told.strip() == "['soft-targets', 'fine-tuning'] {20} True"
    tab(page, "Runs")
    rows = page.locator(".kd-runs tbody tr")
    expect(rows.filter(has_text="labels alone")).to_have_count(1)
    rows.filter(has_text="first-look").get_by_role("button", name="Use as teacher").click()
    expect(page.locator(".kd-transport .kd-names")).to_contain_text("← own: mlp-64, 60 epochs")


def test_a_knob_moves_by_itself_until_a_hand_takes_it(page: Page):
    fill(page, "fine_tune", 0)
    fill(page, "epochs", 300)
    choose(page, "path.temperature", "moves to")
    page.locator(".kd-transport").get_by_role("radio", name="10", exact=True).click()
    page.locator(".kd-transport").get_by_role("button", name="Train", exact=True).click()
    page.wait_for_function(
        "document.querySelector('.kd-workbench [data-name=temperature]').dataset.value < 2", timeout=20 * SECONDS
    )
    assert page.locator("[data-control=temperature] .kd-aside").inner_text() == "→ 1.0"
    page.get_by_role("slider", name="Temperature").scroll_into_view_if_needed()
    drag(page, "Temperature", 0.6)
    expect(page.locator(".kd-notice")).to_contain_text("T no longer follows its schedule")
    page.locator(".kd-transport").get_by_role("button", name="Pause", exact=True).click()
    held = number(page, "temperature")
    told = run_code(page, "print(bench.state.schedule, bench.lab.runner.lanes.main.training.knobs.temperature)")
    assert told.strip() == f"{{}} {held:g}" or told.strip() == f"{{}} {held}"


def test_words_are_read_where_images_are_seen(page: Page):
    tab(page, "Soft targets")
    choose(page, "data", "wordnet-topics")
    line = page.locator(".kd-soft [data-name=line]")
    expect(line).to_contain_text(":")
    choose(page, "teacher", "wordnet-gcn")
    assert not page.locator(".kd-soft-picture").is_visible()
    thumbs = page.locator(".kd-soft .kd-thumbs button")
    expect(thumbs).to_have_count(8)
    thumbs.nth(3).click()
    expect(line).to_contain_text(re.compile("^" + re.escape(thumbs.nth(3).inner_text())))
    for name, text in (("Layer features", ".kd-features [data-name=line]"), ("Relations", ".kd-relations figcaption")):
        tab(page, name)
        expect(page.locator(text).first).to_be_visible()
    found = Axe().run(page, context=".kd-workbench").response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
