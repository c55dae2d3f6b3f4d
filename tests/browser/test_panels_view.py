"""Curves and Runs in a real Chromium: pointer, keyboard, and the numbers on the screen; axe on all four panels."""

from itertools import combinations

import numpy as np
import pytest
from harness import settle, value, violations
from panel_examples import (
    EMPTY,
    STEPS,
    VIEWS,
    charts,
    curves,
    line,
    rising,
    runs,
)

from kdlab import plots
from kdlab.ui.panels.curves import Curves


def ends(page, chart: str) -> dict[str, float]:
    """The numbers at the ends of a chart's lines."""
    found = page.locator(f'.kd-chart[data-name="{chart}"] .kd-label tspan')
    return {t.get_attribute("data-name"): float(t.get_attribute("data-value")) for t in found.all()}


def cursor(page, chart: str):
    return page.locator(f'.kd-chart[data-name="{chart}"] .kd-chart-cursor')


def overlapping(page, selector: str) -> list:
    """Pairs of texts of one chart whose ink meets: boxes without the halo, less 1 pixel of a line's own leading."""
    boxes = page.locator(selector).evaluate_all(
        "all => all.map((n) => n.getBBox()).map((b) => [b.x, b.y + 1, b.x + b.width, b.y + b.height - 1])"
    )
    assert len(boxes) > 1
    return [(a, b) for a, b in combinations(boxes, 2) if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", [*VIEWS, *EMPTY])
def test_axe_finds_nothing(view_page, name, dark):
    page = view_page((VIEWS | EMPTY)[name](), dark=dark, width=780)
    for summary in page.locator("summary:visible").all():
        summary.click()
    settle(page)
    assert violations(page) == []
    assert page.evaluate("document.querySelector('main').scrollWidth") <= 780


@pytest.mark.parametrize("name", VIEWS)
def test_views_fit_their_place_in_the_workbench(view_page, name):
    page = view_page(VIEWS[name](), width=780)
    assert page.locator(".kd").bounding_box()["height"] <= 470


def test_curves_show_the_last_values_and_the_pointer_reads_every_chart(view_page):
    page = view_page(curves(), width=780)
    for chart in charts():
        wanted = {s["name"]: s["y"][-1] for s in chart["series"]} | {k["name"]: k["y"] for k in chart.get("lines", [])}
        assert ends(page, chart["name"]) == wanted
    assert page.locator(".kd-chart").first.get_attribute("data-name") == "accuracy"  # the large one
    box = cursor(page, "accuracy").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30)
    settle(page)
    middle = STEPS.index(120)
    for chart in charts():
        read = ends(page, chart["name"])
        assert all(read[s["name"]] == s["y"][middle] for s in chart["series"])
        assert value(page, f'[data-name="{chart["name"]}"] [data-name="step"]') == 120
    student = charts()[1]["series"][0]["y"][middle]
    page.wait_for_function(f"document.querySelector('[aria-live]').textContent.includes('student {student:.1f} %')")
    page.mouse.move(box["x"] + box["width"] * 0.5, 700)
    settle(page)
    assert ends(page, "accuracy")["student"] == charts()[1]["series"][0]["y"][-1]


def test_arrow_keys_read_a_chart_and_the_place_outlives_new_values(view_page):
    page = view_page(curves(), width=780)
    one = cursor(page, "kl")
    one.focus()
    y = charts()[0]["series"][0]["y"]
    for key, place in (
        ("ArrowLeft", -2),
        ("ArrowLeft", -3),
        ("ArrowRight", -2),
        ("Home", 0),
        ("PageUp", 10),
        ("End", -1),
        ("PageDown", -11),
    ):
        page.keyboard.press(key)
        assert ends(page, "kl")["student"] == y[place], key
    assert one.get_attribute("aria-valuenow") == str(STEPS[-11])
    assert f"student {y[-11]:.3g}" in one.get_attribute("aria-valuetext")
    page.evaluate("""() => {
      const charts = structuredClone(model.get("charts"));
      const s = charts[0].series[0];
      s.x.push(300); s.y.push(0.5); s.y[s.y.length - 12] = 7;
      model.set("charts", charts);
    }""")  # fmt: skip
    settle(page)
    assert one.evaluate("node => node === document.activeElement")
    assert ends(page, "kl")["student"] == 7
    page.keyboard.press("Escape")
    assert ends(page, "kl")["student"] == 0.5


