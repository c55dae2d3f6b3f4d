"""Make the notebooks from their sources: cells, outputs and all.

    python notebooks/build.py            every notebook
    python notebooks/build.py 03 05      some, by the beginnings of their names
    python notebooks/build.py --text     take over changed text where no code has changed, and run the others
    python notebooks/build.py --check    only say which stored notebooks do not have their source's cells

A source is ``notebooks/source/NN-name.py`` in jupytext's percent format. A notebook is run in an empty folder, on one
thread, and written whole or not at all; what only a running kernel can use (widget state) is left out.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["KDLAB_CACHE"] = ""  # what an earlier run kept must not show in what is stored
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel; read when jupyter_core is imported

import jupytext
import nbformat
import pages
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).resolve().parent
LARGEST = 300_000  # bytes of a notebook
PATHS = re.compile(r"/(?:home|root|Users|work|tmp|usr|opt)/|[A-Z]:\\\\Users")  # a machine's own
BAR = re.compile(r"\w+: +\d+%\|")  # a progress bar: no result

BESIDE = "[map](map.md) · [glossary](glossary.md)"
SERIES = [
    "Start here", "Why distil?", "Train a teacher", "Soft targets and temperature", "A student is born",
    "The distillation loss", "Fine-tune, then stop", "Response-based", "Feature-based", "Relation-based",
    "Offline and online", "Self-distillation", "Adversarial", "Many teachers", "Graph-based and cross-modal",
    "Deploy on the edge", "Where it fails", "A teacher you cannot open", "Labelled data",
    "Language models in miniature", "Capstone",
]  # fmt: skip


def sources() -> list[Path]:
    """The sources, in the order of the series."""
    return sorted((HERE / "source").glob("[0-9][0-9]-*.py"))


def stored(source: Path) -> Path:
    """The notebook of a source."""
    return HERE / f"{source.stem}.ipynb"


def navigation(number: int) -> str:
    """The line at a notebook's top and bottom; what is not there yet is named without a link."""
    files = {int(path.name[:2]): f"{path.stem}.ipynb" for path in sources()}

    def side(numbers: range) -> str:
        """The nearest notebook that is there, and which are still to come between; with none, the next name."""
        for place, n in enumerate(numbers):
            if n in files:
                between = ", ".join(f"{m:02}" for m in sorted(numbers[:place]))
                return f"[{n:02} {SERIES[n]}]({files[n]})" + (f" ({between} to come)" if between else "")
        return f"{numbers[0]:02} {SERIES[numbers[0]]} (to come)" if numbers else ""

    before, after = side(range(number - 1, -1, -1)), side(range(number + 1, len(SERIES)))
    parts = [before and f"← {before}", f"**{number:02} {SERIES[number]}**", after and f"{after} →", BESIDE]
    return " · ".join(filter(None, parts))


def cells(source: Path) -> NotebookNode:
    """The notebook of a source, without outputs; a cell's id is its place."""
    number = int(source.name[:2])
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02}-{place:02}"
        cell.source = cell.source.replace("NAVIGATION", navigation(number))
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in ("tags", "jupyter")})
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def run(notebook: NotebookNode, *, timeout: int = 120, widgets: bool = False) -> NotebookNode:
    """Run it in an empty folder: no kept guess and no file of an earlier run can get into what is stored.

    Args:
        notebook: is changed.
        timeout: seconds for a cell.
        widgets: whether the state of the widgets is kept.
    """
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=timeout, kernel_name="python3", record_timing=False, store_widget_state=widgets,
            resources={"metadata": {"path": folder}},
        )  # fmt: skip
        client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if not BAR.match(o.get("data", {}).get("text/plain", ""))]
    if not widgets:
        notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = NotebookNode(name="python")
    return notebook


def complaints(notebook: NotebookNode, text: str) -> Iterator[str]:
    """What is wrong with a notebook that was run."""
    if len(text.encode()) > LARGEST:
        yield f"larger than {LARGEST:,} bytes: {len(text.encode()):,}"
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            yield f"{cell.id} was not run"
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield f"{cell.id} ends in {output.get('ename') or output.get('text')}"
            shown = str({k: v for k, v in output.get("data", {}).items() if not k.startswith("image/")})
            if found := PATHS.search(shown + str(output.get("text", ""))):
                yield f"{cell.id} shows a path of this machine: {found[0]}"


def differs(source: Path) -> str | None:
    """Why a stored notebook is not its source's, or None."""
    if not stored(source).exists():
        return f"{stored(source).name} is missing"
    wanted, there = cells(source).cells, nbformat.read(stored(source), as_version=4).cells
    if len(wanted) != len(there):
        return f"{stored(source).name} has {len(there)} cells, its source {len(wanted)}"
    for new, old in zip(wanted, there, strict=True):
        if any(new.get(k) != old.get(k) for k in ("id", "cell_type", "source", "metadata")):
            return f"{stored(source).name}: {new.id} is not as in its source"
    return None


def take_text(source: Path) -> bool:
    """Take over the text of a source into its stored notebook; False where code has changed, which must be run."""
    if not stored(source).exists():
        return False
    wanted, there = cells(source), nbformat.read(stored(source), as_version=4)

    def code(notebook: NotebookNode) -> list[tuple[str, str]]:
        return [(c.id, c.source) for c in notebook.cells if c.cell_type == "code"]

    if code(wanted) != code(there):
        return False
    kept = {cell.id: cell for cell in there.cells if cell.cell_type == "code"}
    for cell in wanted.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = kept[cell.id].outputs, kept[cell.id].execution_count
    write(stored(source), nbformat.writes(wanted) + "\n")
    return True


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="beginnings of names, such as 03; none: all")
    parser.add_argument("--check", action="store_true", help="run nothing, say what is not up to date")
    parser.add_argument("--text", action="store_true", help="run only where code has changed")
    given = parser.parse_args()
    chosen = [s for s in sources() if not given.names or s.name.startswith(tuple(given.names))]
    failed = []
    for source in chosen:
        if given.check:
            failed += filter(None, [differs(source)])
            continue
        if given.text and take_text(source):
            continue
        start = time.perf_counter()
        notebook = run(cells(source))
        text = nbformat.writes(notebook) + "\n"
        wrong = list(complaints(notebook, text))
        failed += [f"{source.name}: {complaint}" for complaint in wrong]
        if not wrong:
            write(stored(source), text)
            seconds = time.perf_counter() - start
            print(f"{stored(source).name}: {len(text.encode()) / 1000:.0f} kB, {seconds:.0f} s", flush=True)
    if not given.check:
        write(HERE / "map.md", pages.map_page(SERIES, sources()))
    elif (HERE / "map.md").read_text(encoding="utf-8") != pages.map_page(SERIES, sources()):
        failed.append("map.md is not as the sources say")
    for complaint in failed:
        print(complaint, file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
