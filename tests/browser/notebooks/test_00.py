"""Notebook 00 in a real JupyterLab: the workbench follows the temperature, and the tour notices it."""

from lab import Lab, open_notebook, run_all
from playwright.sync_api import Page, expect


def test_the_bars_follow_the_temperature_and_the_tour_notices(lab_page: Page, jupyter_lab: Lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/00-start-here.ipynb")
    run_all(lab_page, 300)
    lab_page.locator(".kd-workbench").scroll_into_view_if_needed()
    slider = lab_page.locator(".kd-workbench").get_by_role("slider", name="Temperature")
    bars = ".kd-workbench .kd-soft svg"
    before = lab_page.locator(bars).first.inner_html()
    slider.focus()
    slider.press("End")
    lab_page.wait_for_function(
        "([where, before]) => document.querySelector(where).innerHTML !== before", arg=[bars, before]
    )
    expect(lab_page.get_by_text("1 of 11 done")).to_be_visible()
    assert lab_page.locator(".kd-workbench [data-name=temperature]").first.get_attribute("data-value") == "20"
