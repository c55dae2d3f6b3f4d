"""Notebook 12 in a real JupyterLab: run to its end, and a discriminator that learns alone freezes the game."""

from harness import settle, value
from lab import open_notebook, run_all


def test_a_discriminator_alone_freezes_the_student(lab_page, jupyter_lab):
    open_notebook(lab_page, jupyter_lab, "notebooks/12-adversarial.ipynb")
    run_all(lab_page, timeout=300)
    game = lab_page.locator(".kd-duel")
    game.scroll_into_view_if_needed()
    before = value(lab_page, ".kd-duel [data-name=pull]")
    game.get_by_role("radio", name="1000").check()
    game.get_by_role("button", name="Discriminator only").click()
    settle(lab_page)
    assert value(lab_page, ".kd-duel [data-name=accuracy]") == 1
    assert value(lab_page, ".kd-duel [data-name=pull]") < before / 10
    assert "too sure" in game.locator(".kd-council-words").inner_text()