def test_lines_are_drawn_where_the_axes_say(view_page):
    page = view_page(curves(), width=780)
    at = page.evaluate("""() => {
      const chart = document.querySelector('[data-name="accuracy"]');
      const box = (node) => node.getBoundingClientRect();
      const grid = [...chart.querySelectorAll(".kd-grid")].map((g) => box(g).top);
      const left = [...chart.querySelectorAll(".kd-tick")].filter((t) => t.getAttribute("text-anchor") === "end");
      const path = chart.querySelector('[data-series="student"]');
      const end = path.getPointAtLength(path.getTotalLength());
      return { grid, ticks: left.map((t) => +t.textContent), end: end.y + box(chart.querySelector("svg")).top };
    }""")
    slope, offset = np.polyfit(at["grid"], at["ticks"], 1)
    student = charts()[1]["series"][0]["y"][-1]
    assert slope < 0  # up is more
    assert slope * at["end"] + offset == pytest.approx(student, abs=0.3)


def test_names_and_marks_never_overlap(view_page):
    marks = [
        (40, "T 2 → 4"),
        (44, "alpha 0.9 → 0.5"),
        (48, "T 4 → 8"),
        (200, "learning rate 0.001 → 0.0003"),
        (236, "T 8 → 2"),
    ]
    close = [line(f"run {k}", "other", [v + 0.01 * k for v in rising(80, 1)]) for k in range(8)]
    chart = {
        "name": "a",
        "title": "Accuracy",
        "unit": "%",
        "series": close,
        "marks": [{"x": x, "text": t} for x, t in marks],
    }
    page = view_page(Curves(charts=[chart, *charts()[:1]]), width=780)
    assert overlapping(page, '[data-name="a"] .kd-label') == []
    assert overlapping(page, '[data-name="a"] .kd-mark-text') == []
    assert overlapping(page, '[data-name="kl"] .kd-label') == []
    assert page.locator('[data-name="a"] .kd-mark-text').all_text_contents() == [t for _, t in marks]
    look = page.locator('[data-name="a"] .kd-line').evaluate_all(
        "all => all.map((n) => getComputedStyle(n).stroke + n.getAttribute('stroke-dasharray'))"
    )
    assert len(set(look)) == 8


def test_numbers_read_as_in_the_stills(view_page):
    one = {"name": "a", "title": "Accuracy", "unit": "%"}
    values = [78.25, 78.35, 100.0, 7.05]
    page = view_page(Curves(charts=[{**one, "series": [line(f"s{v}", "other", [v] * 61) for v in values]}]))
    shown = page.locator(".kd-label tspan").all_text_contents()
    assert shown == [plots.reading(v, "%") for v in values]


def test_the_values_table_holds_every_step(view_page):
    page = view_page(curves(), width=780)
    assert page.locator("td").count() == 0  # built only when it is opened
    page.get_by_text("Values").click()
    page.locator("tbody").first.wait_for()
    rows = page.get_by_role("region", name="Validation accuracy, %").locator("tbody tr")
    assert rows.count() == len(STEPS)
    y = charts()[1]["series"]
    assert rows.nth(24).locator("th, td").all_text_contents() == [
        "96",
        *(f"{s['y'][24]:.1f}" for s in y),
        "87.2",
        "T 2 → 4",
    ]


def test_the_table_of_runs_sends_what_is_asked_for(view_page):
    page = view_page(runs(), width=780)
    shares = page.locator('td[data-name="accuracy"]')
    assert [c.get_attribute("data-value") for c in shares.all()] == ["0.797", "0.8123", ""]
    assert shares.all_text_contents() == ["79.7 %", "81.2 %", "–"]
    page.get_by_role("checkbox", name="Show first").click()
    page.get_by_role("checkbox", name="Show second").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Open third").click()
    assert page.evaluate("sent") == [
        {"command": "show", "id": "0", "shown": True},
        {"command": "show", "id": "1", "shown": False},
        {"command": "open", "id": "2"},
    ]
    assert ends(page, "overlay") == {s["name"]: s["y"][-1] for s in runs().chart["series"]}


def test_new_rows_leave_the_focus_where_it_was(view_page):
    page = view_page(runs(), width=780)
    page.get_by_role("checkbox", name="Show second").focus()
    page.evaluate("model.set('rows', structuredClone(model.get('rows')).slice(0, 2))")
    settle(page)
    assert page.locator("tbody tr").count() == 2
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Show second"


def test_a_recipe_is_copied_and_where_it_cannot_be_it_is_selected(view_page):
    page = view_page(runs(), width=780)
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { copied = text; } } })"
    )
    page.get_by_role("button", name="Copy TOML of first").click()
    page.get_by_text("TOML of first copied.").wait_for()
    assert page.evaluate("copied") == runs().rows[0]["toml"]
    page.evaluate("() => { navigator.clipboard.writeText = async () => { throw new Error('denied'); }; }")
    page.get_by_role("button", name="Copy code of second").click()
    box = page.get_by_label("Text to copy")
    box.wait_for()
    assert box.input_value() == runs().rows[1]["code"]
    assert box.evaluate("b => b.value.slice(b.selectionStart, b.selectionEnd)") == runs().rows[1]["code"]
