"""Soft targets in a real browser: real drags and clicks, and the numbers on the screen against numpy's."""

import base64

import numpy as np
import pytest
from harness import drag, settle, slow_timers, value, violations
from lab import Lab, new_notebook, open_notebook, run_all
from playwright.sync_api import Page, expect
from scipy.special import log_softmax, softmax

from kdlab import metrics
from kdlab.ui.panels.soft_targets import SoftTargets

CLASSES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
N, C = 300, len(CLASSES)


def draw(seed: int, scale: float) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, (N, C)).astype(np.float32)


LABELS = np.random.default_rng(9).integers(0, C, N)
TEACHER = draw(0, 2.5) + 4 * np.eye(C, dtype=np.float32)[LABELS]
STUDENT = 0.6 * TEACHER + draw(1, 1.5)
UNTRAINED = draw(2, 0.3)
IMAGES = np.random.default_rng(3).integers(0, 256, (N, 8, 8), dtype=np.uint8)


def soft(**traits) -> SoftTargets:
    view = SoftTargets(**traits)
    view.show(TEACHER, STUDENT, LABELS, classes=CLASSES, images=IMAGES, baseline=UNTRAINED)
    return view


def bar(who: str, c: int) -> str:
    return f'rect[data-who="{who}"][data-class="{CLASSES[c]}"]'


def check_numbers(page, sample: int, t: float) -> None:
    """Everything that hangs on the sample and on T."""
    p, q = softmax(TEACHER[sample] / t), softmax(STUDENT[sample] / t)
    lp, lq = log_softmax(TEACHER[sample] / t), log_softmax(STUDENT[sample] / t)
    for c in range(C):
        assert value(page, bar("teacher", c)) == pytest.approx(p[c], rel=1e-5)
        assert value(page, bar("student", c)) == pytest.approx(q[c], rel=1e-5)
    assert value(page, '[data-name="kl"]') == pytest.approx((p * (lp - lq)).sum(), rel=1e-4, abs=1e-7)
    assert value(page, '[data-name="teacher-entropy"]') == pytest.approx(-(p * lp).sum(), rel=1e-4)
    assert value(page, '[data-name="student-entropy"]') == pytest.approx(-(q * lq).sum(), rel=1e-4)
    ps, qs, us = (softmax(z.astype(float) / t, axis=1) for z in (TEACHER, STUDENT, UNTRAINED))
    assert value(page, '[data-name="soft-agreement"]') == pytest.approx(np.minimum(ps, qs).sum(1).mean(), rel=1e-6)
    assert value(page, '[data-name="untrained-agreement"]') == pytest.approx(np.minimum(ps, us).sum(1).mean(), rel=1e-6)
    assert page.locator('[data-name="kl"]').inner_text() == f"{(p * (lp - lq)).sum():.3f}"
    wide = [page.locator(bar(who, c)).bounding_box()["width"] for who in ("teacher", "student") for c in range(C)]
    share = np.array(wide) / max(wide)
    expected = np.array([*p, *q]) / max(*p, *q)
    assert np.abs(share - expected).max() < 0.01  # what is drawn is as long as what is said


def test_dragging_the_slider_moves_bars_and_numbers_before_it_is_released(view_page):
    page = view_page(soft(slider=True, sample=5, temperature=1.0))
    check_numbers(page, 5, 1.0)
    drag(page, "Temperature", 0.75, release=False)
    t = value(page, '[data-name="view-temperature"]')
    assert 5 < t < 12
    check_numbers(page, 5, t)
    assert page.evaluate("window.saved") == []  # the kernel is told once, on release
    page.mouse.up()
    assert page.evaluate("window.saved") == [{"temperature": t}]


def test_a_temperature_set_from_elsewhere_is_followed(view_page):
    page = view_page(soft(sample=5, temperature=2.0))
    page.evaluate("window.model.set('temperature', 0.7)")
    settle(page)
    check_numbers(page, 5, 0.7)


