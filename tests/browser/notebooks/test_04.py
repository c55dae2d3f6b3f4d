"""Notebook 04 in a real JupyterLab: it runs, and the race that it has measured is scrubbed and played."""

from harness import value
from lab import open_notebook, run_all
from playwright.sync_api import expect


def test_the_race_that_was_measured_is_scrubbed_and_played(lab_page, jupyter_lab):
    page = lab_page
    open_notebook(page, jupyter_lab, "notebooks/04-a-student-is-born.ipynb")
    run_all(page, 240)
    race = page.locator(".kd-race")
    race.scroll_into_view_if_needed()
    assert value(page, ".kd-race [data-name=step]") == 20
    slider = race.get_by_role("slider", name="Step")
    slider.focus()
    page.keyboard.press("Home")
    words = race.locator(".kd-race-words")
    expect(words).to_contain_text("At step 0 ")
    assert value(page, ".kd-race [data-name=random]") < 0.35  # nobody knows anything yet
    page.keyboard.press("End")
    expect(words).to_contain_text("At step 500 ")
    assert value(page, ".kd-race [data-name=random]") > 0.7
    race.get_by_role("button", name="Play").click()
    expect(race.get_by_role("button", name="Pause")).to_be_visible()
    expect(race.get_by_role("button", name="Play")).to_be_visible()
    expect(words).to_contain_text("At step 500 ")
