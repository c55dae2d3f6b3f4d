"""The whole workbench in a real JupyterLab: real clicks and drags, numbers on screen against numbers computed here."""

from __future__ import annotations

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import console_errors, new_notebook, open_notebook, run_all, until, wait_idle
from playwright.sync_api import Page, expect

import kdlab
from kdlab import metrics
from kdlab.data import data_dir
from kdlab.players import tell
from kdlab.ui.panels.soft_targets import PICKS

BENCH = "import kdlab\nbench = kdlab.Workbench()\nbench"
SECONDS = 1000


@pytest.fixture(scope="module")
def page(chromium, jupyter_lab):
    """One page with one workbench for all tests here; at its end no error may stand on the console."""
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    errors = console_errors(page)
    open_notebook(page, jupyter_lab, new_notebook(jupyter_lab, [BENCH, "", ""], "bench.ipynb"))
    run_all(page)
    page.locator("[data-who=teacher]").first.wait_for(timeout=60 * SECONDS)
    page.locator(".kd-workbench").scroll_into_view_if_needed()
    yield page
    page.close()
    jupyter_lab.end_kernels()
    assert errors == []


@pytest.fixture(scope="module")
def recorded():
    """The recorded run: logits of teacher and student on the validation set, and its labels."""
    run = kdlab.Run.open(data_dir() / "runs" / "first-look")
    x = run.data.validation.x
    return tell(run.teacher, x).logits.numpy(), tell(run.student, x).logits.numpy(), run.data.validation.y.numpy()


def number(page: Page, name: str) -> float:
    """A number as the screen has it, in full."""
    return float(page.locator(f".kd-workbench [data-name='{name}']").first.get_attribute("data-value"))


def bars(page: Page, who: str) -> np.ndarray:
    """The bars of teacher or student, in the order of the classes."""
    found = page.locator(f".kd-workbench .kd-soft-bars [data-who='{who}']")
    return np.array([float(v) for v in found.evaluate_all("bars => bars.map(b => b.dataset.value)")])


def step(page: Page) -> int:
    """The step at which the transport says the student is; 0 where it has taken none."""
    found = re.search(r"step ([\d,]+) of", page.locator(".kd-transport").inner_text())
    return int(found[1].replace(",", "")) if found else 0


def wait_for_step(page: Page, at_least: int) -> None:
    until(lambda: step(page) >= at_least, page, 60)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def run_code(page: Page, code: str, number: int = 1, wait: bool = True) -> str:
    """Put code into a cell and run it; what it printed."""
    cell = page.locator(".jp-CodeCell").nth(number)
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before)
    if not wait:
        return ""
    expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=60 * SECONDS)
    wait_idle(page)
    page.locator(".kd-workbench").scroll_into_view_if_needed()
    return cell.locator(".jp-OutputArea-output").last.inner_text()


def drag(page: Page, label: str, share: float, *, release: bool = True) -> None:
    """Take the slider's thumb and move it to a share of its track."""
    slider = page.locator(f".kd-workbench input[type=range][aria-label='{label}']").first
    box = slider.bounding_box()
    at = float(slider.input_value()) / float(slider.get_attribute("max"))
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8 + at * (box["width"] - 16), y)
    page.mouse.down()
    page.mouse.move(box["x"] + 8 + share * (box["width"] - 16), y, steps=6)
    if release:
        page.mouse.up()


def test_it_opens_with_the_recorded_run_and_right_numbers(page: Page, recorded):
    teacher, student, labels = recorded
    assert number(page, "agreement") == pytest.approx(metrics.agreement(student, teacher), abs=1e-6)
    assert number(page, "soft-agreement") == pytest.approx(metrics.soft_agreement(student, teacher, 2.0), abs=1e-4)
    assert number(page, "teacher-ece") == pytest.approx(metrics.ece(teacher, labels), abs=1e-4)
    kl = [metrics.kl(teacher[i : i + 1], student[i : i + 1], 2.0) for i in range(len(labels))]
    i = int(np.argmax(kl))
    assert number(page, "kl") == pytest.approx(kl[i], rel=1e-3)
    np.testing.assert_allclose(bars(page, "teacher"), metrics.soften(teacher[i : i + 1], 2.0)[0], atol=1e-5)
    np.testing.assert_allclose(bars(page, "student"), metrics.soften(student[i : i + 1], 2.0)[0], atol=1e-5)


