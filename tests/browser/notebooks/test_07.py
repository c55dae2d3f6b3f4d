"""Notebook 07 in a real JupyterLab: it runs, and its view of forks follows mouse and keys."""

from lab import open_notebook, run_all
from playwright.sync_api import expect


def test_forks_are_chosen_and_branches_taken_away(lab_page, jupyter_lab):
    page = lab_page
    open_notebook(page, jupyter_lab, "notebooks/07-response-based.ipynb")
    run_all(page, 400)
    view = page.locator(".kd-forks").first
    view.scroll_into_view_if_needed()
    gap = view.locator("[data-name='soft targets gap']")
    before = float(gap.get_attribute("data-value"))
    assert before > 0
    view.get_by_role("radio", name="60").check()
    expect(gap).not_to_have_attribute("data-value", str(before))
    assert view.locator(".kd-mark-text").text_content() == "the runs part"
    lines = view.locator(".kd-line")
    assert lines.count() == 3
    view.get_by_role("checkbox", name="hard answers").uncheck()
    expect(lines).to_have_count(2)
    view.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    expect(view.locator("[data-name=step]")).to_contain_text("step")
