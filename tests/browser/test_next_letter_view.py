"""Next-letter bars in a real browser: typing, keys and clicks, and the page's networks against the package's."""

import sys
from pathlib import Path

import pytest
import torch
from harness import drag, settle, value, violations

sys.path.insert(0, str(Path(__file__).parent.parent))

from kdlab.language import TOKENS, Speller
from kdlab.ui.panels.next_letter import NextLetter


@pytest.fixture
def bars() -> NextLetter:
    torch.manual_seed(0)
    nets = {"one": Speller(2, 3, [7]), "two": Speller(3, 4, [6])}
    return NextLetter(Speller(4, 5, [8, 6]), nets, ["cat", "ca"], prefix="ca")


def shown(page, who: str) -> list[float]:
    """The bars of teacher or student, from the mark to z."""
    pairs = page.locator(f".kd-letter-{who}").evaluate_all(
        "all => all.map(e => [e.closest('[data-letter]').dataset.letter, +e.dataset.value])"
    )
    return [dict(pairs)[token] for token in TOKENS]


def as_in_the_package(page, view: NextLetter) -> None:
    said = view.said()
    assert shown(page, "teacher") == pytest.approx(said[0].tolist(), abs=1e-5)
    assert shown(page, "student") == pytest.approx(said[view.shown].tolist(), abs=1e-5)


def test_the_page_computes_what_the_package_does(view_page, bars):
    page = view_page(bars, width=860)
    as_in_the_package(page, bars)
    page.get_by_role("radio", name="two").check()
    drag(page, "Temperature T", 0.9)
    bars.shown, bars.temperature = 2, page.evaluate("window.model.get('temperature')")
    assert bars.temperature > 2
    as_in_the_package(page, bars)
    t, s = bars.said()[[0, 2]]
    assert (
        f"‖ student) {(t * torch.tensor(t / s).log().numpy()).sum():.3f} nats"
        in page.locator(".kd-letter-words").inner_text()
    )


def test_letters_are_typed_clicked_and_taken_away(view_page, bars):
    page = view_page(bars, width=860)
    page.get_by_label("How the word begins").fill("Dog s!")
    settle(page)
    bars.prefix = "dogs"
    as_in_the_package(page, bars)
    page.get_by_role("button", name="q: teacher").focus()
    page.keyboard.press("Enter")
    settle(page)
    assert page.get_by_label("How the word begins").input_value() == "dogsq"
    page.get_by_role("button", name="end of the word:").click(force=True)  # it is said to be disabled
    page.get_by_role("button", name="Take the last letter away").click()
    settle(page)
    assert page.get_by_label("How the word begins").input_value() == "dogs"
    page.get_by_role("button", name="Clear").click()
    settle(page)
    bars.prefix = ""
    as_in_the_package(page, bars)
    assert page.get_by_role("button", name="Clear").is_disabled()


def test_all_write_words_and_real_ones_are_known(view_page, bars):
    page = view_page(bars, width=860)
    lists = page.locator(".kd-letter-lists > div")
    words = lists.nth(1).locator("li").evaluate_all("all => all.map(e => e.firstChild.textContent)")
    assert len(words) == 10
    assert all(word.startswith("ca") for word in words)
    page.get_by_role("button", name="Write again").click()
    settle(page)
    assert words != lists.nth(1).locator("li").evaluate_all("all => all.map(e => e.firstChild.textContent)")
    page.get_by_label("How the word begins").fill("a" * 15)
    settle(page)
    assert value(page, "[data-name='real one']") == 0
    for known in ("cat", "ca"):  # none can be drawn for certain: ask the page's own list
        page.evaluate("word => window.model.set('prefix', word)", known)
        settle(page)
        green = lists.locator("li.kd-labels").evaluate_all("all => all.map(e => e.firstChild.textContent)")
        grey = lists.locator("li.kd-muted").evaluate_all("all => all.map(e => e.firstChild.textContent)")
        assert set(green) <= {"cat", "ca"}
        assert not {"cat", "ca"} & set(grey)


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, bars, dark):
    page = view_page(bars, dark=dark, width=860)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == len(TOKENS)
    assert violations(page) == []
