"""Controls in a real browser, by pointer and by keys."""

import pytest
from harness import drag, settle, slow_timers, value, violations

from kdlab.ui.panels.controls import Controls

COLUMN = {"width": 236, "style": "height: 520px"}
FIELDS = [
    {"name": "method", "label": "Method", "kind": "choice", "group": "Method", "help": "what the loss compares",
     "options": [["soft-targets", "soft-targets", ""], ["dkd", "dkd", ""], ["graph", "graph", "needs a graph"]]},
    {"name": "labelled", "label": "Labelled images", "kind": "choice", "group": "Data", "help": "",
     "options": [[250, "250", ""], [500, "500", ""], ["all", "all 10,000", ""]]},
    {"name": "learning_rate", "label": "Learning rate", "kind": "log", "min": 1e-4, "max": 1e-1, "group": "Training"},
    {"name": "weight", "label": "Weight", "kind": "float", "min": 0.0, "max": 4.0, "step": 0.1, "group": "Training"},
    {"name": "epochs", "label": "Epochs", "kind": "int", "min": 1, "max": 300, "step": 1, "group": "Training"},
    {"name": "decay", "label": "Cosine decay", "kind": "toggle", "group": "Training"},
]  # fmt: skip
VALUES = {"method": "soft-targets", "labelled": 500, "learning_rate": 1e-3, "weight": 1.0, "epochs": 60, "decay": False}
FORMULA = {
    "labels": {"weight": 0.1, "value": 0.7123},
    "terms": [{"name": "soft targets", "symbol": "T² KL(teacher ‖ student)", "weight": 0.9, "value": 0.0481}],
    "total": 0.11452,
    "pull": {"labels": 0.12, "teacher": 0.88, "cosine": -0.43},
}
CHOICES = {
    "type": {"response": "", "feature": "", "relation": ""},
    "scheme": {"offline": "", "online": "needs a second network", "self": ""},
}


def controls(**traits) -> Controls:
    return Controls(**{"fields": FIELDS, "values": VALUES, "formula": FORMULA, "choices": CHOICES, **traits})


def saved(page) -> list:
    settle(page)
    return page.evaluate("window.saved")


def test_a_drag_moves_what_is_looked_at_and_trains_on_release(view_page):
    page = view_page(controls(temperature=2.0, view_temperature=2.0), **COLUMN)
    drag(page, "Temperature", 0.8, release=False)
    looked_at = page.evaluate("window.model.get('view_temperature')")
    assert 8 < looked_at < 12
    assert value(page, '[data-name="temperature"]') == looked_at
    assert page.evaluate("window.model.get('temperature')") == 2.0
    assert saved(page) == []
    page.mouse.up()
    assert saved(page) == [{"temperature": looked_at, "view_temperature": looked_at}]


def test_the_slider_is_logarithmic(view_page):
    page = view_page(controls(), **COLUMN)
    drag(page, "Temperature", 0.5)
    assert page.evaluate("window.model.get('temperature')") == pytest.approx((0.5 * 20) ** 0.5, rel=0.05)


def test_unlocked_both_temperatures_are_apart_until_locked_again(view_page):
    page = view_page(controls(temperature=2.0, view_temperature=2.0), **COLUMN)
    assert not page.get_by_role("slider", name="looked at").is_visible()
    page.get_by_role("button", name="view T = train T").click()
    drag(page, "looked at", 0.9)
    seen = page.evaluate("window.model.get('view_temperature')")
    assert seen > 10
    assert page.evaluate("window.model.get('temperature')") == 2.0
    drag(page, "Temperature", 0.2)
    assert page.evaluate("window.model.get('view_temperature')") == seen
    trained = page.evaluate("window.model.get('temperature')")
    assert trained < 1.5
    page.get_by_role("button", name="view T is its own").click()
    assert saved(page)[-1] == {"locked": True, "view_temperature": trained}
    assert not page.get_by_role("slider", name="looked at").is_visible()


def test_where_a_method_has_no_temperature_the_slider_says_why_and_one_can_still_look(view_page):
    page = view_page(controls(temperature_used=False, temperature_reason="hint knows no temperature"), **COLUMN)
    assert page.get_by_role("slider", name="Temperature").is_disabled()
    assert page.get_by_text("hint knows no temperature").is_visible()
    drag(page, "looked at", 0.9)
    assert page.evaluate("window.model.get('view_temperature')") > 10


def test_alpha_by_drag_and_by_keys(view_page):
    page = view_page(controls(alpha=0.9), **COLUMN)
    drag(page, "Alpha", 0.25)
    assert saved(page) == [{"alpha": pytest.approx(0.25, abs=0.011)}]
    slow_timers(page)
    page.get_by_role("slider", name="Alpha").press("Home")
    assert value(page, '[data-name="alpha"]') == 0
    page.keyboard.press("ArrowRight")
    page.wait_for_function("window.saved.length > 1")
    assert saved(page)[1:] == [{"alpha": 0.01}]  # two keys, one change of the training


