"""A workbench that is open and draws while it trains, in a kernel whose messages are read, against the bare loop."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench_parts.measure import Row

IN_KERNEL = """
import sys
sys.path.insert(0, {tests!r})
from bench_parts.opened import inside
"""
DRAWN = 5  # pictures a second


def rows(quick: bool = False) -> list[Row]:
    """Training with the workbench open and drawing, against the same lanes in a plain loop."""
    from jupyter_client.manager import start_new_kernel

    code = IN_KERNEL.format(tests=str(Path(__file__).parents[1]))
    said: list[str] = []
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)
    try:
        for cell in (code, "import kdlab; bench = kdlab.Workbench(); bench", f"inside(bench, {3 if quick else 7})"):
            reply = client.execute_interactive(cell, timeout=1800, output_hook=lambda m: hear(m, said))
            if reply["content"]["status"] != "ok":
                raise RuntimeError(f"{reply['content']['ename']}: {reply['content']['evalue']}")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    told = json.loads([line for line in "".join(said).splitlines() if line.startswith("{")][-1])
    note = f"{told['drawn']:.1f} pictures a second; {told['ours']:.2f} s of CPU time against {told['theirs']:.2f} s"
    what = f"training with the workbench open and drawing at {DRAWN} Hz / without"
    return [{"what": what, "target": "<= 1.15", "ratios": told["ratios"], "note": note}]


def hear(message: dict, said: list[str]) -> None:
    """Keep what the kernel prints; all else, the views' messages among it, is read and dropped."""
    if message["header"]["msg_type"] == "stream":
        said.append(message["content"]["text"])


def inside(bench, repeats: int, epochs: int = 100) -> None:
    """In the kernel: train in turns with and without the workbench; prints ratios as JSON."""
    import statistics
    import threading
    import time

    import torch

    from bench_parts.measure import seconds
    from kdlab.ui import runner
    from kdlab.ui.lanes import Lanes

    torch.set_num_threads(1)
    runner.SECONDS_BETWEEN_PUSHES = 1 / DRAWN
    lab, state = bench.lab, bench.state
    state.pace, state.epochs = "full", epochs
    lab.runner.settled(600)
    show, drawn, wall = lab.runner._show, [], []

    def counted(lanes) -> None:
        drawn.append(lanes)
        show(lanes)

    lab.runner._show = counted

    def with_workbench() -> None:
        lab._baselines = {}  # trained anew
        start = time.perf_counter()
        lab.train()
        assert lab.runner.settled(600)
        wall.append(time.perf_counter() - start)

    def plain() -> None:
        scene = lab.painter.scene
        lanes = Lanes(state.recipe(), scene.given, scene.teachers, state.student, state.seeds, {})
        while not lanes.over:
            lanes.advance()

    def without() -> None:
        def work() -> None:
            torch.set_num_threads(1)
            plain()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    with_workbench(), without()
    drawn.clear(), wall.clear()
    pairs = [(seconds(with_workbench), seconds(without)) for _ in range(repeats)]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = [a / b for a, b in pairs]
    told = {"ratios": ratios, "ours": ours, "theirs": theirs, "drawn": len(drawn) / sum(wall)}
    print(json.dumps(told), file=sys.stdout, flush=True)
