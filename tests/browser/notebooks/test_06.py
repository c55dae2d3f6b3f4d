"""Notebook 06 in a real JupyterLab: run to its end, and a point of the schedule is moved by keys."""

from harness import settle
from lab import open_notebook, run_all


def test_a_point_that_moves_changes_the_recipe_and_what_a_step_minimises(lab_page, jupyter_lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/06-fine-tune-then-stop.ipynb")
    run_all(lab_page, timeout=300)
    editor = lab_page.locator(".kd-schedule")
    editor.scroll_into_view_if_needed()
    words, code = editor.locator(".kd-schedule-words"), editor.locator(".kd-schedule-code")
    assert "Step 41 of 160" in words.inner_text()
    before = float(words.get_attribute("data-alpha"))
    editor.get_by_role("slider", name="alpha, point 2 of 2").focus()
    for _ in range(4):
        lab_page.keyboard.press("ArrowUp")
    settle(lab_page)
    assert float(words.get_attribute("data-alpha")) > before + 0.04
    assert '"alpha": [[0.0, 1.0], [1.0, 0.2]]' in code.inner_text()
