"""Features and Relations in a real Chromium: colours of maps and matrices, pairs, CKA, and the pickers."""

import base64

import numpy as np
import pytest
from harness import settle, value
from panel_examples import features, relations, similarity, vectors

from kdlab.ui.panels import pack

CELL = """([selector, row, column]) => {
  const c = document.querySelector(selector);
  return [...c.getContext("2d").getImageData(column, row, 1, 1).data];
}"""


def test_maps_have_the_colours_of_their_values(view_page):
    view = features()
    page = view_page(view, width=780)
    across = {g["name"]: min(8, g["tiles"]) for g in view.groups}
    for group in view.groups:
        codes = np.frombuffer(view.data, np.uint8)[group["offset"] :][: group["tiles"] * 35].reshape(-1, 7, 5)
        for place in (codes.argmax(), codes.argmin()):
            k, r, c = np.unravel_index(place, codes.shape)
            spot = [int(k // across[group["name"]] * 8 + r), int(k % across[group["name"]] * 6 + c)]
            seen = page.evaluate(CELL, [f'[data-group="{group["name"]}"] canvas', *spot])
            if group["who"] == "difference":
                end = np.array([0, 114, 178] if codes[k, r, c] > 128 else [213, 94, 0])
                wanted = 247 + (end - 247) * abs(float(codes[k, r, c]) - 128) / 127
            else:
                wanted = [254, 232, 56] if codes[k, r, c] == 255 else [0, 34, 78] if codes[k, r, c] == 0 else None
            if wanted is not None:
                np.testing.assert_allclose(seen[:3], wanted, atol=1.01, err_msg=group["name"])
        assert value(page, f'[data-group="{group["name"]}"] [data-name="high"]') == group["high"]
        assert value(page, f'[data-group="{group["name"]}"] [data-name="low"]') == group["low"]
    assert "16 of 20 channels" in page.locator('[data-group="maps-teacher"]').inner_text()


def test_bars_of_a_vector_are_as_high_as_its_units(view_page):
    view = vectors()
    page = view_page(view, width=780)
    group = next(g for g in view.groups if g["name"] == "maps-student")
    units = view.values(group).ravel()
    boxes = page.locator('[data-group="maps-student"] path').evaluate_all(
        "all => all.map((n) => [n.getBBox().y, n.getBBox().height])"
    )
    zero = page.locator('[data-group="maps-student"] .kd-axis').evaluate("n => n.getBBox().y")
    scale = 52 / (units.max() - units.min())
    assert zero - boxes[0][0] == pytest.approx(units.max() * scale, abs=0.2)
    assert boxes[1][1] == pytest.approx(-units.min() * scale, abs=0.2)


def test_cka_is_shown_in_numbers_with_the_chosen_pair_marked(view_page):
    view = features()
    page = view_page(view, width=780)
    for i, row in enumerate(view.cka["rows"]):
        for j, column in enumerate(view.cka["columns"]):
            cell = page.locator(f'[data-name="cka"][data-row="{row}"][data-column="{column}"]')
            assert float(cell.get_attribute("data-value")) == view.cka["values"][i][j]
            assert cell.inner_text() == f"{view.cka['values'][i][j]:.2f}"
            assert cell.locator("xpath=..").locator("small").inner_text() == f"{view.cka['reference'][i][j]:.2f}"
    chosen = page.locator('[aria-current="true"] [data-name="cka"]')
    assert (chosen.get_attribute("data-row"), chosen.get_attribute("data-column")) == ("stage2", "stage2")


def test_sample_and_layers_are_picked_by_pointer_and_keyboard(view_page):
    page = view_page(features(), width=780)
    page.get_by_role("button", name="Previous sample").click()
    assert page.evaluate("[model.get('sample'), saved.at(-1)]") == [29, {"sample": 29}]  # before the first is the last
    page.get_by_role("button", name="Next sample").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    settle(page)
    assert page.evaluate("saved.at(-1)") == {"sample": 1}
    assert value(page, '[data-name="sample"]') == 1
    page.get_by_label("Layers", exact=True).select_option("stage1 → stage1")
    assert page.evaluate("saved.at(-1)") == {"tap": 0}
    settle(page)
    assert page.locator("[aria-current]").count() == 1
    assert page.locator("[aria-current] b").get_attribute("data-row") == "stage1"


def pair_values(page) -> list[float]:
    return [value(page, f'[data-name="relation"][data-who="{who}"]') for who in ("teacher", "student", "difference")]


def test_the_pointer_reads_a_pair_of_samples(view_page):
    view, (teacher, student, labels) = relations(), similarity()
    page = view_page(view, width=780)
    step = (view.high - view.low) / 255
    for who, (i, j) in (("teacher", (3, 12)), ("student", (30, 0)), ("difference", (9, 27))):
        box = page.locator(f'.kd-matrix-box[data-who="{who}"]').bounding_box()
        page.mouse.move(box["x"] + box["width"] * (j + 0.5) / 32, box["y"] + box["height"] * (i + 0.5) / 32)
        settle(page)
        wanted = [teacher[i, j], student[i, j], teacher[i, j] - student[i, j]]
        np.testing.assert_allclose(pair_values(page), wanted, atol=step * 1.01)
        names = [page.locator(".kd-pair canvas").nth(k).get_attribute("aria-label") for k in (0, 1)]
        assert names == [f"Sample {k + 1}: {view.classes[labels[k]]}" for k in (i, j)]
        image = np.frombuffer(view.images, np.uint8).reshape(32, 6, 6)[j]
        assert page.evaluate(CELL, [".kd-pair figure:nth-of-type(2) canvas", 2, 4])[0] == 255 - image[2, 4]


def test_arrow_keys_read_a_pair_of_samples(view_page):
    view, (teacher, _, _) = relations(), similarity()
    page = view_page(view, width=780)
    page.get_by_role("application").focus()
    for key in (
        "PageUp",
        "Home",
        "ArrowDown",
        "ArrowRight",
        "ArrowRight",
        "Shift+ArrowRight",
        "ArrowLeft",
        "ArrowUp",
        "ArrowUp",
    ):
        page.keyboard.press(key)
    assert pair_values(page)[0] == pytest.approx(teacher[0, 11], abs=(view.high - view.low) / 500)
    page.wait_for_function(
        "document.querySelector('.kd-relations [aria-live]').textContent.startsWith('1 · T-shirt and 12 · Trouser')"
    )


def test_matrices_and_their_difference_have_the_colours_of_their_values(view_page):
    view, (teacher, student, labels) = relations(), similarity()
    page = view_page(view, width=780)
    reach = value(page, '.kd-matrix:nth-of-type(3) [data-name="high"]')
    difference = teacher - student
    assert np.abs(difference).max() <= reach * 1.01
    for place in (difference.argmax(), difference.argmin()):
        i, j = map(int, np.unravel_index(place, difference.shape))
        end = np.array([0, 114, 178] if difference[i, j] > 0 else [213, 94, 0])
        wanted = 247 + (end - 247) * abs(difference[i, j]) / reach
        np.testing.assert_allclose(page.evaluate(CELL, ['[data-who="difference"] canvas', i, j])[:3], wanted, atol=4)
    i, j = map(int, np.unravel_index(teacher.argmin(), teacher.shape))
    blue, yellow = (
        page.evaluate(CELL, ['[data-who="teacher"] canvas', i, j]),
        page.evaluate(CELL, ['[data-who="teacher"] canvas', 4, 4]),
    )
    assert blue[2] > blue[0]
    assert yellow[:3] == [254, 232, 56]  # a sample with itself: 1
    lines = page.locator('[data-who="teacher"] .kd-boundary').evaluate_all(
        "all => all.map((n) => n.getAttribute('d').split('H')[0])"
    )
    assert lines == [f"M0 {k}" for k in (np.flatnonzero(np.diff(labels)) + 1)]
    assert page.locator(".kd-class-names span").all_text_contents() == view.classes


def test_relations_follow_training_and_ask_for_the_other_kind(view_page):
    view, (teacher, _, _) = relations(), similarity()
    page = view_page(view, width=780)
    assert value(page, '[data-name="remaining"]') == view.remaining
    same = base64.b64encode(pack.scaled(teacher, view.low, view.high)).decode()
    page.evaluate(f"setBytes('student', '{same}')")
    page.evaluate("model.set('remaining', 0)")
    settle(page)
    assert pair_values(page)[2] == 0
    assert value(page, '[data-name="remaining"]') == 0
    assert page.evaluate(CELL, ['[data-who="difference"] canvas', 9, 27])[:3] == [247, 247, 247]
    page.get_by_role("radio", name="distance").click()
    assert page.evaluate("saved.at(-1).kind") == "distance"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("saved.at(-1).kind") == "cosine"