def test_keys_move_the_last_digit_and_commit_once_they_rest(view_page):
    page = view_page(soft(slider=True, sample=5, temperature=4.0))
    slow_timers(page)
    page.get_by_role("slider", name="Temperature").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    settle(page)
    check_numbers(page, 5, 4.3)
    page.wait_for_function("window.saved.length > 0")
    assert page.evaluate("window.saved") == [{"temperature": 4.3}]


def test_a_typed_temperature_counts_and_nonsense_does_not(view_page):
    page = view_page(soft(slider=True, sample=5, temperature=4.0))
    box = page.get_by_role("textbox", name="Temperature")
    box.fill("1,25")
    box.press("Enter")
    settle(page)
    check_numbers(page, 5, 1.25)
    box.fill("-3")
    box.press("Enter")
    assert box.get_attribute("aria-invalid") == "true"
    settle(page)
    check_numbers(page, 5, 1.25)


def test_all_samples_are_summed_up_at_t_1_whatever_t_is_looked_at(view_page):
    page = view_page(soft(sample=0, temperature=6.0))
    assert value(page, '[data-name="agreement"]') == pytest.approx((TEACHER.argmax(1) == STUDENT.argmax(1)).mean())
    for who, z in (("teacher", TEACHER), ("student", STUDENT)):
        found = metrics.reliability(z, LABELS)
        assert value(page, f'[data-name="{who}-ece"]') == pytest.approx(found.ece, rel=1e-5)
        dots = page.locator(f'.kd-reliability [data-who="{who}"]')
        drawn = [
            (float(d.get_attribute("data-confidence")), float(d.get_attribute("data-accuracy"))) for d in dots.all()
        ]
        there = found.count > 0
        expected = np.stack([found.confidence[there], found.accuracy[there]], axis=1)
        assert np.array(drawn) == pytest.approx(expected, rel=1e-5)


def test_a_thumbnail_clicked_is_the_sample_shown_and_written_back(view_page):
    page = view_page(soft(temperature=2.0))
    order = soft(temperature=2.0).order()
    thumbs = page.locator(".kd-thumb")
    assert [int(b.get_attribute("data-sample")) for b in thumbs.all()] == order[:8].tolist()
    check_numbers(page, order[0], 2.0)  # sample -1: the first of the pick
    thumbs.nth(3).click()
    settle(page)
    check_numbers(page, order[3], 2.0)
    assert page.evaluate("window.saved.at(-1)") == {"sample": int(order[3])}
    assert thumbs.nth(3).get_attribute("aria-pressed") == "true"
    assert page.locator('[data-name="label"]').inner_text() == CLASSES[LABELS[order[3]]]
    page.keyboard.press("ArrowRight")
    settle(page)
    check_numbers(page, order[4], 2.0)
    page.get_by_role("button", name="Further samples").click()
    assert [int(b.get_attribute("data-sample")) for b in thumbs.all()] == order[8:16].tolist()
    check_numbers(page, order[4], 2.0)  # looking further does not change the sample


@pytest.mark.parametrize("pick", ["most confused pair", "teacher unsure", "in order"])
def test_a_pick_orders_the_samples_as_numpy_does(view_page, pick):
    page = view_page(soft(temperature=3.0))
    page.get_by_label("Pick", exact=True).select_option(pick)
    settle(page)
    order = soft(temperature=3.0, pick=pick).order()
    if pick != "in order":
        assert [int(b.get_attribute("data-sample")) for b in page.locator(".kd-thumb").all()] == order[:8].tolist()
        check_numbers(page, order[0], 3.0)
    assert {"pick": pick} in page.evaluate("window.saved")


def test_the_picture_is_that_of_the_sample(view_page):
    page = view_page(soft(sample=11))
    pixels = page.evaluate(
        """() => { const c = document.querySelector('.kd-soft-picture');
             return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]; }"""
    )
    assert 255 - np.array(pixels).reshape(8, 8, 4)[..., 0] == pytest.approx(IMAGES[11])


