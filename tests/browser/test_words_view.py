"""Views of samples that are read instead of looked at, and of a student that nobody teaches."""

import numpy as np
import pytest
from harness import settle, value, violations
from panel_examples import features, relations
from playwright.sync_api import expect
from scipy.special import softmax
from test_soft_targets_view import CLASSES, LABELS, STUDENT, C, N, bar, soft

from kdlab import metrics
from kdlab.ui.panels.soft_targets import SoftTargets

LINES = [f"word {i}: what it means, at some length, number {i}" for i in range(N)]


def alone(**traits) -> SoftTargets:
    """A student without a teacher, of words."""
    view = SoftTargets(lines=LINES, **traits)
    view.show(student=STUDENT, labels=LABELS, classes=CLASSES)
    return view


def test_a_student_alone_shows_what_it_says(view_page):
    view = alone(temperature=2.0)
    page = view_page(view)
    p = softmax(STUDENT.astype(float) / 2, axis=1)
    sample = page.evaluate("window.model.get('sample')")
    assert sample == int(np.argmax(metrics.entropy(STUDENT, 2.0)))  # nobody to disagree with: the least sure first
    for c in range(C):
        assert value(page, bar("student", c)) == pytest.approx(p[sample, c], rel=1e-5)
    assert page.locator('rect[data-who="teacher"]').count() == 0
    assert value(page, '[data-name="student-ece"]') == pytest.approx(metrics.ece(STUDENT, LABELS), abs=1e-6)
    for gone in ("kl", "agreement", "soft-agreement", "untrained-agreement"):
        assert not page.locator(f'[data-name="{gone}"]').is_visible()
    shown = page.locator(".kd-soft-matrices figure:visible").evaluate_all("figures => figures.map(f => f.dataset.who)")
    assert shown == ["student"]
    assert page.locator(".kd-small", has_text="Diagonal left out").inner_text().count("%") == 1
    page.get_by_label("Pick", exact=True).select_option("most confused pair")
    settle(page)
    view.pick, view.sample = "most confused pair", sample
    first = page.locator(".kd-thumbs button").first
    assert int(first.get_attribute("data-sample")) == view.order()[0]
    page.evaluate("window.model.set('temperature', 8)")
    settle(page)
    q = softmax(STUDENT[page.evaluate("window.model.get('sample')")].astype(float) / 8)
    assert value(page, bar("student", 0)) == pytest.approx(q[0], rel=1e-5)


def test_a_sample_that_is_read_has_its_line(view_page):
    page = view_page(alone(pick="in order", sample=5))
    assert page.locator("[data-name=line]").inner_text() == LINES[5]
    assert not page.locator(".kd-soft-picture").is_visible()
    thumbs = page.locator(".kd-thumbs button")
    assert thumbs.all_inner_texts() == [f"word {i}" for i in range(8)]
    assert thumbs.nth(2).get_attribute("title") == f"{CLASSES[LABELS[2]]} · {LINES[2]}"
    thumbs.nth(2).click()
    expect(page.locator("[data-name=line]")).to_have_text(LINES[2])
    texts = page.locator(".kd-thumbs button").evaluate_all("all => all.map(b => [b.offsetTop, b.offsetWidth])")
    assert len({top for top, _ in texts}) == 2  # two rows of four, so that words can be read
    assert min(width for _, width in texts) > 60


def test_with_pictures_there_is_no_line(view_page):
    page = view_page(soft())
    assert not page.locator("[data-name=line]").is_visible()


def test_layers_and_relations_of_words(view_page):
    view = features()
    view.show([], image=np.zeros((0, 0)))
    view.line = LINES[3]
    page = view_page(view)
    assert page.locator("[data-name=line]").inner_text() == LINES[3]
    assert not page.locator("canvas.kd-sample").is_visible()
    read = relations()
    read.images, read.lines = b"", LINES[: read.n]
    page = view_page(read)
    captions = page.locator(".kd-pair figcaption:visible")
    k = int(captions.first.get_attribute("data-value"))
    assert captions.first.inner_text() == f"“word {k}” · {read.classes[read.labels[k]]}"
    assert captions.first.get_attribute("title") == LINES[k]


def test_layers_of_a_student_alone(view_page):
    view = features()
    view.show([], cka={})
    view.taps, view.tap = [["", "stage1"], ["", "embedding"]], 1
    page = view_page(view)
    assert page.get_by_label("Layers").locator("option").all_inner_texts() == ["stage1", "embedding"]
    assert page.get_by_text("CKA needs a teacher to compare with.").is_visible()
    assert view.sentence().startswith("Sample 1 (")
    assert "the student's embedding" in view.sentence()
    assert "teacher" not in view.sentence()


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(view_page, dark):
    assert violations(view_page(alone(), dark=dark)) == []
