"""Notebook 01 in a real JupyterLab: it runs, and the budget's line picks among the models that it has measured."""

from lab import open_notebook, run_all
from playwright.sync_api import expect


def test_the_line_picks_among_the_models_that_were_measured(lab_page, jupyter_lab):
    page = lab_page
    open_notebook(page, jupyter_lab, "notebooks/01-why-distil.ipynb")
    run_all(page, 240)
    chart = page.locator(".kd-budget")
    chart.scroll_into_view_if_needed()
    words = chart.locator(".kd-budget-words")
    expect(words).to_contain_text("of 9 within")
    assert words.get_attribute("data-best").endswith(", taught")
    slider = chart.get_by_role("slider", name="Budget: bytes in memory")
    slider.focus()
    page.keyboard.press("End")
    expect(words).to_contain_text("The best: cnn, the teacher")
    box = chart.locator(".kd-budget-stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 15, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 80, steps=8)
    page.mouse.up()
    expect(words).to_contain_text("The best: conv-4, taught")
