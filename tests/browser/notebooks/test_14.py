"""Notebook 14 in a real JupyterLab: run to its end, and messages are passed among the words."""

from harness import settle, value
from lab import open_notebook, run_all


def test_messages_correct_words(lab_page, jupyter_lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/14-graph-based-and-cross-modal.ipynb")
    run_all(lab_page, timeout=300)
    graph = lab_page.locator(".kd-graph")
    graph.scroll_into_view_if_needed()
    before = value(lab_page, ".kd-graph [data-name=right]")
    for _ in range(3):
        graph.get_by_role("button", name="Pass messages").click()
        settle(lab_page)
    assert value(lab_page, ".kd-graph [data-name=step]") == 3
    assert value(lab_page, ".kd-graph [data-name=right]") > before + 5
    graph.locator(".kd-node[data-word=rumen] circle").click()
    settle(lab_page)
    assert graph.locator(".kd-graph-word").inner_text().startswith("rumen is of class animal")