def test_a_value_from_the_kernel_moves_the_slider(view_page):
    page = view_page(controls(alpha=0.9), **COLUMN)
    page.evaluate("window.model.set('alpha', 0.5)")
    settle(page)
    assert value(page, '[data-name="alpha"]') == 0.5
    assert page.get_by_role("slider", name="Alpha").input_value() == "500"


def test_type_and_scheme_by_click_and_arrow_and_a_reason_where_there_is_no_choice(view_page):
    page = view_page(controls(), **COLUMN)
    page.get_by_role("radio", name="feature").click()
    assert saved(page) == [{"type": "feature"}]
    page.keyboard.press("ArrowRight")
    assert saved(page)[-1] == {"type": "relation"}
    online = page.get_by_role("radio", name="online")
    assert online.is_disabled()
    assert online.get_attribute("aria-description") == "needs a second network"
    assert page.get_by_title("needs a second network").is_visible()
    page.get_by_role("radio", name="offline").focus()
    page.keyboard.press("ArrowRight")  # steps over what is disabled
    assert saved(page)[-1] == {"scheme": "self"}


def test_the_folded_part_opens_and_each_kind_of_field_writes_its_value(view_page):
    page = view_page(controls(), **COLUMN)
    page.get_by_text("More").click()
    assert saved(page) == [{"more": True}]

    def last() -> list:
        settle(page)
        return list(page.evaluate("window.sent").pop().values())

    page.get_by_label("Labelled images").select_option("250")
    assert last() == ["field", "labelled", 250]  # a number stays a number
    page.get_by_label("Labelled images").select_option("all 10,000")
    assert last() == ["field", "labelled", "all"]
    assert page.get_by_label("Method").locator("option", has_text="needs a graph").is_disabled()
    page.get_by_label("Epochs").fill("400")
    page.get_by_label("Epochs").press("Enter")
    assert last() == ["field", "labelled", "all"]  # not allowed: nothing is said
    page.get_by_label("Epochs").fill("12")
    page.get_by_label("Epochs").press("Enter")
    assert last() == ["field", "epochs", 12]
    page.get_by_label("Cosine decay").check()
    assert last() == ["field", "decay", True]
    page.get_by_role("slider", name="Learning rate").scroll_into_view_if_needed()
    page.get_by_role("slider", name="Learning rate").press("End")
    page.wait_for_function("window.sent.at(-1).value === 0.1")
    assert last() == ["field", "learning_rate", 0.1]
    page.get_by_role("slider", name="Weight").press("ArrowRight")
    page.wait_for_function("window.sent.at(-1).name === 'weight'")
    assert last() == ["field", "weight", 1.1]
    assert page.evaluate("window.sent.filter((m) => m.name === 'epochs').length") == 1  # Enter and leaving: said once


def test_a_late_answer_of_the_kernel_neither_undoes_what_was_typed_nor_is_said_back(view_page):
    page = view_page(controls(more=True), **COLUMN)
    epochs = page.get_by_label("Epochs")
    answer = "([fields, values]) => { window.model.set('fields', fields); window.model.set('values', values); }"
    epochs.fill("1")
    page.evaluate(answer, [FIELDS, VALUES | {"labelled": 250}])  # to what was done before
    settle(page)
    assert epochs.input_value() == "1"
    epochs.fill("12")
    page.evaluate(answer, [FIELDS[1:], VALUES])  # fields are built anew: the box with 12 is gone, which counts as left
    settle(page)
    epochs.press("Enter")  # in the new box, where nobody has typed
    settle(page)
    said = page.evaluate("window.sent.filter((m) => m.name === 'epochs').map((m) => m.value)")
    assert said == [12]


MOVING = {"now": {"temperature": 1.5, "learning_rate": 2e-3}, "ends": {"temperature": 1.0, "learning_rate": 1e-4}}


def test_a_knob_that_moves_by_itself_stands_where_it_is_and_a_hand_on_it_is_told_apart(view_page):
    page = view_page(controls(more=True, temperature=4.0, **MOVING), **COLUMN)
    assert value(page, '[data-name="temperature"]') == 1.5
    assert page.locator("[data-control=temperature] .kd-aside").inner_text() == "→ 1.0"
    page.evaluate("window.model.set('now', { temperature: 1.2, learning_rate: 0.001 })")
    settle(page)
    assert value(page, '[data-name="temperature"]') == 1.2
    assert value(page, '[data-name="learning_rate"]') == 0.001
    assert not page.locator("[data-control=alpha] .kd-aside").is_visible()
    drag(page, "Temperature", 0.5)
    page.get_by_role("slider", name="Learning rate").press("End")
    page.wait_for_function("window.sent.length === 2")
    first, second = page.evaluate("window.sent")
    assert (first["command"], first["knob"]) == ("turn", "temperature")
    assert first["value"] == pytest.approx((0.5 * 20) ** 0.5, rel=0.05)
    assert second == {"command": "turn", "knob": "learning_rate", "value": 0.1}
    assert saved(page) == []  # else the kernel could not tell a hand from the knob's own way


