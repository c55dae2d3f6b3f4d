"""The stored notebooks: made from their sources, run, clean, and complete in the series' anatomy."""

import importlib
import re
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))
build = importlib.import_module("build")

SOURCES = build.sources()
HEADINGS = (
    "## You will be able to",
    "## Set-up",
    "## Guess first",
    "## Play",
    "## Look inside",
    "## Experiment",
    "### Back to your guess",
    "## Your turn",
    "## Think",
    "## Summary",
    "## Sources",
)
by_name = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def read(source: Path) -> nbformat.NotebookNode:
    return nbformat.read(build.stored(source), as_version=4)


def outputs(source: Path):
    return [output for cell in read(source).cells if cell.cell_type == "code" for output in cell.outputs]


def prose(source: Path) -> str:
    return "\n\n".join(cell.source for cell in read(source).cells if cell.cell_type == "markdown")


def test_every_stored_notebook_has_a_source_and_the_other_way_round():
    assert {build.stored(s) for s in SOURCES} == set(NOTEBOOKS.glob("*.ipynb"))
    assert SOURCES


@by_name
def test_stored_cells_are_the_sources(source):
    assert build.differs(source) is None, f"{build.differs(source)}: run `make notebooks`"


def test_a_changed_source_and_a_changed_notebook_are_noticed(tmp_path, monkeypatch):
    (tmp_path / "source").mkdir()
    source = tmp_path / "source" / SOURCES[0].name
    source.write_text(SOURCES[0].read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(build, "HERE", tmp_path)
    assert "is missing" in build.differs(source)
    nbformat.write(build.cells(source), build.stored(source))
    assert build.differs(source) is None
    source.write_text(source.read_text(encoding="utf-8").replace("# ## Think", "# ## Thought"), encoding="utf-8")
    assert "is not as in its source" in build.differs(source)
    source.write_text(source.read_text(encoding="utf-8") + "\n# %%\n1 + 1\n", encoding="utf-8")
    assert "cells, its source" in build.differs(source)


@by_name
def test_it_was_run_to_its_end_and_nothing_complained(source):
    text = build.stored(source).read_text(encoding="utf-8")
    assert list(build.complaints(read(source), text)) == []
    counts = [cell.execution_count for cell in read(source).cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


@by_name
def test_no_widget_state_no_timing_and_a_plain_kernel(source):
    notebook = read(source)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(set(cell.metadata) <= {"tags", "jupyter"} for cell in notebook.cells)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


@by_name
def test_every_claim_holds(source):
    said = "\n".join(str(o.get("data", {}).get("text/plain", "")) for o in outputs(source))
    assert said.count("✓ ") >= 5
    doubted = [line for line in said.splitlines() if line.startswith("✗ ")]
    assert all("nothing is written yet" in line or "no letter yet" in line for line in doubted), doubted


@by_name
def test_the_anatomy_is_complete_and_in_order(source):
    text = prose(source)
    places = [text.find(heading) for heading in HEADINGS]
    assert -1 not in places, f"missing: {HEADINGS[places.index(-1)]}"
    assert places == sorted(places)
    assert re.search(r"^# \d\d · ", text, re.M)
    assert re.search(r"About \d+ minutes", text)
    assert "<details><summary>An answer</summary>" in text
    code = "\n".join(cell.source for cell in read(source).cells if cell.cell_type == "code")
    assert code.count("Guess(") >= (3 if int(source.name[:2]) >= 3 else 1)  # a guess and two questions on earlier ones
    assert ".reveal(" in code
    assert 'check("' in code


@by_name
def test_answers_are_not_read_before_they_are_asked_for(source):
    """The code of a guess holds its answer, so it is folded."""
    for cell in read(source).cells:
        if cell.cell_type == "code" and re.search(r"\bGuess\(|\.reveal\(", cell.source):
            assert cell.metadata.get("jupyter", {}).get("source_hidden") is True, cell.id


@by_name
def test_every_picture_has_an_alternative_text_and_a_text_beside_it(source):
    pictures = [output for output in outputs(source) if "image/png" in output.get("data", {})]
    assert pictures
    for output in pictures:
        assert len(output.metadata["image/png"]["alt"]) > 30
        assert len(output.data["text/plain"]) > 30


@by_name
def test_links_to_other_notebooks_lead_somewhere(source):
    found = re.findall(r"\]\(([^)#]+\.ipynb)\)", prose(source))
    assert [name for name in found if not (NOTEBOOKS / name).exists()] == []
    first, last = read(source).cells[0].source, read(source).cells[-1].source
    assert build.navigation(int(source.name[:2])) in first.splitlines()[0]
    assert build.navigation(int(source.name[:2])) in last.splitlines()[-1]


PAGES = sorted(NOTEBOOKS.glob("*.md"))


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the book make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(name: str) -> set[str]:
    """Of a page or a notebook."""
    path = NOTEBOOKS / name
    text = (
        path.read_text(encoding="utf-8") if path.suffix == ".md" else prose(build.HERE / "source" / f"{path.stem}.py")
    )
    return {slug(heading) for heading in re.findall(r"^#{1,4} (.+)$", text, re.M)}


def links(text: str) -> list[tuple[str, str]]:
    """Links to pages and notebooks of the series: file and anchor."""
    return re.findall(r"\]\(([\w-]*\.(?:md|ipynb))(?:#([^)]*))?\)", text)


@by_name
def test_links_of_a_notebook_lead_to_words_that_are_there(source):
    assert [f"{n}#{a}" for n, a in links(prose(source)) if a and a not in anchors(n)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_of_a_page_lead_to_headings_that_are_there(page):
    found = links(page.read_text(encoding="utf-8"))
    assert [name for name, _ in found if not (NOTEBOOKS / name).exists()] == []
    assert [f"{name}#{anchor}" for name, anchor in found if anchor and anchor not in anchors(name)] == []


def test_the_glossary_is_in_order_and_has_no_word_twice():
    words = re.findall(r"^## (.+)$", (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8"), re.M)
    assert [w.lower() for w in words] == sorted({w.lower() for w in words})
    # JupyterLab's anchors keep the case of a heading, the book's do not: in small letters both are one
    assert [w for w in words if w != w.lower()] == ["CKA", "Kullback–Leibler divergence", "MAC"]


def test_the_map_is_as_the_sources_say():
    assert (NOTEBOOKS / "map.md").read_text(encoding="utf-8") == build.pages.map_page(build.SERIES, SOURCES)


@by_name
def test_each_lesson_says_where_it_stands(source):
    steps, on = build.pages.lit(source)
    assert steps or on


def test_navigation_names_what_is_to_come_without_a_link(tmp_path, monkeypatch):
    (tmp_path / "source").mkdir()
    for name in ("00-start-here", "03-soft-targets-and-temperature"):
        (tmp_path / "source" / f"{name}.py").touch()
    monkeypatch.setattr(build, "HERE", tmp_path)
    assert build.navigation(3) == (
        "← [00 Start here](00-start-here.ipynb) (01, 02 to come) · **03 Soft targets and temperature** · "
        "04 A student is born (to come) → · [map](map.md) · [glossary](glossary.md)"
    )
    assert build.navigation(0).startswith("**00 Start here** · [03 Soft targets and temperature]")
    assert build.navigation(20).endswith(f"**20 Capstone** · {build.BESIDE}")
