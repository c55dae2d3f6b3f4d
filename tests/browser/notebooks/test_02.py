"""Notebook 02 in a real JupyterLab: a network is trained live, and how sure it is follows epoch and temperature."""

from harness import settle, value
from lab import open_notebook, run_all
from playwright.sync_api import expect


def test_training_goes_on_and_the_diagram_follows_epoch_and_temperature(lab_page, jupyter_lab):
    page = lab_page
    open_notebook(page, jupyter_lab, "notebooks/02-train-a-teacher.ipynb")
    run_all(page, timeout=400)
    view = page.locator(".kd-certainty")
    view.scroll_into_view_if_needed()
    words = view.locator(".kd-certainty-words")
    expect(words).to_contain_text("too sure")
    right, error = (value(page, f".kd-certainty [data-name={name}]") for name in ("right", "error"))
    view.get_by_role("button", name="Fit T").click()
    settle(page)
    assert value(page, ".kd-certainty [data-name=error]") < error
    assert value(page, ".kd-certainty [data-name=right]") == right  # T changes no top answer
    view.get_by_role("slider", name="Epochs of training").focus()
    page.keyboard.press("Home")
    expect(words).to_contain_text("At epoch 1,")
    assert value(page, ".kd-certainty [data-name=right]") < right
    bench = page.locator(".kd-area-top").first
    bench.scroll_into_view_if_needed()
    bench.get_by_role("button", name="Train").click()
    expect(bench.get_by_role("button", name="Pause")).to_be_enabled()
