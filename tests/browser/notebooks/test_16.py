"""Notebook 16 in a real JupyterLab: run to its end, and a soft target is cut down to a hard label."""

from harness import drag, settle, value
from lab import open_notebook, run_all


def test_a_target_is_cut_down_to_a_hard_label(lab_page, jupyter_lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/16-where-it-fails.ipynb")
    run_all(lab_page, timeout=240)
    view = lab_page.locator(".kd-handover")
    view.scroll_into_view_if_needed()
    assert value(lab_page, ".kd-handover [data-name=told]") > 0.3
    drag(lab_page, "Classes told", 0.0)
    settle(lab_page)
    assert value(lab_page, ".kd-handover [data-name=told]") == 0
    assert "hard label" in view.locator(".kd-council-words").inner_text()
    view.get_by_role("radio", name="spread evenly").check()
    settle(lab_page)
    assert value(lab_page, ".kd-handover [data-name=told]") > value(lab_page, ".kd-handover [data-name=full]")
