"""A real JupyterLab for the browser tests, started as `kdlab lab` starts it, and the steps a learner takes in it."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from kdlab import workspace

START = 60  # seconds for the server to answer
OPEN = 60  # seconds, on a busy machine, for a notebook to be drawn and its kernel to be there
IDLE = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator[data-status='idle']"
ERROR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']"

# Every cell in the page at all times (not only those in sight), and no saving behind a test's back.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, and the folder it shows (which holds ``notebooks/``)."""

    url: str
    token: str
    root: Path

    def ask(self, path: str, method: str = "GET") -> bytes:
        """What the server answers to a request of its REST interface."""
        request = urllib.request.Request(f"{self.url}/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def sessions(self) -> list[dict]:
        """The open notebooks with their kernels, as the server sees them."""
        return json.loads(self.ask("api/sessions"))

    def end_kernels(self) -> None:
        """Shuts every notebook's kernel down: each holds a torch in memory."""
        for session in self.sessions():
            self.ask(f"api/sessions/{session['id']}", "DELETE")


@pytest.fixture(scope="session")
def jupyter_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab for all tests."""
    with serve(tmp_path_factory.mktemp("jupyter")) as lab:
        yield lab


@contextmanager
def serve(home: Path) -> Iterator[Lab]:
    """JupyterLab on a working copy of the notebooks, with settings of its own, all below ``home``."""
    root = home / "workspace"
    workspace.refresh(workspace.shipped_notebooks(), root)
    for plugin, values in SETTINGS.items():
        file = home / "settings" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    argv, environment = workspace.command(
        root,
        [
            "--no-browser",
            f"--port={port}",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={token}",
            "--LabApp.extension_manager=readonly",
        ],
    )
    environment |= {
        "OMP_NUM_THREADS": "1",
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    lab = Lab(f"http://127.0.0.1:{port}", token, root)
    log = home / "jupyterlab.log"
    with log.open("wb") as out:
        server = subprocess.Popen(argv, env=environment, stdout=out, stderr=out, cwd=home)
        try:
            _wait_for_answer(lab, server, log)
            yield lab
        finally:
            _end(server)


@pytest.fixture
def lab_page(chromium: Browser, jupyter_lab: Lab) -> Iterator[Page]:
    """A page of 1366 × 768 for one test; at its end no error may stand on the console, and the kernels end."""
    page = chromium.new_page(viewport={"width": 1366, "height": 768})
    errors = console_errors(page)
    yield page
    page.close()
    jupyter_lab.end_kernels()
    assert errors == []


def console_errors(page: Page) -> list[str]:
    """A list that fills with what the page reports as errors from now on: console errors and uncaught exceptions."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


def new_notebook(lab: Lab, cells: list[str], name: str = "test.ipynb") -> str:
    """Writes a notebook of code cells into the lab's folder and returns its path for `open_notebook`."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, lab.root / name)
    return name


def open_notebook(page: Page, lab: Lab, path: str) -> None:
    """Opens a notebook (its path below the lab's folder) and waits until its cells are drawn and its kernel is idle."""
    page.goto(f"{lab.url}/lab/tree/{path}?reset&token={lab.token}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=OPEN * 1000)
    # The page says "idle" before it has a kernel at all: the server must know it as connected first.
    until(lambda: any(s["path"] == path and s["kernel"]["connections"] for s in lab.sessions()), page, OPEN)
    wait_idle(page, OPEN)


def run_all(page: Page, timeout: float = 120) -> None:
    """Runs all cells by the menu, as a learner would, and waits for the last to end; a cell's error fails the test.

    Args:
        page: a page with an open notebook.
        timeout: seconds that the whole notebook may take.
    """
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    # An idle kernel before the first cell has started is no end: every cell that has code must bear its number.
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].every(cell =>
            /\\d/.test(cell.querySelector('.jp-InputPrompt').textContent)
            || !cell.querySelector('.cm-content')?.textContent.trim() // empty, or its code is folded away
            || document.querySelector("[data-mime-type='application/vnd.jupyter.error']"))""",
        timeout=timeout * 1000,
    )
    wait_idle(page, timeout)
    error = page.locator(ERROR)
    assert error.count() == 0, error.first.inner_text()


def run_last_cell_again(page: Page) -> None:
    """Clicks into the last cell and presses Ctrl-Enter."""
    cell = page.locator(".jp-CodeCell").last
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(cell.locator(".jp-InputPrompt")).not_to_have_text(before)
    wait_idle(page)


def wait_idle(page: Page, timeout: float = 60) -> None:
    """Waits until the open notebook's kernel has nothing to do (timeout in seconds)."""
    expect(page.locator(IDLE)).to_have_count(1, timeout=timeout * 1000)


def until(ready: Callable[[], bool], page: Page, timeout: float) -> None:
    """Asks ``ready`` again and again, the page going on meanwhile, for at most ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while not ready():
        assert time.monotonic() < end, f"not there within {timeout} s"
        page.wait_for_timeout(50)


def _wait_for_answer(lab: Lab, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and server.poll() is None:
        try:
            lab.ask("api/status")
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not answer within {START} s:\n{log.read_text()[-3000:]}")


def _end(server: subprocess.Popen) -> None:
    """Ends the server, which ends its kernels first; kernels whose server had to be killed notice that and end too."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(10)
