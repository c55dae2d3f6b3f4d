"""Notebook 05 in a real JupyterLab: the loss ledger follows alpha and the factor T²."""

from lab import Lab, open_notebook, run_all
from playwright.sync_api import Page


def test_without_the_factor_the_teacher_has_less_of_the_pull(lab_page: Page, jupyter_lab: Lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/05-the-distillation-loss.ipynb")
    run_all(lab_page, 300)
    view = lab_page.locator(".kd-ledger").first
    view.scroll_into_view_if_needed()
    view.get_by_role("slider", name="Temperature T").focus()
    view.get_by_role("slider", name="Temperature T").press("End")
    view.get_by_role("textbox", name="Alpha").fill("0.5")
    view.get_by_role("textbox", name="Alpha").press("Enter")
    share = "parseInt([...document.querySelectorAll('.kd-ledger b[data-name$=\" share\"]')].at(-1).textContent)"
    lab_page.wait_for_function(f"{share} > 40 && {share} < 85")
    with_factor = lab_page.evaluate(share)
    view.get_by_role("checkbox").uncheck()
    lab_page.wait_for_function(f"{share} < 20")
    view.get_by_role("checkbox").check()
    lab_page.wait_for_function(f"{share} === {with_factor}")
    assert lab_page.evaluate(share) == with_factor
