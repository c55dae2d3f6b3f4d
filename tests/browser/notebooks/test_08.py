"""Notebook 08 in a real JupyterLab: it runs, and layers are joined in its workbench."""

from lab import open_notebook, run_all
from playwright.sync_api import expect

SECONDS = 1000


def test_layers_are_joined_by_hand_and_the_next_training_compares_them(lab_page, jupyter_lab):
    page = lab_page
    open_notebook(page, jupyter_lab, "notebooks/08-feature-based.ipynb")
    run_all(page, 400)
    bench = page.locator(".kd-workbench").first
    bench.scroll_into_view_if_needed()
    expect(bench.get_by_role("tab", name="Layer features", exact=True)).to_have_attribute("aria-selected", "true")
    features = bench.locator(".kd-features")
    expect(features).to_contain_text("regressor's output")
    link = features.locator("[data-link='embedding embedding']")
    expect(link).to_have_count(0)
    for side in ("teacher", "student"):
        features.locator(f"[data-side='{side}'][data-layer='embedding']").click()
    expect(link).to_have_count(1)
    bench.get_by_role("button", name="Reset").click()
    bench.get_by_role("button", name="Train").click()
    expect(link).to_have_class("kd-link kd-link-compared", timeout=60 * SECONDS)
