"""The schedule editor in a real browser: points by pointer and keys, and numbers against those of the package."""

import pytest
from harness import drag, settle, value, violations

from kdlab.ui.panels.schedule import PRESETS, ScheduleEditor

POINTS = ".kd-schedule-stage[data-knob={}] [role=slider]"


@pytest.fixture
def editor() -> ScheduleEditor:
    return ScheduleEditor(steps=101, step=26)


def drawn(page, editor) -> dict:
    """What is drawn now, taken over into the editor, which refuses what no recipe could have."""
    editor.schedule = page.evaluate("window.model.get('schedule')")
    return editor.schedule


def told(page) -> tuple[float, float]:
    """Alpha and T of the step that is looked at."""
    words = page.locator(".kd-schedule-words")
    return float(words.get_attribute("data-alpha")), float(words.get_attribute("data-temperature"))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("step", [1, 40, 52, 101])
def test_the_values_of_a_step_are_those_of_the_package(view_page, editor, preset, step):
    editor.schedule, editor.step = PRESETS[preset], step
    page = view_page(editor, width=860)
    now = editor.at(step)
    assert told(page) == pytest.approx((now.alpha, now.temperature))
    assert page.get_by_role("radio", name=preset).is_checked()


def test_a_point_is_dragged_and_the_code_can_be_run(view_page, editor):
    page = view_page(editor, width=860)
    box = page.locator(POINTS.format("alpha")).nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 150, box["y"] - 60, steps=8)
    page.mouse.up()
    settle(page)
    [first, (share, moved)] = drawn(page, editor)["alpha"]
    assert first == [0.0, 1.0]
    assert 0.3 < share < 0.8
    assert 0.2 < moved < 0.8
    code = page.locator(".kd-schedule-code").inner_text()
    made = eval(code, {"Recipe": lambda schedule: schedule})
    assert made == editor.schedule
    assert not page.get_by_role("radio", name="alpha falls").is_checked()


def test_no_point_is_dragged_past_its_neighbour_or_off_the_chart(view_page, editor):
    page = view_page(editor, width=860)
    box = page.locator(POINTS.format("temperature")).nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(2, box["y"] + 400, steps=8)
    page.mouse.up()
    settle(page)
    assert drawn(page, editor)["temperature"] == [[0.0, 2.0], [0.01, 0.5]]


def test_points_by_keys_added_and_removed(view_page, editor):
    page = view_page(editor, width=860)
    page.get_by_role("button", name="Add a point to alpha").click()
    settle(page)
    assert drawn(page, editor)["alpha"] == [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]
    page.get_by_role("slider", name="alpha, point 2 of 3").focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    settle(page)
    assert drawn(page, editor)["alpha"] == [[0.0, 1.0], [0.45, 0.6], [1.0, 0.0]]
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Remove the last point of temperature T").click()
    settle(page)
    assert drawn(page, editor) == {"alpha": [[0.0, 1.0], [1.0, 0.0]], "temperature": [[0.0, 2.0]]}
    assert page.get_by_role("button", name="Remove the last point of temperature T").is_disabled()
    assert told(page) == pytest.approx((0.75, 2.0))


def test_another_step_is_looked_at(view_page, editor):
    page = view_page(editor, width=860)
    drag(page, "Step", 0.5)
    step = int(value(page, "[data-name=step]"))
    assert 45 < step < 57
    assert told(page)[0] == pytest.approx(1 - (step - 1) / 100)
    assert f"Step {step} of 101" in page.locator(".kd-schedule-words").inner_text()


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, editor, dark):
    page = view_page(editor, dark=dark, width=860)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == 11
    assert violations(page) == []