def test_the_controls_fit_the_window(page: Page):
    for name in (".kd-workbench .kd-controls", ".kd-workbench .kd-transport", ".kd-workbench .kd-strip"):
        box = page.locator(name).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 768
        assert box["x"] + box["width"] <= 1366


def test_bars_follow_the_hand_with_a_busy_kernel(page: Page, recorded, tmp_path):
    teacher, student, _ = recorded
    free = tmp_path / "free"
    run_code(page, f"import os, time\nwhile not os.path.exists({str(free)!r}): time.sleep(0.05)", wait=False)
    busy = page.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt")
    expect(busy).to_have_text("[*]:")
    page.locator(".kd-workbench").scroll_into_view_if_needed()
    before = bars(page, "teacher")
    drag(page, "Temperature", 0.8, release=False)
    t = number(page, "temperature")
    assert t > 5
    shown = bars(page, "teacher")
    assert np.abs(shown - before).max() > 0.1
    match = [np.abs(metrics.soften(teacher[i : i + 1], t)[0] - shown).max() for i in range(len(teacher))]
    i = int(np.argmin(match))
    assert match[i] < 1e-5
    assert number(page, "kl") == pytest.approx(metrics.kl(teacher[i : i + 1], student[i : i + 1], t), rel=1e-3)
    assert number(page, "soft-agreement") == pytest.approx(metrics.soft_agreement(student, teacher, t), abs=1e-4)
    page.mouse.up()
    tab(page, "Curves")
    expect(page.locator(".kd-curves")).to_be_visible()
    tab(page, "Soft targets")
    expect(busy).to_have_text("[*]:")  # all this while the kernel could not answer
    free.touch()
    expect(busy).not_to_have_text("[*]:")
    assert float(run_code(page, "print(bench.state.temperature, bench.state.view_temperature)").split()[0]) == t


def test_keys_move_the_sliders(page: Page):
    slider = page.locator(".kd-workbench input[aria-label='Alpha']")
    slider.focus()
    before = number(page, "alpha")
    page.keyboard.press("ArrowLeft")
    after = number(page, "alpha")
    assert 0 < before - after < 0.1
    page.wait_for_timeout(400)
    assert float(run_code(page, "print(bench.state.alpha)")) == pytest.approx(after)


def test_train_turn_knobs_pause(page: Page):
    run_code(
        page, "bench.lab.reset(); s = bench.state; s.epochs, s.pace = 300, '10'; print(bench.lab.runner.settled())"
    )
    page.get_by_role("button", name="Train", exact=True).click()
    wait_for_step(page, 1)
    drag(page, "Temperature", 0.3)
    wait_for_step(page, step(page) + 5)
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    t = number(page, "temperature")
    told = run_code(
        page,
        "from kdlab.events import Changed, Step\n"
        "events = bench.lab.runner.lanes.main.events\n"
        "print([e.new for e in events if isinstance(e, Changed)], sum(isinstance(e, Step) for e in events))",
    )
    turned, steps = told.rsplit(" ", 1)
    assert eval(turned) == [t]  # one drag, one change
    page.wait_for_timeout(500)
    again = run_code(page, "print(bench.state.step, bench.lab.runner.lanes.main.training.step)")
    assert again.split() == [steps.strip(), steps.strip()]
    page.get_by_role("button", name="Step", exact=True).click()
    wait_for_step(page, int(steps) + 1)
    assert int(run_code(page, "print(bench.state.step)")) == int(steps) + 1 == step(page)


def test_the_student_on_screen_is_the_one_that_is_trained(page: Page):
    told = run_code(
        page,
        "from kdlab import metrics\nscene = bench.lab.painter.scene\n"
        "z = scene.logits(bench.lab.runner.lanes.main.training.students['student'])\n"
        "print(metrics.agreement(z, scene.teacher_logits))",
    )
    tab(page, "Soft targets")
    assert number(page, "agreement") == pytest.approx(float(told), abs=1e-6)


