"""Notebook 11 in a real JupyterLab: pictures leave at an exit when it is sure enough, as the slider says."""

from lab import Lab, open_notebook, run_all
from playwright.sync_api import Page


def test_whoever_leaves_early_answers_at_less_cost(lab_page: Page, jupyter_lab: Lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/11-self-distillation.ipynb")
    run_all(lab_page, 300)
    view = lab_page.locator(".kd-exits")
    slider = view.get_by_role("slider", name="Leave when the top class has")
    slider.scroll_into_view_if_needed()
    before = view.inner_text()
    slider.focus()
    slider.press("Home")  # everybody leaves at the first exit
    lab_page.wait_for_function("text => document.querySelector('.kd-exits').innerText !== text", arg=before)
    first = view.inner_text()
    slider.press("End")
    lab_page.wait_for_function("text => document.querySelector('.kd-exits').innerText !== text", arg=first)
    assert "100 %" in first
