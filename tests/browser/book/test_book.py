"""The book as a reader opens it: from a folder, with no kernel and no network. `make book` makes it first."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import console_errors
from playwright.sync_api import Browser, Page

HTML = Path(__file__).resolve().parents[3] / "build" / "book" / "html"
PAGES = sorted(path.stem for path in HTML.glob("*.html") if path.stem not in ("genindex", "search"))
LESSONS = [name for name in PAGES if name[:2].isdigit()]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that reaches files alone, and on whose console no error may stand."""
    page = chromium.new_page(viewport={"width": 1366, "height": 900})
    errors, asked = console_errors(page), []
    page.on("request", lambda r: asked.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None)
    yield page
    page.close()
    assert errors == []
    assert asked == []


def opened(page: Page, name: str) -> Page:
    page.goto((HTML / f"{name}.html").as_uri())
    return page


def test_the_book_is_there_with_every_lesson():
    assert {path.stem for path in (HTML.parents[2] / "notebooks").glob("*.ipynb")} == set(LESSONS)
    assert {"map", "glossary", "tested-here", "coverage"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_its_views_and_formulas(page: Page, name: str):
    opened(page, name)
    views = (HTML / f"{name}.html").read_text("utf-8").count("application/vnd.jupyter.widget-view+json")
    page.wait_for_function(
        f"document.querySelectorAll('.kd').length >= {views}", timeout=30_000
    )  # each is at least one element of ours
    if page.locator(".math").count():
        page.locator("mjx-container").first.wait_for(timeout=30_000)
    broken = page.evaluate("[...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.src)")
    assert broken == []
    assert page.locator("img:not([alt])").count() == 0


def test_the_bars_of_lesson_3_follow_the_temperature_without_a_kernel(page: Page):
    opened(page, next(name for name in LESSONS if name.startswith("03")))
    slider = page.get_by_role("slider", name="Temperature").first
    slider.wait_for(timeout=30_000)
    before = page.locator(".kd-soft svg").first.inner_html()
    slider.press("End")
    page.wait_for_function("before => document.querySelector('.kd-soft svg').innerHTML !== before", arg=before)


def test_a_guess_can_be_made_and_is_answered_without_a_kernel(page: Page):
    opened(page, next(name for name in LESSONS if name.startswith("05")))
    recall = page.locator(".kd").filter(has_text="T goes from 1 to 4")
    recall.get_by_role("radio").first.check()
    recall.get_by_role("button", name="Answer").click()
    recall.get_by_text("keeps their order").wait_for(timeout=5_000)
    recall.get_by_text("keeps their order").scroll_into_view_if_needed()
