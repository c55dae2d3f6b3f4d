"""The graph of words in a real browser: messages by a click, words by mouse and keys, numbers against the package's."""

import pytest
from harness import settle, value, violations

import kdlab
from kdlab.ui.panels.word_graph import WordGraph


@pytest.fixture
def graph() -> WordGraph:
    data = kdlab.load("wordnet-topics", labelled=200)
    plain, student = (kdlab.build("bag-of-words", seed, 10, (2000,)) for seed in (0, 1))
    for net in (plain, student):
        net.head.weight.data.mul_(20)
    return WordGraph(data, plain=plain, teacher=kdlab.pretrained("wordnet-gcn"), student=student, start=1824, count=20)


def bars(page, who: str) -> list[float]:
    found = page.locator(f".kd-graph-bars [data-who={who}]")
    return [float(v) for v in found.evaluate_all("all => all.map(b => b.dataset.value)")]


def test_messages_are_passed_as_in_the_package(view_page, graph):
    page = view_page(graph, width=880)
    for step in range(3):
        assert value(page, ".kd-graph [data-name=step]") == step
        assert value(page, ".kd-graph [data-name=right]") == graph.right(graph.messages(step))
        assert bars(page, "now") == pytest.approx(graph.messages(step)[graph.picked].tolist(), abs=1e-5)
        page.get_by_role("button", name="Pass messages").click()
        settle(page)
    page.get_by_role("button", name="Back to the start").click()
    settle(page)
    assert value(page, ".kd-graph [data-name=step]") == 0


def test_a_word_is_picked_by_mouse_and_by_keys(view_page, graph):
    page = view_page(graph, width=880)
    page.locator(".kd-node").nth(5).locator("circle").click()
    settle(page)
    assert page.evaluate("window.model.get('picked')") == 5
    for who in ("teacher", "student"):
        assert bars(page, who) == pytest.approx(graph.said(who)[5].tolist(), abs=1e-5)
    seen = {5}
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
        settle(page)
        now = page.evaluate("window.model.get('picked')")
        assert page.evaluate("document.activeElement.dataset.word") == graph.lines[now].partition(": ")[0]
        seen.add(now)
    assert len(seen) > 1
    word = graph.lines[now].partition(": ")[0]
    assert page.locator(".kd-graph-word").inner_text().startswith(word)


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_accessible_and_has_its_values_as_a_table(view_page, graph, dark):
    page = view_page(graph, dark=dark, width=880)
    page.get_by_text("Values", exact=True).click()
    settle(page)
    assert page.locator(".kd-values tbody tr").count() == 10
    assert violations(page) == []
