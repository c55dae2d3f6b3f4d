"""How costs are compared: turn by turn in one process, on one thread, by the CPU time that each turn takes."""

from __future__ import annotations

import gc
import re
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]  # "what", "target" ("<= 1.12", ">= 6"), "ratios"; and "note", where there is more to say


def seconds(act: Callable[[], Any]) -> float:
    """CPU time of this process, all its threads included; collecting garbage is everybody's own business."""
    gc.collect()
    start = time.process_time()
    act()
    return time.process_time() - start


def row(what: str, target: str, ours: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> Row:
    """A row whose ratios are ours / theirs, in turns (A B A B …); both are done once before anything is timed.

    Where the target is "at least" they are theirs / ours: how many times as quick we are.
    """
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    swap = target.startswith(">")
    ratios = [b / a if swap else a / b for a, b in pairs]
    mine, other = (1000 * statistics.median(side) for side in zip(*pairs, strict=True))
    return {"what": what, "target": target, "ratios": ratios, "note": f"{mine:,.1f} ms against {other:,.1f} ms a turn"}


def met(found: Row) -> str:
    """Whether the median keeps the target, if there is one."""
    target = re.match(r"\s*(<=|>=|<|>|≤|≥)\s*([\d.]+)", found["target"])
    if target is None:
        return ""
    median, bound = statistics.median(found["ratios"]), float(target[2])
    return "yes" if (median <= bound if target[1] in ("<", "<=", "≤") else median >= bound) else "NO"


def show(rows: Sequence[Row]) -> None:
    """One table: what, target, median ratio, spread over the repeats, met or not."""
    width = max(len(found["what"]) for found in rows)
    print(f"\n{'what':<{width}}  {'target':>8}  {'median':>7}  {'spread':>15}  {'n':>2}  met", flush=True)
    for found in rows:
        ratios = found["ratios"]
        if not ratios:
            print(f"{found['what']:<{width}}  {found['target']:>8}  {'–':>7}  {'–':>15}   0  {found.get('note', '')}")
            continue
        spread = f"{min(ratios):.3f}–{max(ratios):.3f}"
        median = f"{statistics.median(ratios):.3f}"
        print(
            f"{found['what']:<{width}}  {found['target']:>8}  {median:>7}  {spread:>15}  {len(ratios):>2}  {met(found)}"
        )
    noted = [found for found in rows if found.get("note") and found["ratios"]]
    for found in noted:
        print(f"  {found['what']}: {found['note']}")


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Of log y over log x by least squares: 1 for a cost that grows in proportion."""
    import numpy as np

    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