def test_switching_the_type_mid_run_begins_a_phase(page: Page):
    page.locator(".kd-controls").get_by_role("radio", name="feature").check(force=True)
    before = step(page)
    page.get_by_role("button", name="Step", exact=True).click()
    wait_for_step(page, before + 1)
    told = run_code(
        page,
        "from kdlab.events import Phase\nevents = bench.lab.runner.lanes.main.events\n"
        "print([e.method for e in events if isinstance(e, Phase)])",
    )
    assert told.strip() == "['soft-targets', 'hint']"
    assert page.locator(".kd-workbench .kd-formula").inner_text().count("‖") >= 1


def test_features_follow_the_sample_and_relations_read_a_pair(page: Page):
    tab(page, "Layer features")
    expect(page.locator(".kd-features")).to_be_visible()
    for name in ("cka", "reference"):
        cells = page.locator(f".kd-features [data-name='{name}']")
        expect(cells).not_to_have_count(0)
        key = "values" if name == "cka" else name
        told = eval(run_code(page, f"print([v for row in bench.views['features'].cka['{key}'] for v in row])"))
        shown = cells.evaluate_all("cells => cells.map(c => +c.dataset.value)")
        assert shown == pytest.approx(told)
    told = run_code(
        page,
        "from kdlab import metrics\nfrom kdlab.players import tell\n"
        "scene, run = bench.lab.painter.scene, bench.lab.runner.lanes.main.training\n"
        "x = scene.x[scene.probe]\n"
        "t, s = (tell(n, x, ['embedding']).features['embedding'] for n in (scene.teacher, run.students['student']))\n"
        "print(metrics.cka(t.numpy(), s.numpy()))",
    )
    cell = page.locator(".kd-features [data-name='cka'][data-row='embedding'][data-column='embedding']")
    assert float(cell.get_attribute("data-value")) == pytest.approx(float(told), abs=1e-3)
    tab(page, "Relations")
    expect(page.locator(".kd-relations")).to_be_visible()
    remaining = page.locator(".kd-relations [data-name='remaining']")
    expect(remaining).to_have_attribute("data-value", re.compile(r"\d"))
    told = float(run_code(page, "bench.lab.runner.settled()\nprint(bench.views['relations'].remaining)"))
    assert float(remaining.get_attribute("data-value")) == pytest.approx(told, rel=1e-4)


def test_a_finished_run_stands_in_the_table_and_opens_again(page: Page):
    run_code(page, "bench.lab.reset(); s = bench.state; s.type, s.epochs, s.pace = 'response', 3, 'full'; print(1)")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".kd-transport")).to_contain_text("step 12 of 12", timeout=60 * SECONDS)
    tab(page, "Runs")
    rows = page.locator(".kd-runs tbody tr")
    expect(rows.filter(has_text="soft-targets").last).to_be_visible()
    count = rows.count()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".kd-transport")).to_contain_text("saved in")
    assert rows.count() == count
    rows.filter(has_text="first-look").get_by_role("button", name="Open").click()
    expect(page.locator(".kd-transport")).to_contain_text("step 240 of 240")
    assert int(run_code(page, "print(bench.state.epochs)")) == 60


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_nothing_in_it_shuts_anybody_out(page: Page, theme: str):
    page.evaluate(f"document.body.dataset.jpThemeLight = {str(theme.endswith('Light')).lower()!r}")
    for name in ("Soft targets", "Layer features", "Relations", "Curves", "Runs"):
        tab(page, name)
        page.wait_for_timeout(500)
        found = Axe().run(page, context=".kd-workbench").response["violations"]
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")


def test_every_pick_leads_to_samples(page: Page):
    tab(page, "Soft targets")
    picker = page.locator(".kd-soft select").first
    for name in PICKS:
        picker.select_option(name)
        expect(page.locator(".kd-soft .kd-thumbs button")).not_to_have_count(0)
