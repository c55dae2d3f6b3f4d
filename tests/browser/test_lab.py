"""JupyterLab as `kdlab lab` starts it: a widget in a notebook runs, shows, and answers a real click."""

from lab import Lab, new_notebook, open_notebook, run_all, run_last_cell_again
from playwright.sync_api import Page, expect

SLIDER = """
import ipywidgets
slider = ipywidgets.IntSlider(value=3, min=0, max=10, description="T")
button = ipywidgets.Button(description="Double it")
button.on_click(lambda _: setattr(slider, "value", 2 * slider.value))
ipywidgets.VBox([slider, button])
"""


def test_widget_shows_its_value_and_follows_a_click_through_the_kernel(lab_page: Page, jupyter_lab: Lab):
    path = new_notebook(jupyter_lab, [SLIDER, "print('value', slider.value)"], "slider.ipynb")
    open_notebook(lab_page, jupyter_lab, path)
    run_all(lab_page)
    readout = lab_page.locator(".widget-slider .widget-readout")
    expect(readout).to_have_text("3")
    lab_page.get_by_role("button", name="Double it").click()
    expect(readout).to_have_text("6")
    run_last_cell_again(lab_page)
    expect(lab_page.locator(".jp-OutputArea-output").last).to_contain_text("value 6")


def test_dragging_the_slider_to_its_end_reaches_the_kernel(lab_page: Page, jupyter_lab: Lab):
    path = new_notebook(jupyter_lab, [SLIDER, "print('value', slider.value)"], "drag.ipynb")
    open_notebook(lab_page, jupyter_lab, path)
    run_all(lab_page)
    handle = lab_page.locator(".widget-slider .noUi-handle").bounding_box()
    track = lab_page.locator(".widget-slider .noUi-target").bounding_box()
    lab_page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    lab_page.mouse.down()
    lab_page.mouse.move(track["x"] + track["width"] + 20, track["y"], steps=8)
    lab_page.mouse.up()
    expect(lab_page.locator(".widget-slider .widget-readout")).to_have_text("10")
    run_last_cell_again(lab_page)
    expect(lab_page.locator(".jp-OutputArea-output").last).to_contain_text("value 10")


def test_first_screen_is_free_of_questions(lab_page: Page, jupyter_lab: Lab):
    path = new_notebook(jupyter_lab, ["1 + 1"], "quiet.ipynb")
    open_notebook(lab_page, jupyter_lab, path)
    run_all(lab_page)
    expect(lab_page.locator(".jp-OutputArea-output").last).to_have_text("2")
    assert lab_page.locator(".jp-Dialog, .Toastify__toast").count() == 0
