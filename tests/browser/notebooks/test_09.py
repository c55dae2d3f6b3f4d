"""Notebook 09 in a real JupyterLab: students to choose from, kinds of relations, and angles from a chosen sample."""

from lab import Lab, open_notebook, run_all
from playwright.sync_api import Page, expect


def test_students_and_kinds_are_chosen(lab_page: Page, jupyter_lab: Lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/09-relation-based.ipynb")
    run_all(lab_page, 300)
    view = lab_page.locator(".kd-related")
    remaining = view.locator("[data-name=remaining]")
    expect(view).to_contain_text("Student: labels only")
    of_labels = float(remaining.get_attribute("data-value"))
    view.get_by_role("tab", name="rkd").click()
    expect(view).to_contain_text("Student: rkd")
    assert float(remaining.get_attribute("data-value")) < of_labels
    view.get_by_role("radio", name="angle").check(force=True)
    expect(remaining).to_contain_text("°")
