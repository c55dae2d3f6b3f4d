"""From a slider's movement to changed bars, in a real JupyterLab: our view against plotly and matplotlib.

``make bench-ui`` prints a table. The same two bar charts (teacher and student, ten classes) are drawn three ways in one
notebook and dragged by the same hand; a time is from the pointer's movement to the frame that shows the new bars. The
ratio to our view's median is what counts; times in milliseconds depend on the machine.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from conftest import browser_path
from lab import new_notebook, open_notebook, run_all, serve
from playwright.sync_api import Locator, Page, sync_playwright

MOVES = 40
PAUSE = 400  # ms between two movements of the hand: each is answered before the next
DATA = """
import numpy as np, kdlab
data = kdlab.load("fashion-mnist")
x, labels = data.validation.x, data.validation.y.numpy()
from kdlab.players import tell
teacher = tell(kdlab.pretrained("fashion-mnist-cnn"), x).logits.numpy()
student = tell(kdlab.build("mlp-64"), x).logits.numpy()
"""
OURS = """
from kdlab.ui.panels.soft_targets import SoftTargets
view = SoftTargets(slider=True, sample=0, pick="in order")
view.show(teacher, student, labels, classes=data.classes)
view
"""
PLOTLY = """
import ipywidgets as w, plotly.graph_objects as go
from kdlab.metrics import soften
figure = go.FigureWidget([go.Bar(x=data.classes, y=soften(z[:1], 2.0)[0]) for z in (teacher, student)])
slider = w.FloatLogSlider(2.0, min=-0.3, max=1.3, step=0.001, description="T")
def turn(change):
    with figure.batch_update():
        for bar, z in zip(figure.data, (teacher, student)):
            bar.y = soften(z[:1], change.new)[0]
slider.observe(turn, "value")
w.VBox([slider, figure])
"""
MATPLOTLIB = """
%matplotlib inline
import matplotlib.pyplot as plt
@w.interact(T=w.FloatLogSlider(2.0, min=-0.3, max=1.3, step=0.001))
def bars(T):
    figure, axes = plt.subplots(figsize=(6, 3))
    for i, z in enumerate((teacher, student)):
        axes.bar(np.arange(10) + 0.4 * i, soften(z[:1], T)[0], 0.4)
    axes.set_xticks(range(10), data.classes, rotation=45)
    plt.show()
"""
BUSY = "import time\nend = time.time() + 20\nwhile time.time() < end: sum(range(1000))"
TRAINING = """
bench = kdlab.Workbench()
bench.state.pace, bench.state.epochs = "full", 3000
bench.lab.train()
"""
STOPPED, GOES_ON = "bench.lab.pause()", "bench.lab.train()"

# Times each movement until the bars in the page have changed; `bars` says what a bar is in each technique.
WATCH = """
([target, bars]) => {
  const root = document.querySelector(target);
  const look = () => [...root.querySelectorAll(bars)].map(b =>
    b.getAttribute('d') || b.getAttribute('src') || b.getAttribute('width') || b.getAttribute('data-value')).join('|');
  let [moved, last] = [null, look()];
  window.times = [];
  root.addEventListener('pointermove', () => { moved = performance.now(); }, true);
  window.watching?.disconnect();
  window.watching = new MutationObserver(() => {
    const now = look();
    if (now === last) return;
    last = now;
    if (moved !== null) window.times.push(performance.now() - moved);
    moved = null;
  });
  window.watching.observe(root, { subtree: true, childList: true, attributes: true });
}
"""


def drag(page: Page, knob: Locator, target: str, bars: str, moves: int = MOVES) -> tuple[list[float], int]:
    """Milliseconds of each answer, and how many movements there were; ``knob`` is a slider's track or its handle."""
    knob.scroll_into_view_if_needed()
    page.evaluate(WATCH, [target, bars])
    box, width = knob.bounding_box(), page.locator(target).bounding_box()["width"] / 6
    x, y = box["x"] + min(box["width"] / 2, box["width"] * 0.3 + 4), box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.wait_for_timeout(PAUSE)
    page.evaluate("window.times = []")
    for i in range(1, moves + 1):
        page.mouse.move(x + min(width, 120) * i / moves, y)
        page.wait_for_timeout(PAUSE)
    page.mouse.up()
    return page.evaluate("window.times"), moves


def rows(rounds: int = 5, moves: int = 16) -> list[dict]:
    """For the table of `make bench`: the slider while training runs, in turns with the same slider at rest."""
    ratios, both = [], ([], [])
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        open_notebook(page, lab, new_notebook(lab, [DATA, OURS], "bench.ipynb"))
        run_all(page)
        page.locator(".jp-CodeCell").nth(1).evaluate("(cell) => cell.classList.add('bench-2')")
        slider = page.locator(".bench-2 input[type=range]").first
        insert_and_run(page, TRAINING)
        page.wait_for_timeout(8000)
        for _ in range(rounds):
            for times, command in zip(both, (GOES_ON, STOPPED), strict=True):
                insert_and_run(page, command)
                page.wait_for_timeout(1500)
                times.append(statistics.median(drag(page, slider, ".bench-2", "[data-who]", moves)[0]))
            ratios.append(both[0][-1] / both[1][-1])
        browser.close()
    note = f"{statistics.median(both[0]):.1f} ms against {statistics.median(both[1]):.1f} ms, to the frame"
    return [{"what": "slider latency while training / idle", "target": "<= 1.3", "ratios": ratios, "note": note}]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as lab, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        cells = [DATA, OURS, PLOTLY, MATPLOTLIB]
        open_notebook(page, lab, new_notebook(lab, cells, "bench.ipynb"))
        run_all(page)
        for i in (2, 3, 4):
            page.locator(".jp-CodeCell").nth(i - 1).evaluate("(cell, name) => cell.classList.add(name)", f"bench-{i}")
        rows = {}
        slider = page.locator(".bench-2 input[type=range]").first
        rows["kdlab, in the browser"] = drag(page, slider, ".bench-2", "[data-who]")
        rows["plotly FigureWidget"] = drag(page, page.locator(".bench-3 .noUi-handle"), ".bench-3", ".bars path")
        rows["matplotlib interact"] = drag(page, page.locator(".bench-4 .noUi-handle"), ".bench-4", "img")
        insert_and_run(page, BUSY)
        rows["kdlab, a cell blocks the kernel"] = drag(page, slider, ".bench-2", "[data-who]")
        page.wait_for_timeout(8000)
        insert_and_run(page, TRAINING)
        page.wait_for_timeout(8000)
        rows["kdlab, while training runs"] = drag(page, slider, ".bench-2", "[data-who]")
        browser.close()
    show(rows)


def insert_and_run(page: Page, code: str) -> None:
    """A new last cell, run without waiting for its end."""
    page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(500)


def show(rows: dict[str, tuple[list[float], int]]) -> None:
    """The table."""
    ours = statistics.median(next(iter(rows.values()))[0])
    print(f"\n{'slider to changed bars':<34}{'p50 ms':>8}{'p95 ms':>8}{'ratio':>7}{'answered':>10}")
    for name, (times, moves) in rows.items():
        if not times:
            print(f"{name:<34}{'–':>8}{'–':>8}{'–':>7}{0:>5} of {moves}")
            continue
        p50, p95 = statistics.median(times), sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]
        print(f"{name:<34}{p50:>8.1f}{p95:>8.1f}{p50 / ours:>7.1f}{len(times):>5} of {moves}")
    print(f"{MOVES} movements, {PAUSE} ms apart; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
