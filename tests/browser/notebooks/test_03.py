"""Notebook 03 in a real JupyterLab: bars, entropy and the table of classes follow the temperature."""

from lab import Lab, open_notebook, run_all
from playwright.sync_api import Page


def test_the_bars_even_out_as_the_temperature_rises(lab_page: Page, jupyter_lab: Lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/03-soft-targets-and-temperature.ipynb")
    run_all(lab_page, 300)
    view = lab_page.locator(".kd-soft").first
    view.scroll_into_view_if_needed()
    slider = view.get_by_role("slider", name="Temperature")
    values = "[...document.querySelectorAll('.kd-soft [data-who=teacher][data-value]')].map((e) => +e.dataset.value)"
    slider.focus()
    slider.press("Home")
    lab_page.wait_for_function(f"Math.max(...{values}.slice(0, 10)) > 0.3")
    sharp = max(lab_page.evaluate(values)[:10])
    slider.press("End")
    lab_page.wait_for_function(f"Math.max(...{values}.slice(0, 10)) < 0.2")
    assert max(lab_page.evaluate(values)[:10]) < sharp
