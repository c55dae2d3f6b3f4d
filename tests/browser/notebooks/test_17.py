"""Notebook 17 in a real JupyterLab: run to its end, and a purchase is made in the query-budget game."""

from harness import settle, value
from lab import open_notebook, run_all


def test_labels_are_bought_in_place_of_soft_answers(lab_page, jupyter_lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/17-a-teacher-you-cannot-open.ipynb")
    run_all(lab_page, timeout=240)
    game = lab_page.locator(".kd-buy")
    game.scroll_into_view_if_needed()
    soft = value(lab_page, ".kd-buy [data-name=now]")
    game.get_by_role("slider", name="probabilities", exact=True).focus()
    lab_page.keyboard.press("Home")
    game.get_by_role("slider", name="label", exact=True).focus()
    lab_page.keyboard.press("End")
    settle(lab_page)
    assert value(lab_page, ".kd-buy-sum") == 500
    assert value(lab_page, ".kd-buy [data-name=now]") > soft + 0.005
