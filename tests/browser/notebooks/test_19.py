"""Notebook 19 in a real JupyterLab: run to its end, and a letter is taken from the bars."""

from harness import settle, value
from lab import open_notebook, run_all


def test_after_q_everybody_expects_u(lab_page, jupyter_lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/19-language-models-in-miniature.ipynb")
    run_all(lab_page, timeout=240)
    bars = lab_page.locator(".kd-letters")
    bars.scroll_into_view_if_needed()
    bars.get_by_role("button", name="Clear").click()
    settle(lab_page)
    bars.get_by_role("button", name="q: teacher").click()
    settle(lab_page)
    assert value(lab_page, ".kd-letters [data-letter=u] .kd-letter-teacher") > 0.8
    assert bars.locator("[data-net=teacher] li").count() == 10