def means(z: np.ndarray, t: float) -> np.ndarray:
    p = softmax(z.astype(float) / t, axis=1)
    return np.array([p[c == LABELS].mean(0) for c in range(C)])


def test_matrices_are_read_by_pointer_and_keys_and_drawn_on_the_scale_they_name(view_page):
    page = view_page(soft(sample=0, temperature=3.0))
    t, s = means(TEACHER, 3.0), means(STUDENT, 3.0)
    off = ~np.eye(C, dtype=bool)
    assert value(page, '[data-who="teacher"] [data-name="high"]') == pytest.approx(
        max(t[off].max(), s[off].max()), rel=1e-5
    )
    assert value(page, '[data-who="difference"] [data-name="high"]') == pytest.approx(
        np.abs(t - s)[off].max(), rel=1e-5
    )
    box = page.locator('figure[data-who="student"] .kd-soft-box').bounding_box()
    page.mouse.move(box["x"] + (6 + 0.5) / C * box["width"], box["y"] + (2 + 0.5) / C * box["height"])
    assert value(page, '[data-name="cell"][data-who="student"]') == pytest.approx(s[2, 6], rel=1e-5)
    assert value(page, '[data-name="cell"][data-who="teacher"]') == pytest.approx(t[2, 6], rel=1e-5)
    page.mouse.move(5, 5)
    spread = f"{100 * np.diag(t).min():.0f} – {100 * np.diag(t).max():.0f} %"
    assert page.locator('[data-name="diagonal"][data-who="teacher"]').inner_text() == f"teacher {spread}"
    page.locator(".kd-soft-matrices").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    assert value(page, '[data-name="cell"][data-who="student"]') == pytest.approx(s[2, 1], rel=1e-5)

    colours = page.evaluate(
        """() => { const c = document.querySelector('figure[data-who="difference"] canvas');
             const pen = c.getContext('2d'), pitch = (c.width + 2) / 10;
             const at = (k) => pen.getImageData((k % 10) * pitch + 4, Math.floor(k / 10) * pitch + 4, 1, 1).data;
             return Array.from({ length: 100 }, (_, k) => [...at(k)]); }"""
    )
    colours = np.array(colours).reshape(C, C, 4)
    assert (colours[~off][:, 3] == 0).all()  # the diagonal is left out
    clear = off & (np.abs(t - s) > 0.2 * np.abs(t - s)[off].max())
    bluer = colours[..., 2].astype(int) > colours[..., 0]
    assert (bluer[clear] == (t > s)[clear]).all()  # blue: the teacher is higher
    assert clear.sum() > 10


def test_new_logits_are_drawn_at_once_and_leave_the_sample(view_page):
    page = view_page(soft(sample=5, temperature=2.0))
    other = (STUDENT + 1.5 * UNTRAINED).astype(np.float32)
    page.evaluate("text => window.setBytes('student', text)", base64.b64encode(other.tobytes()).decode())
    settle(page)
    assert value(page, bar("student", 3)) == pytest.approx(softmax(other[5] / 2.0)[3], rel=1e-5)
    assert value(page, '[data-name="agreement"]') == pytest.approx((TEACHER.argmax(1) == other.argmax(1)).mean())


def test_the_table_of_values_has_the_numbers(view_page):
    page = view_page(soft(sample=5, temperature=2.0))
    page.locator("summary", has_text="Values").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Shirt", exact=True)).first
    p, q = softmax(TEACHER[5] / 2.0)[6], softmax(STUDENT[5] / 2.0)[6]
    expect(row.get_by_role("cell")).to_have_text([f"{100 * p:.2f}", f"{100 * q:.2f}"])  # built when it is opened


