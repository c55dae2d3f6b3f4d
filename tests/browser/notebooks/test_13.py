"""Notebook 13 in a real JupyterLab: run to its end, and a liar is given a voice on the teacher shelf."""

from harness import drag, settle, value
from lab import open_notebook, run_all


def test_a_liar_with_a_voice_changes_what_all_say(lab_page, jupyter_lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/13-many-teachers.ipynb")
    run_all(lab_page, timeout=240)
    shelf = lab_page.locator(".kd-council")
    shelf.scroll_into_view_if_needed()
    before = value(lab_page, ".kd-council [data-name=right]")
    shelf.get_by_role("radio", name="mean of logits").check()
    for liar in "FGH":
        drag(lab_page, f"Weight of liar {liar}", 1.0)
    settle(lab_page)
    assert value(lab_page, ".kd-council [data-name=right]") < before - 0.1
    assert "of the 8 teachers that count" in shelf.locator(".kd-council-words").inner_text()
