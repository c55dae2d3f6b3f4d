"""The chart of models under a budget in a real browser: the line by mouse and by key, the ring, another cost."""

import pytest
from harness import settle, violations
from playwright.sync_api import expect

from kdlab.ui.panels.budget import Budget


def model(name, role, accuracy, size, micro):
    taught = {"teacher": "the teacher", "student": "taught", "labels": "trained on labels only"}[role]
    costs = {"bytes": size, "macs": 3 * size, "microseconds": micro}
    return {"name": name, "role": role, "taught": taught, "accuracy": accuracy, **costs}


@pytest.fixture(scope="module")
def view():
    models = [
        model("conv", "labels", 0.77, 17_000, 90.0), model("conv", "student", 0.80, 17_000, 90.0),
        model("wide", "labels", 0.78, 800_000, 60.0), model("wide", "student", 0.83, 800_000, 60.0),
        model("net", "teacher", 0.89, 830_000, 210.0),
    ]  # fmt: skip
    return Budget(models, budget=100_000)


def best(page) -> str:
    return page.locator(".kd-budget-words").get_attribute("data-best")


def at(page, axis="bytes") -> float:
    return float(page.locator(f"[data-name='budget {axis}']").get_attribute("data-value"))


def test_the_line_is_dragged_and_the_ring_follows(view_page, view):
    page = view_page(view)
    assert best(page) == "conv, taught"
    box = page.locator(".kd-budget-stage").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 15, middle, steps=8)
    page.mouse.up()
    settle(page)
    assert at(page) > 830_000
    assert best(page) == "net, the teacher"
    assert page.evaluate("window.saved.at(-1).budgets.bytes") == pytest.approx(at(page))
    page.mouse.move(box["x"] + 50, middle)  # not held any more
    settle(page)
    assert best(page) == "net, the teacher"
    line = page.locator(".kd-budget-line").get_attribute("x1")
    grip = page.locator(".kd-budget-grip").get_attribute("cx")
    assert line == grip


def test_the_line_moves_by_keyboard_and_nothing_may_fit(view_page, view):
    page = view_page(view)
    slider = page.get_by_role("slider", name="Budget: bytes in memory")
    slider.focus()
    page.keyboard.press("Home")
    settle(page)
    assert page.locator(".kd-budget-best").count() == 0
    expect(page.locator(".kd-budget-words")).to_contain_text("None of 5 within")
    page.keyboard.press("End")
    settle(page)
    assert best(page) == "net, the teacher"


def test_time_is_another_budget_with_a_line_of_its_own(view_page, view):
    page = view_page(view)
    page.get_by_role("radio", name="time").check()
    settle(page)
    assert at(page, "microseconds") == view.budgets["microseconds"]
    slider = page.get_by_role("slider", name="Budget: µs for one answer")
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("PageUp")
    settle(page)
    limit = at(page, "microseconds")
    wanted = view.best(limit, "microseconds")
    assert best(page) == f"{wanted['name']}, {wanted['taught']}"
    page.get_by_role("radio", name="bytes").check()
    settle(page)
    assert at(page) == view.budgets["bytes"]


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, view, dark):
    page = view_page(view, dark=dark)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == len(view.models)
    assert page.locator(".kd-values tbody th").first.inner_text() == "net, the teacher"
    assert violations(page) == []
