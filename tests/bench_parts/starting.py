"""What it costs to begin: `import kdlab`, and a workbench until it is painted first."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict

PAINT = """
import time
start = time.process_time()
import kdlab
imported = time.process_time()
{more}
import kdlab.ui.workbench
views = time.process_time()
bench = kdlab.Workbench()
made = time.process_time()
bench._repr_mimebundle_()
painted = time.process_time()
print(imported - start, views - imported, made - views, painted - made)
"""
PROFILED = """
import cProfile, io, pstats, threading, kdlab, kdlab.ui.workbench
seen = cProfile.Profile()
seen.enable()
kdlab.Workbench()._repr_mimebundle_()
seen.disable()
text = io.StringIO()
pstats.Stats(seen, stream=text).sort_stats("cumtime").print_stats("kdlab|matplotlib|lock", 12)
print(*[line for line in text.getvalue().splitlines() if line.strip()][4:], sep="\\n")
"""


def python(code: str, *options: str) -> subprocess.CompletedProcess:
    """Run code in a new Python, one thread."""
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=True)


def imports(code: str = "import kdlab", top: int = 5) -> None:
    """Which packages an import spends its time in, by the time within each module (python -X importtime)."""
    spent: dict[str, float] = defaultdict(float)
    whole = 0.0
    for line in python(code, "-X", "importtime").stderr.splitlines():
        own, together, name = line.removeprefix("import time:").split("|")
        if own.strip().isdigit():
            spent[".".join(name.split()[0].split(".")[: 2 if name.split()[0].startswith("kdlab.ui") else 1])] += int(
                own
            )
            whole = max(whole, int(together))
    print(f"\n`{code}`: {whole / 1e6:.2f} s; most of it within")
    for name, micro in sorted(spent.items(), key=lambda item: -item[1])[:top]:
        print(f"  {name:<16}{micro / 1e6:.2f} s")


def report(quick: bool = False) -> None:
    """Both profiles, and the parts of a first paint in seconds of CPU time."""
    imports()
    imports("import kdlab.ui.workbench")
    several = [python(PAINT.format(more="")).stdout.split() for _ in range(1 if quick else 3)]
    best = [min(map(float, part)) for part in zip(*several, strict=True)]
    print(
        "\nfirst paint, s: import kdlab {:.2f}, the views' modules {:.2f}, Workbench() {:.2f}, picture {:.2f}".format(
            *best
        )
    )
    print(python(PROFILED).stdout)
