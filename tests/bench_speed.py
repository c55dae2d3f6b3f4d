"""What things cost, each beside what it is compared with: `make bench`.

`python tests/bench_speed.py [--quick] [--out FOLDER] [--only PART …]` prints one table of ratios with their targets,
taken in turns within one run on one thread, by CPU time (the slider and the workers by the clock); draws how costs
grow, into the folder; and says where the time of an import, of a first paint and of a step goes. It asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from bench_parts import kept, opened, scaling, starting, steps
from bench_parts.measure import Row, show

BROWSER = Path(__file__).parent / "browser"


def stacked(quick: bool) -> list[Row]:
    """Many students at once."""
    import bench_stacked

    found = bench_stacked.rows(3 if quick else 5)
    return [row | {"target": f">= {row['target']:g}"} for row in found]


def sweeps(quick: bool) -> list[Row]:
    """What a sweep costs beside its trainings."""
    import bench_sweep

    return bench_sweep.rows(*((40, 3) if quick else (200, 5)))


def sliders(quick: bool) -> list[Row]:
    """From a slider to changed bars, in a browser."""
    sys.path.insert(0, str(BROWSER))
    import bench_ui

    return bench_ui.rows(*((3, 8) if quick else (5, 16)))


TABLE: dict[str, Callable[[bool], list[Row]]] = {
    "steps": steps.rows, "stacked": stacked, "opened": opened.rows, "slider": sliders, "kept": kept.rows,
    "sweeps": sweeps,
}  # fmt: skip


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats and smaller sizes")
    parser.add_argument("--out", type=Path, default=Path("bench"), help="folder of the pictures")
    parser.add_argument(
        "--only", nargs="+", choices=[*TABLE, "scaling", "starting", "profile"], help="these parts alone"
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[Row] = []
    for name, part in TABLE.items():
        if not given.only or name in given.only:
            print(f"{name} …", flush=True)
            try:
                rows += part(given.quick)
            except Exception as error:  # no browser, say: the other rows are worth having
                rows.append({"what": name, "target": "–", "ratios": [], "note": f"{type(error).__name__}: {error}"})
    if rows:
        show(rows)
    if not given.only or "scaling" in given.only:
        scaling.report(given.out, given.quick)
    if not given.only or "starting" in given.only:
        starting.report(given.quick)
    if not given.only or "profile" in given.only:
        for student, count in (("mlp-16", 2000), ("conv-4", 500)):
            steps.profile(student, count)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"\nload of the machine at the end {load}, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