def test_alpha_says_why_it_cannot_be_turned(view_page):
    page = view_page(controls(alpha=0.9, alpha_fixed=0.0, alpha_note="no teacher: labels alone"), **COLUMN)
    assert page.get_by_role("slider", name="Alpha").is_disabled()
    assert value(page, '[data-name="alpha"]') == 0
    assert page.get_by_text("no teacher: labels alone").is_visible()
    page.evaluate("window.model.set('alpha_fixed', null)")
    settle(page)
    assert value(page, '[data-name="alpha"]') == 0.9


def test_a_group_is_folded_until_somebody_opens_it_and_an_action_says_why_it_cannot_be_done(view_page):
    teach = {"name": "teach", "label": "Use as teacher", "kind": "action", "group": "Teacher", "reason": ""}
    tune = {
        "name": "tune",
        "label": "Tuning",
        "kind": "int",
        "min": 0,
        "max": 9,
        "group": "Fine-tuning",
        "folded": True,
    }
    page = view_page(controls(more=True, fields=[teach, tune], values={"tune": 0}), **COLUMN)
    page.get_by_role("button", name="Use as teacher").click()
    assert page.evaluate("window.sent") == [{"command": "teach"}]
    assert not page.get_by_label("Tuning").is_visible()
    page.get_by_text("Fine-tuning").click()
    assert page.get_by_label("Tuning").is_visible()
    page.evaluate("f => window.model.set('fields', f)", [{**teach, "reason": "train first"}, tune])
    settle(page)
    assert page.get_by_label("Tuning").is_visible()  # what somebody has opened stays so
    assert page.get_by_role("button", name="Use as teacher").is_disabled()
    assert page.get_by_title("train first").is_visible()


def test_open_the_column_scrolls_inside_itself_and_the_formula_stays(view_page):
    page = view_page(controls(more=True), **COLUMN)
    column = page.locator(".kd-controls").bounding_box()
    box = page.locator(".kd-formula").bounding_box()
    assert column["height"] == 520
    assert box["y"] + box["height"] <= column["y"] + column["height"]
    last = page.get_by_label("Cosine decay")
    last.scroll_into_view_if_needed()
    at = last.bounding_box()
    assert at["y"] + at["height"] <= box["y"]
    assert page.evaluate("document.querySelector('.kd-controls').scrollWidth") <= 236


def test_closed_everything_fits_without_scrolling_also_with_all_notes(view_page):
    page = view_page(
        controls(
            locked=False,
            alpha_note="below 1: labels train the classifier",
            notice="self-distillation needs depth: the student is now conv-8",
        ),
        **COLUMN,
    )  # fmt: skip
    knobs = page.evaluate(
        "(() => { const k = document.querySelector('.kd-knobs'); return [k.scrollHeight, k.clientHeight]; })()"
    )
    assert knobs[0] <= knobs[1]
    assert page.get_by_role("status").inner_text() == "self-distillation needs depth: the student is now conv-8"


def test_the_formula_has_the_live_numbers(view_page):
    page = view_page(controls(), **COLUMN)
    assert (
        page.locator('[data-name="formula"]').inner_text().replace("\n", "")
        == "(1 − α) CE + α T² KL(teacher ‖ student)"
    )
    assert value(page, '[data-name="weight"][data-term="labels"]') == 0.1
    assert value(page, '[data-name="term"][data-term="soft targets"]') == 0.0481
    assert page.locator('[data-name="loss"]').inner_text() == "0.10 · 0.71 + 0.90 · 0.048 = 0.11"
    assert value(page, '[data-name="total"]') == 0.11452
    assert (
        page.locator('[data-name="pull"]').inner_text()
        == "pull on the student: labels 12 %, teacher 88 %, opposed (cosine −0.43)"
    )
    page.evaluate("f => window.model.set('formula', f)", {**FORMULA, "labels": None, "pull": None, "total": 0.0433})
    settle(page)
    assert page.locator('[data-name="formula"]').inner_text() == "T² KL(teacher ‖ student)"
    assert page.locator('[data-name="loss"]').inner_text() == "0.90 · 0.048 = 0.043"
    assert not page.locator('[data-name="pull"]').is_visible()
    page.evaluate("window.model.set('formula', {})")
    settle(page)
    assert "once a step is done" in page.locator('[data-name="formula"]').inner_text()


def test_symbols_and_controls_show_each_other(view_page):
    page = view_page(controls(), **COLUMN)
    lit = "() => [...document.querySelectorAll('.kd-lit')].map(e => e.dataset.control ?? e.dataset.symbol)"
    page.get_by_role("button", name="T: go to temperature").hover()
    assert page.evaluate(lit) == ["temperature", "temperature"]
    page.get_by_role("slider", name="Alpha").hover()
    assert page.evaluate(lit) == ["alpha", "alpha"]  # both α of the formula
    page.get_by_role("button", name="T: go to temperature").click()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Temperature"


EXAMPLES = {
    "controls": lambda: controls(locked=False, more=True, notice="the student is now conv-8"),
    "moving": lambda: controls(more=True, **MOVING),
    "no-temperature": lambda: controls(temperature_used=False, temperature_reason="none"),
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_axe_finds_nothing(view_page, name, dark):
    page = view_page(EXAMPLES[name](), dark=dark, **COLUMN)
    assert violations(page) == []
