# Two commands: `make lab` opens the workbench, `make test` checks all that a change needs. `make` alone lists the rest.
# Each says what it does, and does quickly what is already done.
#
#   PYTHON    the Python to make .venv with (default: the newest found, 3.11 at least)
#   PIP_ARGS  options for pip, such as --extra-index-url https://download.pytorch.org/whl/cpu
#   LAB_ARGS  options for JupyterLab, such as "--no-browser --port 8899"
#   BENCH_ARGS  options for `make bench`: --quick, --out FOLDER, --only PART

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
PIP_ARGS ?=
LAB_ARGS ?=
BENCH_ARGS ?=

NOTEBOOKS := $(sort $(wildcard notebooks/*.ipynb))
# `make test` runs these on the simulated older processor too, `make test-all` every one.
OLDER_NOTEBOOKS := $(filter $(addprefix notebooks/,00-% 03-% 05-% 11-% 12-%),$(NOTEBOOKS))

# Three in a real JupyterLab; `make test-all` opens every one.
BROWSER_NOTEBOOKS := $(addprefix tests/browser/notebooks/test_,03.py 05.py 12.py)

BROWSER_TESTS := $(wildcard tests/browser/test_*.py) $(BROWSER_NOTEBOOKS)

# One thread: small nets run faster so, and give the same bits in every run. What was kept before decides nothing.
ONE_THREAD := OMP_NUM_THREADS=1 KDLAB_CACHE=
# The bits of a trained net differ between processors; what the notebooks state must hold on an older one as well.
OLDER := ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_CBWR=COMPATIBLE
PARALLEL := -n 2 --dist loadfile
NBVAL := $(ONE_THREAD) JUPYTER_PREFER_ENV_PATH=1 $(BIN)/python -m pytest --nbval --nbval-current-env \
	--nbval-sanitize-with tests/nbval_sanitize.cfg $(PARALLEL)

WITH_CHROMIUM = chromium=$$(sh -c "$$FIND_CHROMIUM") || exit 1; KDLAB_CHROMIUM=$$chromium

.NOTPARALLEL: # the parts print, and share two cores
.PHONY: help lab test test-all lint format notebooks book bench bench-ui clean check-lint check-tests check-notebooks \
	check-older check-older-all check-thorough check-book check-every-notebook some-notebooks

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 18

lab: $(VENV)/lab.stamp ## install what is needed and open the workbench in JupyterLab
	@$(BIN)/kdlab lab $(LAB_ARGS)

test: check-lint check-tests check-notebooks check-older ## all checks that a change needs: code, browser, notebooks

test-all: check-lint check-thorough check-notebooks check-older-all check-every-notebook check-book bench-ui ## all of everything: more examples, every notebook twice, the benchmark

lint: check-lint ## check the code's style

format: $(VENV)/test.stamp ## put the code's style right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

notebooks: $(VENV)/test.stamp ## make the notebooks anew, their outputs included
	@$(ONE_THREAD) $(BIN)/python notebooks/build.py

bench: $(VENV)/test.stamp ## compare costs with what they should be, in one table; BENCH_ARGS="--quick" for a short one
	@$(WITH_CHROMIUM) $(ONE_THREAD) JUPYTER_PREFER_ENV_PATH=1 $(BIN)/python tests/bench_speed.py $(BENCH_ARGS)

bench-ui: $(VENV)/test.stamp ## time slider to changed bars, against plotly and matplotlib
	@$(WITH_CHROMIUM) $(ONE_THREAD) $(BIN)/python tests/browser/bench_ui.py

book: $(VENV)/book.stamp ## make the static book of the series in build/book/html (needs npm)
	@$(ONE_THREAD) $(BIN)/python notebooks/book/make.py

check-book: book
	@echo "== The book in the browser, without kernel and network"
	@$(WITH_CHROMIUM) $(BIN)/python -m pytest tests/browser/book

clean: ## remove what was installed, built or cached here; the working copy (workspace/) and runs/ stay
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# --- the parts of `make test`, in its order ---

check-lint: $(VENV)/test.stamp
	@echo "== Style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

check-tests check-thorough: $(VENV)/test.stamp
	@echo "== Tests of the code"
	@$(ONE_THREAD) $(BIN)/python -m pytest tests --ignore=tests/browser $(PARALLEL) \
		$(if $(filter check-thorough,$@),--hypothesis-profile=thorough)
	@echo "== Tests in the browser"
	@$(WITH_CHROMIUM); export KDLAB_CHROMIUM $(ONE_THREAD); \
	$(BIN)/python -m pytest $(PARALLEL) $(BROWSER_TESTS) || { \
	  echo "== The files in which one failed, once more: a browser on a busy machine can miss a moment"; \
	  $(BIN)/python -m pytest $$($(BIN)/python -c "$$FAILED_FILES"); }

check-every-notebook: $(VENV)/test.stamp
	@echo "== Every notebook in the browser"
	@$(WITH_CHROMIUM) $(ONE_THREAD) $(BIN)/python -m pytest tests/browser/notebooks

check-notebooks: $(VENV)/test.stamp some-notebooks
	@echo "== Notebooks: every stored output comes out again"
	@$(NBVAL) $(NOTEBOOKS)

check-older: $(VENV)/test.stamp some-notebooks
	@echo "== Notebooks, as an older processor computes them"
	@$(OLDER) $(NBVAL) $(OLDER_NOTEBOOKS)

check-older-all: $(VENV)/test.stamp some-notebooks
	@echo "== Every notebook, as an older processor computes them"
	@$(OLDER) $(NBVAL) $(NOTEBOOKS)

some-notebooks:
	@[ -n "$(OLDER_NOTEBOOKS)" ] || { echo "notebooks/ holds no notebook to check: see \`make notebooks\`" >&2; exit 1; }

# --- what is installed: a stamp newer than the lists of packages means that nothing is to be done ---

# The first installation takes long enough to be watched; a later one would fill the screen with what is there already.
AGAIN_QUIET = $(if $(wildcard $(VENV)/*.stamp),--quiet)

$(BIN)/python:
	@python=$$(sh -c "$$FIND_PYTHON") || exit 1; \
	echo "Making $(VENV) with $$($$python --version)."; \
	"$$python" -m venv $(VENV)

$(VENV)/lab.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing kdlab and what it needs into $(VENV): some minutes the first time."
	@$(BIN)/python -m pip install $(AGAIN_QUIET) $(PIP_ARGS) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/test.stamp: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing kdlab and what its tests need into $(VENV): some minutes the first time."
	@$(BIN)/python -m pip install $(AGAIN_QUIET) $(PIP_ARGS) --constraint constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/lab.stamp

$(VENV)/book.stamp: pyproject.toml | $(VENV)/test.stamp
	@$(BIN)/python -m pip install $(AGAIN_QUIET) $(PIP_ARGS) --constraint constraints.txt --editable '.[book]'
	@touch $@

define FAILED_FILES
import json
failed = json.load(open(".pytest_cache/v/cache/lastfailed"))
print(*sorted({name.split("::")[0] for name in failed if name.startswith("tests/browser/")}))
endef
export FAILED_FILES

define FIND_PYTHON
set -u
lacking=
for python in $${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3 python}; do
  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 11))' 2>/dev/null) || continue
  if $$python -c 'import ensurepip, venv' 2>/dev/null; then echo "$$python"; exit 0; fi
  lacking=$${lacking:-$$version}
done
if [ -n "$$lacking" ]; then
  echo "Python $$lacking is here, but not its venv module. On Debian or Ubuntu: apt install python$$lacking-venv" >&2
else
  echo "kdlab needs Python 3.11 or newer; looked for: $${PYTHON:-python3.11 to python3.14, python3, python}." >&2
  echo "On Debian 12 or newer: apt install python3 python3-venv. Elsewhere: https://www.python.org/downloads/" >&2
  echo "If it is somewhere else: make lab PYTHON=/path/to/python3.12" >&2
fi
exit 1
endef
export FIND_PYTHON PYTHON

# Prints the path of a Chromium and nothing else on standard output; installs one where none is there.
define FIND_CHROMIUM
set -u
if [ -n "$${KDLAB_CHROMIUM:-}" ]; then
  command -v "$$KDLAB_CHROMIUM" && exit 0
  echo "KDLAB_CHROMIUM is $$KDLAB_CHROMIUM, which cannot be run." >&2
  exit 1
fi
look() {
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$$name" && return
  done
  return 1
}
playwrights() {
  $(BIN)/python -c '
import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
print(path) if os.access(path, os.X_OK) else sys.exit(1)'
}
look || playwrights && exit 0
may=no
if command -v apt-get >/dev/null; then
  if [ "$$(id -u)" = 0 ]; then may=; elif sudo -n true 2>/dev/null; then may="sudo -n"; fi
fi
if [ "$$may" != no ]; then
  echo "No Chromium found: installing Debian's (apt-get install chromium)." >&2
  $$may apt-get update -qq >&2 && $$may apt-get install -y -qq --no-install-recommends chromium >&2
  look && exit 0
fi
echo "No Chromium found: installing Playwright's (playwright install chromium)." >&2
$(BIN)/python -m playwright install chromium >&2 && playwrights && exit 0
echo "The browser tests need a Chromium, and none could be found or installed." >&2
echo "Install one (on Debian: apt install chromium), or name one: make test KDLAB_CHROMIUM=/path/to/chromium" >&2
exit 1
endef
export FIND_CHROMIUM
