"""Notebook 18 in a real JupyterLab: run to its end, and what a reviewer decides becomes the next version."""

from harness import settle
from lab import open_notebook, run_all


def test_a_label_is_reviewed_by_key_and_counted(lab_page, jupyter_lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/18-labelled-data.ipynb")
    run_all(lab_page, timeout=240)
    review = lab_page.locator(".kd-review")
    review.scroll_into_view_if_needed()
    assert "Nothing looked at yet" in review.locator(".kd-review-words").inner_text()
    review.get_by_role("button", name="Next", exact=True).focus()
    for key in "kuk":
        lab_page.keyboard.press(key)
    settle(lab_page)
    assert "3 looked at" in review.locator(".kd-review-words").inner_text()
    review.get_by_role("button", name="Let the answer key do the rest").click()
    settle(lab_page)
    assert "100 looked at" in review.locator(".kd-review-words").inner_text()
