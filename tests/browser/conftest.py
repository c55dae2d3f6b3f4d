"""A real Chromium for the tests in this folder, and pages that hold one view each."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import ViewPage
from lab import jupyter_lab, lab_page  # noqa: F401  (fixtures)
from playwright.sync_api import Browser, expect, sync_playwright

expect.set_options(timeout=60_000)  # what takes a moment takes many on a busy machine

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_path() -> str:
    """Where Chromium is: as ``KDLAB_CHROMIUM`` says, else on the path; without one the tests fail."""
    named = os.environ.get("KDLAB_CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"no Chromium: {named or ', '.join(NAMES)} not found; set KDLAB_CHROMIUM to one"
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def view_page(chromium: Browser, tmp_path: Path) -> Iterator[ViewPage]:
    """Call it with a view to get a page that shows it."""
    opened = ViewPage(chromium, tmp_path)
    yield opened
    opened.close()
