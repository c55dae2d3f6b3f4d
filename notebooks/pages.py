"""The map of the series, written from the notebooks' sources: what each is about stands in its own ``here(…)``."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from kdlab.plots.teach.here import LIFE_CYCLE, MAP

HEAD = """# The map

**Knowledge distillation**: a large *teacher* model's knowledge moves into a small *student* that can be deployed. In
this series you do it yourself, see what moves, and measure whether it helped. Each notebook takes 25 to 45 minutes,
runs on a laptop without a network, and ends in something you do.

A distillation = what is transferred (**type**) × who teaches whom, and when (**scheme**) × how it is carried over
(**algorithm**), under a **temperature** and a weight **alpha**. Words are explained in the [glossary](glossary.md).

## The notebooks
"""


def lit(source: Path) -> tuple[list[str], list[str]]:
    """Steps of the life cycle, and types, schemes and algorithms, that a source's ``here(…)`` names."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "here":
            steps = [ast.literal_eval(arg) for arg in node.args]
            named = [name for k in node.keywords if k.arg == "on" for name in ast.literal_eval(k.value)]
            return steps, named
    return [], []


def promise(source: Path) -> str:
    """The sentence in bold below a notebook's title."""
    text = "\n".join(line[2:] for line in source.read_text(encoding="utf-8").splitlines() if line.startswith("# "))
    return " ".join(re.search(r"\*\*(.+?)\*\*", text.partition(" · ")[2], re.S)[1].split())


def map_page(series: list[str], sources: list[Path]) -> str:
    """The page ``map.md``: every notebook with its promise, and each idea with the notebooks that are about it."""
    there = {int(source.name[:2]): source for source in sources}
    rows = ["| | notebook | what you get |", "|---|---|---|"]
    for number, title in enumerate(series):
        source = there.get(number)
        named = f"[{title}]({source.stem}.ipynb)" if source else title
        rows.append(f"| {number:02} | {named} | {promise(source) if source else 'to come'} |")
    about = {number: lit(source) for number, source in there.items()}

    def where(name: str, place: int) -> str:
        found = [n for n in sorted(about) if name in about[n][place]]
        return ", ".join(f"[{n:02}]({there[n].stem}.ipynb)" for n in found) or "to come"

    parts = [HEAD, *rows, "", "## Where each idea is", "", "| axis | | notebooks |", "|---|---|---|"]
    parts += [f"| step {k + 1} of the life cycle | {step} | {where(step, 0)} |" for k, step in enumerate(LIFE_CYCLE)]
    parts += [f"| {axis} | {name} | {where(name, 1)} |" for axis, names in MAP.items() for name in names]
    parts += [
        "",
        "Beside the notebooks: [what is read about distillation, tested here](tested-here.md), and "
        "[which cell shows which idea](coverage.md).",
        "",
    ]
    return "\n".join(parts)