def test_without_a_student_only_the_teacher_is_drawn(view_page):
    view = SoftTargets(slider=True, sample=5, temperature=2.0)
    view.show(TEACHER, None, LABELS, classes=CLASSES)
    page = view_page(view)
    assert page.locator('[data-who="student"]:visible').count() == 0
    assert value(page, bar("teacher", 6)) == pytest.approx(softmax(TEACHER[5] / 2.0)[6], rel=1e-5)
    assert not page.locator('[data-name="kl"]').is_visible()


def test_many_classes_show_the_label_and_the_likeliest(view_page):
    z = np.random.default_rng(5).normal(0, 2, (40, 30)).astype(np.float32)
    labels = z.argmin(1)
    view = SoftTargets(sample=4)
    view.show(z, None, labels, classes=[f"class {k}" for k in range(30)])
    page = view_page(view)
    drawn = {r.get_attribute("data-class") for r in page.locator('.kd-soft-bars rect[data-who="teacher"]').all()}
    assert drawn == {f"class {k}" for k in [labels[4], *z[4].argsort()[-11:]]}


def test_saturated_logits_stay_finite(view_page):
    z = np.zeros((10, C), np.float32)
    z[:, 3] = 2000
    view = SoftTargets(sample=1, temperature=0.5)
    view.show(z, -z, np.arange(10), classes=CLASSES)
    page = view_page(view)
    assert value(page, bar("teacher", 3)) == 1
    assert value(page, '[data-name="kl"]') == pytest.approx(4000 + 4000 + np.log(9) - 4000, rel=1e-6)
    assert value(page, '[data-name="teacher-entropy"]') == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("alone", [False, True], ids=["both", "alone"])
def test_axe_finds_nothing(view_page, dark, alone):
    view = soft(slider=True, sample=5)
    if alone:
        view.student = b""
    page = view_page(view, dark=dark)
    page.locator("summary", has_text="Values").click()
    settle(page)
    assert violations(page) == []


@pytest.mark.parametrize("width", [672, 790])
def test_nothing_is_cut_off_and_the_view_is_as_high_as_the_workbench_allows(view_page, width):
    page = view_page(soft(sample=5), width=width)
    assert page.locator(".kd-soft").bounding_box()["height"] <= 460
    outside = page.evaluate(
        """(width) => [...document.querySelectorAll('.kd-soft *')]
             .filter((e) => e.checkVisibility() && !e.closest('defs') && e.getBoundingClientRect().right > width + 1)
             .map((e) => e.outerHTML.slice(0, 80))""",
        width,
    )
    assert outside == []
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.kd-soft :is(.kd-title, dt, dd, p)')]
             .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"""
    )
    assert cut == []


IN_A_NOTEBOOK = """
import numpy as np
from kdlab.ui.panels.soft_targets import SoftTargets
z = np.random.default_rng(0).normal(0, 3, (50, 3))
view = SoftTargets(slider=True, sample=0, temperature=2.0)
view.show(z, z[::-1], np.arange(50) % 3, classes=["a", "b", "c"])
view
"""


def test_keys_pressed_in_a_view_are_not_taken_for_jupyterlabs(lab_page: Page, jupyter_lab: Lab):
    open_notebook(lab_page, jupyter_lab, new_notebook(jupyter_lab, [IN_A_NOTEBOOK], "keys.ipynb"))
    run_all(lab_page)
    slider = lab_page.get_by_role("slider", name="Temperature")
    slider.click(position={"x": 3, "y": 8})
    expect(slider).to_be_focused()
    for key in ("End", "ArrowDown", "ArrowDown", "b"):  # B would insert a cell, and arrows would leave this one
        lab_page.keyboard.press(key)
    assert lab_page.locator(".jp-Cell").count() == 1
    expect(lab_page.locator('[data-name="view-temperature"]').first).to_have_attribute("data-value", "18")
    z = np.random.default_rng(0).normal(0, 3, (50, 3)).astype(np.float32)
    settle(lab_page)
    shown = value(lab_page, 'rect[data-who="teacher"][data-class="b"]')
    assert shown == pytest.approx(softmax(z[0] / 18)[1], rel=1e-5)
