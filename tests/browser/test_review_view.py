"""The label review in a real browser: keys and clicks, and counts on the screen against those of the package."""

import pytest
import torch
from harness import settle, value, violations

from kdlab.ui.panels.review import Review

CLASSES = ["a", "b", "c"]
X = torch.rand(20, 1, 6, 6, generator=torch.Generator().manual_seed(0))
TRUTH = torch.arange(20) % 3
GIVEN = torch.where(torch.arange(20) < 4, (TRUTH + 1) % 3, TRUTH)


@pytest.fixture
def review(tmp_path) -> Review:
    logits = 3.0 * torch.nn.functional.one_hot(TRUTH, 3) + 0.01 * torch.arange(20)[:, None]
    return Review(X, GIVEN, TRUTH, logits, CLASSES, looked=8, folder=tmp_path)


def decisions(page) -> dict:
    return page.evaluate("window.model.get('decisions')")


def test_keys_relabel_keep_and_leave_open_and_python_reads_the_same(view_page, review):
    page = view_page(review, width=880)
    right = [key.label for key in review.answer_key(8)]
    page.locator("[data-act=next]").focus()
    page.keyboard.press(str(right[0]))
    page.keyboard.press("k")
    page.keyboard.press("u")
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert value(page, "[data-name=place]") == 3
    review.decisions = decisions(page)
    said = [next(d for d in review.decided() if d.row == key.row) for key in review.answer_key(3)]
    assert [d.verdict for d in said] == ["relabel", "keep", "unsure"]
    assert said[0].label == right[0]
    words = page.locator(".kd-review-words").inner_text()
    assert "3 looked at: 1 wrong labels found, 2 passed over, 0 right ones changed" in words


def test_a_class_is_clicked_and_the_own_label_means_keep(view_page, review):
    page = view_page(review, width=880)
    key = review.answer_key(1)[0]
    page.get_by_role("button", name=f"Relabel as {CLASSES[GIVEN[key.row]]};").click()
    settle(page)
    assert [d["verdict"] for d in decisions(page).values()] == ["keep"]
    page.get_by_role("button", name="Back", exact=True).click()
    page.get_by_role("button", name=f"Relabel as {CLASSES[key.label]};").click()
    settle(page)
    assert [d["verdict"] for d in decisions(page).values()] == ["relabel"]


@pytest.mark.parametrize("how", ["by disagreement", "random"])
def test_the_answer_key_finds_what_the_package_says(view_page, review, how):
    page = view_page(review, width=880)
    page.get_by_role("radio", name=how).check()
    page.get_by_role("button", name="Let the answer key do the rest").click()
    settle(page)
    assert value(page, f"[data-order='{how}']") == review.found(how)[-1]
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == 9
    page.get_by_role("button", name="Clear").click()
    settle(page)
    assert decisions(page) == {}


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible(view_page, review, dark):
    page = view_page(review, dark=dark, width=880)
    page.get_by_role("button", name="Let the answer key do the rest").click()
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert violations(page) == []
