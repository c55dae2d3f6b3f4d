"""Notebook 10 in a real JupyterLab: the parts of a step, one scheme after another, and the gradient let through."""

from lab import Lab, open_notebook, run_all
from playwright.sync_api import Page, expect


def test_a_step_is_taken_apart_and_a_leak_shows(lab_page: Page, jupyter_lab: Lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/10-offline-and-online.ipynb")
    run_all(lab_page, 300)
    view = lab_page.locator(".kd-who")
    words, leaks = view.locator(".kd-who-words"), view.locator(".kd-leak:visible")
    expect(words).to_have_text(
        "The loss of student moves student; the loss of peer moves peer; at peer and student the gradient stops."
    )
    expect(leaks).to_have_count(0)
    view.get_by_label("detach the teacher's answers").uncheck()
    expect(words).to_contain_text("the loss of student moves peer as well")
    expect(leaks).to_have_count(2)
    view.get_by_role("radio", name="frozen teacher").check(force=True)
    expect(leaks).to_have_count(0)
    expect(words).to_have_text("The loss of student moves student; at teacher the gradient stops.")
    view.get_by_role("radio", name="teacher still learning").check(force=True)
    expect(leaks).to_have_count(1)
    expect(words).to_contain_text("the loss of student moves co-teacher as well")
    view.get_by_role("button", name="Next part").focus()
    lab_page.keyboard.press("Enter")
    expect(words).to_have_text("The optimiser changes co-teacher and student.")
    lab_page.keyboard.press("Enter")
    expect(words).to_have_text("Co-teacher and student answer the same batch.")
