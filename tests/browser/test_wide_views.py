"""Matcher, units, angles, scheme and ledger in a real Chromium, each view alone."""

from __future__ import annotations

import numpy as np
import pytest
from harness import settle, value, violations
from panel_examples import features, run_ledger, scheme, seen_from, units
from playwright.sync_api import expect

from kdlab.ui.panels.relations import angles

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


# --- angles alone ---


def told(page) -> list[float]:
    names = ("teacher", "student", "difference")
    return [value(page, f"[data-name=relation][data-who={who}]") for who in names]


def wanted(view, i, j):
    both = (np.frombuffer(data, np.float32).reshape(32, 32) for data in (view.teacher, view.student))
    t, s = (angles(distances, view.vertex)[i, j] for distances in both)
    return [t, s, t - s]


def cell(page, who: str, i: int, j: int) -> tuple[float, float]:
    """Where on the page a pair of samples is."""
    box = page.locator(f".kd-matrix-box[data-who={who}]").bounding_box()
    return box["x"] + box["width"] * (j + 0.5) / 32, box["y"] + box["height"] * (i + 0.5) / 32


def test_the_pointer_reads_an_angle(view_page):
    view = seen_from(3)
    page = view_page(view, width=700)
    for who, (i, j) in (("teacher", (5, 12)), ("student", (30, 0)), ("difference", (9, 27))):
        page.mouse.move(*cell(page, who, i, j))
        settle(page)
        np.testing.assert_allclose(told(page), wanted(view, i, j), atol=1e-3)
        assert page.locator(".kd-pair [data-who=teacher]").inner_text() == f"{wanted(view, i, j)[0]:.1f}°"
    assert page.locator(".kd-vertex figcaption").inner_text() == "seen from 4 · T-shirt"
    assert value(page, "[data-name=remaining]") == pytest.approx(view.remaining, rel=1e-4)


def test_a_click_looks_from_the_rows_sample_with_no_kernel(view_page):
    view = seen_from(3)
    page = view_page(view, width=700)
    page.mouse.click(*cell(page, "student", 20, 6))
    settle(page)
    assert page.evaluate("saved.at(-1)") == {"vertex": 20}
    view.vertex = 20  # as the kernel would hear it
    page.mouse.move(*cell(page, "teacher", 11, 6))
    settle(page)
    np.testing.assert_allclose(told(page), wanted(view, 11, 6), atol=1e-3)
    assert value(page, "[data-name=remaining]") == pytest.approx(view.remaining, rel=1e-4)
    page.mouse.move(*cell(page, "teacher", 20, 6))  # the vertex itself makes no angle
    settle(page)
    assert page.locator(".kd-pair [data-who=teacher]").inner_text() == "–"


def test_arrow_keys_choose_the_vertex(view_page):
    view = seen_from(3)
    page = view_page(view, width=700)
    page.get_by_role("application").focus()
    for key in ("PageUp", "Home", "ArrowDown", "ArrowDown", "Enter", "PageDown", "ArrowRight"):
        page.keyboard.press(key)
    settle(page)
    assert page.evaluate("saved.at(-1)") == {"vertex": 2}
    view.vertex = 2
    np.testing.assert_allclose(told(page), wanted(view, 31, 1), atol=1e-3)
    assert page.locator("[data-who=teacher] .kd-seen").get_attribute("d") == "M0 2.5H32M2.5 0V32"
    page.wait_for_function("document.querySelector('.kd-relations [aria-live]').textContent.includes('seen from 3')")


# --- scheme and ledger alone ---


def test_the_diagram_says_what_it_draws_and_lights_up_while_it_runs(view_page):
    view = scheme()
    page = view_page(view, width=700)
    picture = page.get_by_role("img")
    assert picture.get_attribute("aria-label") == f"online · mutual: {' '.join(view.lines)}"
    assert page.locator(".kd-scheme-lines li").all_inner_texts() == view.lines
    assert page.locator(".kd-node").evaluate_all("all => all.map(n => n.dataset.node)") == ["student", "peer", "labels"]
    flows = page.locator(".kd-flow")
    assert flows.evaluate_all("all => all.map(n => [n.dataset.from, n.dataset.to, n.dataset.kind])") == [
        [a["source"], a["target"], a["kind"]] for a in view.arrows
    ]
    stops = page.locator(".kd-flow-knowledge .kd-stop")
    assert stops.count() == 2  # one for each link, none for labels
    assert page.locator(".kd-flow-labels .kd-stop").count() == 0
    moving = "n => getComputedStyle(n).animationName"
    assert page.locator(".kd-flow-line").first.evaluate(moving) == "kd-stream"
    page.evaluate("model.set('running', false)")
    settle(page)
    assert page.locator(".kd-flow-line").first.evaluate(moving) == "none"
    assert page.locator("[aria-current=step]").inner_text() == "student ⇄ peer"


def test_who_asked_for_no_motion_sees_none(view_page):
    page = view_page(scheme(), width=700)
    page.emulate_media(reduced_motion="reduce")
    assert page.locator(".kd-flow-line").first.evaluate("n => getComputedStyle(n).animationName") == "none"


def test_the_ledger_shows_its_numbers_as_bars_and_in_words(view_page):
    view = run_ledger()
    page = view_page(view, width=700)
    for row in view.rows:
        for name in ("value", "weight", "norm", "share", "cosine"):
            assert value(page, f"[data-name={name}][data-term='{row['name']}']") == row[name]
    widths = page.locator(".kd-run-table .kd-ledger-bar").evaluate_all("all => all.map(n => parseFloat(n.style.width))")
    assert widths == pytest.approx([100 * row["share"] for row in view.rows])
    needles = page.locator(".kd-needle").evaluate_all(
        "all => all.map(n => [n.style.left, n.style.width].map(parseFloat))"
    )
    assert np.array(needles) == pytest.approx(np.array([[50, 50], [50, 0], [30, 20]]), abs=1e-6)
    assert page.locator("[data-name=words]").inner_text() == (
        "After 9 steps the strongest pull on the student is that of “soft targets” (76 %); "
        "the pull of “soft targets” goes at about a right angle to the labels."
    )
    page.get_by_text("Values").click()
    expect(page.get_by_role("region", name="Share of the pull, %").locator("tbody tr")).to_have_count(10)
    page.evaluate("model.set('rows', [])")
    page.evaluate("model.set('charts', [])")
    settle(page)
    assert page.locator(".kd-run-table").is_hidden()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("made", [features, units, seen_from, scheme, run_ledger])
def test_the_wider_views_shut_nobody_out(view_page, made, dark):
    assert violations(view_page(made(), width=700, dark=dark)) == []
