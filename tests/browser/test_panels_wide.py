"""Matcher, relations, scheme and ledger in a real Chromium: first each view alone, then the workbench in JupyterLab."""

from __future__ import annotations

import numpy as np
import pytest
from harness import settle, violations
from panel_examples import features, units

# --- the layer matcher alone ---


def layer(page, side: str, name: str):
    return page.locator(f".kd-matcher button[data-side={side}][data-layer={name}]")


def drag_between(page, one, other) -> None:
    """From the middle of one layer to the middle of another, with a real pointer."""
    a, b = one.bounding_box(), other.bounding_box()
    page.mouse.move(a["x"] + a["width"] / 2, a["y"] + a["height"] / 2)
    page.mouse.down()
    page.mouse.move(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2, steps=8)
    page.mouse.up()
    page.wait_for_timeout(50)


def says(page) -> str:
    return page.locator(".kd-matcher-says").inner_text()


def test_a_link_is_drawn_by_dragging_from_either_side(view_page):
    page = view_page(features(), width=700)
    drag_between(page, layer(page, "teacher", "stage1"), layer(page, "student", "stage2"))
    assert page.evaluate("sent") == [{"command": "link", "teacher": "stage1", "student": "stage2"}]
    drag_between(page, layer(page, "student", "stage1"), layer(page, "teacher", "embedding"))
    assert page.evaluate("sent.at(-1)") == {"command": "link", "teacher": "embedding", "student": "stage1"}
    drag_between(page, layer(page, "teacher", "stage1"), layer(page, "teacher", "stage2"))  # on its own side
    drag_between(page, layer(page, "teacher", "stage2"), page.locator(".kd-cka"))  # beside everything
    drag_between(page, layer(page, "teacher", "stage2"), layer(page, "student", "stage2"))  # joined already
    assert page.evaluate("sent.length") == 2
    assert says(page) == "these two are joined already"
    assert page.locator(".kd-matcher [aria-pressed=true]").count() == 0  # a drag is no pick


def test_a_link_is_drawn_and_dropped_by_keys(view_page):
    page = view_page(features(), width=700)
    layer(page, "teacher", "embedding").focus()
    page.keyboard.press("Enter")
    assert says(page).startswith("embedding is picked: now a layer of the student")
    layer(page, "student", "stage1").focus()
    page.keyboard.press("Space")
    assert page.evaluate("sent") == [{"command": "link", "teacher": "embedding", "student": "stage1"}]
    layer(page, "teacher", "stage1").press("Enter")
    layer(page, "teacher", "stage1").press("Escape")
    layer(page, "student", "stage1").press("Enter")  # nothing is picked: this picks
    assert page.evaluate("sent.length") == 1
    assert layer(page, "student", "stage1").get_attribute("aria-pressed") == "true"
    link = page.get_by_role("button", name="Link stage2 with stage2: the loss compares them; Delete drops it")
    link.focus()
    page.keyboard.press("Delete")
    assert page.evaluate("sent.at(-1)") == {"command": "drop", "teacher": "stage2", "student": "stage2"}
    layer(page, "teacher", "stage2").press("Delete")  # a layer's own links
    assert page.evaluate("sent.length") == 3


def test_a_link_ends_at_its_layers_and_a_click_drops_it(view_page):
    page = view_page(features(), width=700)
    left, top, right = page.locator(".kd-link-line").evaluate(
        "n => { const box = n.getBoundingClientRect(); return [box.left, box.top, box.right]; }"
    )
    ends = [layer(page, side, "stage2").bounding_box() for side in ("teacher", "student")]
    assert left == pytest.approx(ends[0]["x"] + ends[0]["width"], abs=1)
    assert right == pytest.approx(ends[1]["x"], abs=1)
    assert top == pytest.approx(ends[0]["y"] + ends[0]["height"] / 2, abs=1)
    page.mouse.click((left + right) / 2, top + 4)
    assert page.evaluate("sent") == [{"command": "drop", "teacher": "stage2", "student": "stage2"}]
    assert page.locator(".kd-link-compared").count() == 1
    page.evaluate("""model.set("links", [{teacher: "stage1", student: "stage2", state: "next"}])""")
    settle(page)
    assert page.locator(".kd-link").get_attribute("class") == "kd-link kd-link-next"
    dashed = page.locator(".kd-link-line").evaluate("n => getComputedStyle(n).strokeDasharray")
    assert dashed != "none"  # seen without colour


def test_a_refused_link_says_why_and_tells_nobody(view_page):
    view = features()
    reason = "attention-transfer compares feature maps, and embedding is a vector"
    view.teacher_layers = [
        {**one, "reason": reason if one["name"] == "embedding" else ""} for one in view.teacher_layers
    ]
    page = view_page(view, width=700)
    drag_between(page, layer(page, "teacher", "embedding"), layer(page, "student", "stage1"))
    assert says(page) == reason
    assert layer(page, "teacher", "embedding").get_attribute("aria-description") == reason
    page.evaluate("model.set('refused', 'hint needs a link: draw another one first')")
    layer(page, "teacher", "stage1").click()
    assert says(page) == "hint needs a link: draw another one first"
    page.evaluate("model.set('refused', '')")
    page.evaluate("model.set('refusal', 'soft-targets compares answers')")
    settle(page)
    layer(page, "student", "stage1").click()
    assert says(page) == "soft-targets compares answers"
    assert page.evaluate("sent") == []


def test_units_have_the_colours_of_their_values_beside_their_classes(view_page):
    view = units()
    page = view_page(view, width=700)
    for who, count in (("teacher", 12), ("student", 6)):
        group = next(g for g in view.groups if g["who"] == who)
        codes = np.frombuffer(view.data, np.uint8)[group["offset"] :][: 5 * count].reshape(5, count)
        seen = page.locator(f"[data-group=units-{who}] canvas").evaluate_all(
            "all => all.map(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])"
        )
        pixels = np.concatenate([np.array(part).reshape(-1, count, 4) for part in seen])
        assert pixels.shape == (5, count, 4)
        assert pixels[np.unravel_index(codes.argmax(), codes.shape)][:3].tolist() == [254, 232, 56]
        assert pixels[np.unravel_index(codes.argmin(), codes.shape)][:3].tolist() == [0, 34, 78]
    names = page.locator("[data-group=units-teacher] .kd-units-names span").all_inner_texts()
    assert names == ["this sample", "", *view.classes]
    last = page.locator("[data-group=units-teacher] .kd-units-names span").last.bounding_box()
    canvas = page.locator("[data-group=units-teacher] canvas").last.bounding_box()
    assert last["y"] + last["height"] == pytest.approx(canvas["y"] + canvas["height"], abs=1)
    page.get_by_text("Values").click()
    table = page.get_by_role("region", name="student · embedding: units by the class they answer the most")
    drawn = view.values(next(g for g in view.groups if g["who"] == "student"))[0, 1:]
    counts = [int(row.split("\t")[1]) for row in table.inner_text().splitlines()[-4:]]
    assert counts == [(drawn.argmax(0) == k).sum() for k in range(4)]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("made", [features, units])
def test_the_wider_views_shut_nobody_out(view_page, made, dark):
    page = view_page(made(), width=700, dark=dark)
    layer(page, "teacher", "stage1").click()
    assert violations(page) == []
