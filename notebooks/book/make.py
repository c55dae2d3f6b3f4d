"""Make the static book of the series: its live views work with no kernel and no network.

    python notebooks/book/make.py            every page
    python notebooks/book/make.py 03 08      run only these notebooks anew

The notebooks are run once more, this time with the state of their widgets, which the notebooks themselves do not keep.
A page that was run is used again until its notebook or the package changes. The scripts that show widgets and formulas
come from npm once, and lie in the book.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parent
ROOT = NOTEBOOKS.parent
BUILD = ROOT / "build" / "book"
NEEDED = ("@jupyter-widgets/html-manager@1.0.14", "requirejs@2.3.7", "mathjax@3.2.2")
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")
WIDGETS = """const beside = document.currentScript.src.replace(/widgets\\.js.*$/, "");
require.config({ paths: { anywidget: `${beside}anywidget` } });
"""
NOTE = """```{note}
This page runs no code. Views that compute in the browser follow your hand; to train, to check an answer or to change
code, open the notebook: see the [map](map.md).
```"""
PAGES = ("map.md", "glossary.md", "tested-here.md", "coverage.md")

sys.path.insert(0, str(NOTEBOOKS))
import build


def scripts(folder: Path) -> None:
    """Put what shows widgets and formulas into ``folder``; npm fetches it the first time."""
    import anywidget

    node = BUILD / "npm"
    fetched = node / "fetched.txt"
    if not fetched.exists() or fetched.read_text() != repr(NEEDED):
        node.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(node), *NEEDED]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        fetched.write_text(repr(NEEDED))
    modules = node / "node_modules"
    shutil.copytree(modules / "@jupyter-widgets/html-manager/dist", folder / "html-manager", ignore=_maps)
    shutil.copy(modules / "requirejs/require.js", folder / "require.js")
    shutil.copy(Path(anywidget.__file__).parent / "nbextension/index.js", folder / "anywidget.js")
    (folder / "widgets.js").write_text(WIDGETS, "utf-8")
    for name in MATHJAX:
        there, to = modules / "mathjax/es5" / name, folder / "mathjax" / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(there, to) if there.is_dir() else shutil.copy(there, to)


def _maps(_folder: str, names: list[str]) -> list[str]:
    """Files that only a developer's tools read, and the manager's other builds."""
    return [name for name in names if name.endswith((".map", ".txt")) or name in ("embed.js", "libembed-amd.js")]


def fingerprint(source: Path) -> str:
    """Of all that a page's outputs hang on."""
    found = hashlib.sha256(build.stored(source).read_bytes())
    for path in sorted((ROOT / "kdlab").rglob("*")):
        if path.suffix in (".py", ".js", ".css"):
            found.update(path.read_bytes())
    return found.hexdigest()


def run(source: Path) -> tuple[str, float]:
    """Run a notebook with the state of its widgets, and keep it; its name and the seconds this took."""
    start = time.perf_counter()
    notebook = build.run(build.cells(source), widgets=True)
    notebook.metadata["made_of"] = fingerprint(source)
    kept = BUILD / "run" / build.stored(source).name
    kept.parent.mkdir(parents=True, exist_ok=True)
    build.write(kept, json.dumps(notebook))  # nbformat would sort the keys, and with them a widget's options
    return kept.name, time.perf_counter() - start


def is_made(source: Path) -> bool:
    """Whether a notebook was run as it is now."""
    kept = BUILD / "run" / build.stored(source).name
    return kept.exists() and nbformat.read(kept, 4).metadata.get("made_of") == fingerprint(source)


def put(kept: Path, folder: Path) -> None:
    """A notebook as a page: cells whose code is folded show their output alone, and a note says what a page cannot."""
    notebook = nbformat.read(kept, 4)
    head, _, rest = notebook.cells[0].source.partition("\n# ")
    notebook.cells[0].source = f"{head}\n# {rest}\n\n{NOTE}"
    for cell in notebook.cells:
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "remove-input"]
    build.write(folder / kept.name, json.dumps(notebook))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="beginnings of names, such as 03, to run anew whatever is there")
    given = parser.parse_args()
    chosen = tuple(given.names)
    todo = [s for s in build.sources() if (chosen and s.name.startswith(chosen)) or not is_made(s)]
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        for name, seconds in pool.map(run, todo):
            print(f"{name}: {seconds:.0f} s", flush=True)
    pages = BUILD / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    for source in build.sources():
        put(BUILD / "run" / build.stored(source).name, pages)
    for page in PAGES:
        shutil.copy(NOTEBOOKS / page, pages)
    shutil.copytree(NOTEBOOKS / "images", pages / "images")
    shutil.copy(HERE / "conf.py", pages)
    names = "\n".join(build.stored(source).stem for source in build.sources())
    contents = f"\n```{{toctree}}\n:hidden:\n:caption: The series\n{names}\n```\n"
    contents += "\n```{toctree}\n:hidden:\n:caption: Beside it\ntested-here\ncoverage\nglossary\n```\n"
    first = pages / "map.md"
    first.write_text(first.read_text("utf-8") + contents, "utf-8")
    scripts(pages / "static")
    shutil.copy(HERE / "book.css", pages / "static")
    html = BUILD / "html"
    shutil.rmtree(html, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(pages), str(html)]
    done = subprocess.run(command).returncode
    if not done:
        print(f"The book is in {html.relative_to(ROOT)}: open map.html in a browser.")
    return done


if __name__ == "__main__":
    sys.exit(main())
