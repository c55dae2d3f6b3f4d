"""What holds the package together: lists of dependencies, import directions, size, wheel and README."""

import ast
import graphlib
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kdlab"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NEEDS = [Requirement(line) for line in PROJECT["dependencies"]]
TESTS_NEED = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]

# Who may import whom: a module imports from its own layer or from one above it in this list, never from below.
LAYERS = [
    {"check", "plots", "workspace", "progress", "threads", "shifts"},
    {
        "registry",
        "originals",
        "sources",
        "texts",
        "splits",
        "knowledge",
        "events",
        "metrics",
        "models",
        "graphs",
        "handover",
        "data",
        "batches",
    },
    {"taps", "losses", "charts", "answerfile", "keep", "versions"},
    {"methods", "initial", "players", "service", "crowd", "language"},
    {"schemes", "schedules"},
    {"algorithms"},
    {"recipe"},
    {"taught"},
    {"arrangement", "cast", "prepare"},
    {"objective", "tuning", "resume", "training", "sidebyside", "stacked"},
    {"runs", "deploy", "ledger", "finished", "checkpoint", "recorder"},
    {"api", "comparison", "sweeps"},
    {"kdlab"},  # the names of kdlab/__init__.py
    {"study", "tally", "exercises"},
    {"cli", "ui", "__main__"},
]
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}


# --- dependencies: three lists that must agree ---


def clauses(requirement: Requirement) -> set[str]:
    return set(str(requirement.specifier).split(","))


def test_conda_environment_and_pyproject_allow_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    specs = [MatchSpec(spec) for spec in environment["dependencies"] if isinstance(spec, str)]
    versions = {spec.name.normalized: set(str(spec.version).split(",")) for spec in specs if spec.version}
    names = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
    wanted = {names.get(need.name, need.name): clauses(need) for need in NEEDS}
    assert versions == wanted | {"python": {PROJECT["requires-python"]}}
    assert {spec.name.normalized for spec in specs if not spec.version} == {"pip", "pytorch-cpu"}


def test_conda_environment_takes_all_from_conda_forge_and_the_package_itself_from_here():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    assert environment["name"] == "kdlab"
    assert environment["channels"] == ["conda-forge"]
    assert [part for part in environment["dependencies"] if isinstance(part, dict)] == [{"pip": ["-e ."]}]


def test_every_direct_dependency_is_pinned_to_a_version_within_its_range():
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    pins = dict(line.split("==") for line in lines)
    assert len(pins) == len(lines)
    assert not [version for version in pins.values() if "+" in version]  # "+cpu" would shut out other builds
    for need in NEEDS + TESTS_NEED:
        version = pins[canonicalize_name(need.name)]
        assert need.specifier.contains(version), f"{need} does not allow the pinned {version}"


def test_what_is_optional_is_under_test_in_the_versions_that_are_allowed():
    extras = PROJECT["optional-dependencies"]
    optional = [line for extra, lines in extras.items() if extra not in ("test", "book") for line in lines]
    assert {str(Requirement(line)) for line in optional} <= {str(need) for need in TESTS_NEED}


# --- the package: what importing it costs, who knows whom, how large it is ---


def test_importing_kdlab_loads_neither_widgets_nor_plotting():
    heavy = ("ipywidgets", "anywidget", "matplotlib", "plotly", "jupyterlab", "IPython")
    code = f"import kdlab, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if "_notebooks" not in path.parts]


def part(path: Path) -> str:
    """A module's place in LAYERS: its own name, or its package's; "kdlab" for kdlab/__init__.py."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "kdlab" if first == "__init__" else first


def imported(path: Path, for_types: bool = True) -> Iterator[str]:
    """Full dotted names of what a module imports, wherever in it: "kdlab.losses", "torch", "matplotlib.figure".

    Without ``for_types``, less what stands under ``if TYPE_CHECKING``, which never runs.
    """
    package = ".".join(path.relative_to(ROOT).parent.parts)
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    guards = [node for node in nodes if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    ignored = set() if for_types else {inner for guard in guards for inner in ast.walk(guard)}
    for node in nodes:
        if node in ignored:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            # `from kdlab import check` names a module, `from kdlab import distill` a name of __init__.
            yield from (f"{module}.{alias.name}" if module == "kdlab" else module for alias in node.names)


def own_parts(path: Path) -> set[str]:
    """The parts of kdlab that a module imports."""
    found = {name.split(".")[1] for name in imported(path) if name.startswith("kdlab.")}
    return {name if name in LAYER else "kdlab" for name in found}


def test_every_module_has_its_layer():
    assert {part(path) for path in modules()} <= set(LAYER)


@pytest.mark.parametrize("path", [path for path in modules() if part(path) != "kdlab"], ids=lambda p: p.stem)
def test_imports_run_one_way(path):
    below = {name for name in own_parts(path) if LAYER[name] > LAYER[part(path)]}
    assert not below, f"{path.relative_to(ROOT)} imports {sorted(below)}, which build on it"


def test_no_two_parts_import_each_other():
    graph: dict[str, set[str]] = {}
    for path in modules():
        graph.setdefault(part(path), set()).update(own_parts(path) - {part(path)})
    # kdlab/__init__.py reaches for the workbench only when asked for it, and the workbench for its names.
    graph["kdlab"].discard("ui")
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize(
    ("libraries", "allowed"),
    [
        ({"ipywidgets", "anywidget"}, {"ui", "exercises"}),
        ({"matplotlib", "plotly"}, {"ui", "plots"}),
    ],
)
def test_only_the_ui_and_the_plots_know_their_libraries(libraries, allowed):
    users = {
        part(path) for path in modules() if libraries & {name.split(".")[0] for name in imported(path, for_types=False)}
    }
    assert users <= allowed


def test_plots_take_arrays_not_tensors():
    assert not [path.name for path in modules() if part(path) == "plots" for name in imported(path) if name == "torch"]


def test_no_file_is_over_300_lines_and_the_middle_one_is_under_120():
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".js", ".css"}
    }
    assert {name: count for name, count in lines.items() if count > 300} == {}
    assert sorted(lines.values())[len(lines) // 2] < 120


# --- what people get: the wheel and the README ---


def shipped(folder: str) -> set[str]:
    """Files below a folder, as paths relative to it, without hidden ones and caches."""
    paths = [path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*") if path.is_file()]
    return {path.as_posix() for path in paths if not any(name.startswith((".", "__")) for name in path.parts)}


def test_wheel_carries_data_notebooks_and_browser_side(tmp_path):
    [wheel] = WheelBuilder(str(ROOT)).build(directory=str(tmp_path))
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"kdlab/_data/{name}" for name in shipped("data")} <= names
    assert {f"kdlab/_notebooks/{name}" for name in shipped("notebooks")} <= names
    assert {f"kdlab/{name}" for name in shipped("kdlab")} <= names
    assert not [name for name in names if "__pycache__" in name or ".ipynb_checkpoints" in name or "tests" in name]
    assert any(name.endswith("licenses/LICENSE") for name in names)


README = (ROOT / "README.md").read_text("utf-8")


def test_readme_names_both_commands_on_its_first_screen():
    first_screen = README.splitlines()[:30]
    assert "make lab" in "\n".join(first_screen)
    assert "make test" in "\n".join(first_screen)


def test_readme_lists_every_notebook():
    assert [
        name for name in shipped("notebooks") if name.endswith(".ipynb") and f"notebooks/{name}" not in README
    ] == []


def test_readme_links_lead_somewhere():
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
