"""The map of a sweep in a real browser: what is finished, what is not, the buttons, and reading it without eyes."""

import re

import pytest
from harness import settle, violations
from lab import new_notebook, open_notebook, run_all, run_last_cell_again
from playwright.sync_api import expect

import kdlab
from kdlab.sweeps import Results

PLAN = kdlab.Sweep(
    kdlab.Recipe(student="mlp-16", data="fashion-mnist", teacher="fashion-mnist-cnn", epochs=1),
    {"temperature": [1.0, 4.0, 8.0], "alpha": [0.2, 0.8]},
    seeds=2,
)


def cell(validation, sd=0.01, seeds=2, failed=0):
    return {"validation": validation, "validation_sd": sd, "test": validation, "seeds": seeds, "failed": failed}


@pytest.fixture
def view():
    return kdlab.SweepMap(PLAN.run())


def cells(page):
    return [" ".join(text.split()) for text in page.locator(".kd-sweep-map td").all_inner_texts()]


def test_nothing_is_finished_yet_and_start_is_asked_for(view_page, view):
    page = view_page(view)
    assert cells(page) == ["not finished"] * 6
    assert page.locator("[data-name=count]").inner_text() == "0 of 12 trials"
    page.get_by_role("button", name="Start").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("window.sent") == [{"command": "go"}]
    assert violations(page) == []


def test_the_map_fills_while_it_runs(view_page, view):
    view.running, view.done, view.left = True, 7, 75.4
    view.cells = [cell(0.7), cell(0.8), cell(0.9, None, 1), None, cell(None, None, 2, 2), None]
    view.said = "The best so far: temperature 4, alpha 0.2."
    page = view_page(view)
    assert page.locator("[data-name=count]").inner_text() == "7 of 12 trials, 75 s left"
    assert cells(page) == ["70.0", "best: 80.0", "90.0·", "not finished", "✗", "not finished"]  # the 90 is of one seed
    assert float(page.get_by_role("progressbar").get_attribute("value")) == 7
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate("window.sent") == [{"command": "stop"}]
    page.evaluate("() => { window.model.set('stopping', true); }")
    settle(page)
    assert page.get_by_role("button", name="Stop").is_disabled()
    assert "stopping after those in hand" in page.locator("[data-name=count]").inner_text()
    page.evaluate("c => window.model.set('cells', c)", [cell(v / 10) for v in (7, 8, 9, 6, 5, 4)])
    settle(page)
    assert cells(page)[2] == "best: 90.0"


def test_a_finished_map_is_read_in_light_and_dark(view_page, view):
    view.done, view.cells = 12, [cell(0.7 + k / 100) for k in range(6)]
    for dark in (False, True):
        page = view_page(view, dark=dark)
        assert page.get_by_role("button", name="Finished").is_disabled()
        page.get_by_text("Values").click()
        settle(page)
        rows = page.locator(".kd-values tbody tr").all_inner_texts()
        assert rows[0].split("\t") == ["temperature 1, alpha 0.2", "70.0 %", "1.0 %", "70.0 %", "2 of 2", "0"]
        assert rows[5].startswith("temperature 8, alpha 0.8")
        assert violations(page) == []


def test_colours_follow_the_values(view_page, view):
    view.cells = [cell(0.70), cell(0.72), cell(0.74), cell(0.76), cell(0.78), cell(0.80)]
    page = view_page(view)
    light = page.evaluate(
        """() => [...document.querySelectorAll('.kd-sweep-map td')].map((td) => {
          const [r, g, b] = getComputedStyle(td).backgroundColor.match(/\\d+/g).map(Number);
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        })"""
    )
    assert light == sorted(light)
    assert light[-1] > light[0] + 100


def test_draws_stand_in_one_column(view_page):
    plan = kdlab.Sweep(PLAN.base, random={"temperature": {"low": 1.0, "high": 9.0}, "alpha": [0.1, 0.9]}, draws=6)
    view = kdlab.SweepMap(plan.run())
    assert isinstance(view.results, Results)
    page = view_page(view)
    assert len(cells(page)) == 6
    assert page.locator(".kd-sweep-map tbody th").first.inner_text().startswith("temperature")


SWEEP = """
import kdlab
sweep = kdlab.Sweep(
    kdlab.Recipe(data="fashion-mnist", teacher="fashion-mnist-cnn", student="mlp-64", epochs=2),
    {"temperature": [1.0, 2.0, 4.0, 8.0], "alpha": [0.3, 0.6, 0.9]}, seeds=4,
)
view = kdlab.SweepMap(sweep.run(kdlab.load("fashion-mnist", labelled=500)))
view
"""


def test_a_sweep_fills_its_map_stops_and_goes_on_in_jupyterlab(lab_page, jupyter_lab):
    """Other cells can be run meanwhile; the picture of the cell's output needs no kernel."""
    asked = "found = view.results.rows(); print('found', len(view.results), found[0]['alpha'] if found else '')"
    path = new_notebook(jupyter_lab, [SWEEP, asked], "sweep.ipynb")
    open_notebook(lab_page, jupyter_lab, path)
    run_all(lab_page)
    view = lab_page.locator(".kd-sweep")
    view.get_by_role("button", name="Start").click()
    expect(view.locator("td:not(.kd-sweep-empty)").first).to_be_visible(timeout=60_000)
    view.get_by_role("button", name=re.compile("Stop|Finished")).click(force=True)  # it may be over already
    rests = view.get_by_role("button", name=re.compile("Go on|Finished"))
    expect(rests).to_be_visible()
    rests.click(force=True)
    expect(view.get_by_role("button", name="Finished")).to_be_visible(timeout=120_000)
    assert view.locator("td:not(.kd-sweep-empty)").count() == 12
    assert view.locator(".kd-sweep-top").count() == 1
    run_last_cell_again(lab_page)
    alpha = view.locator("p", has_text="The best: ").inner_text().split("alpha ")[1].split(",")[0]
    expect(lab_page.locator(".jp-OutputArea-output").last).to_contain_text(f"found 48 {alpha}")
