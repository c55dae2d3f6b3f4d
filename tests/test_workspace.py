"""The working copy of the notebooks: an update brings what is new and never touches a learner's work."""

import json
import os
import sys
from pathlib import Path

import pytest

from kdlab import workspace


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    (folder / "images").mkdir(parents=True)
    (folder / "00-start-here.ipynb").write_text("first")
    (folder / "images" / "a.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def copy(shipped: Path, tmp_path: Path) -> Path:
    workspace.refresh(shipped, tmp_path / "workspace")
    return tmp_path / "workspace" / "notebooks"


def test_first_time_copies_every_file_in_its_folder(shipped, copy):
    assert (copy / "00-start-here.ipynb").read_text() == "first"
    assert (copy / "images" / "a.png").read_bytes() == b"\x89PNG"


def test_builder_hidden_files_and_caches_are_not_copied(shipped, tmp_path):
    for name in (".ipynb_checkpoints/00-checkpoint.ipynb", "__pycache__/build.pyc", "build.py"):
        (shipped / name).parent.mkdir(exist_ok=True)
        (shipped / name).write_text("not for learners")
    workspace.refresh(shipped, tmp_path / "workspace")
    copied = {path.name for path in (tmp_path / "workspace" / "notebooks").rglob("*")}
    assert copied == {"00-start-here.ipynb", "images", "a.png"}


def test_second_time_has_nothing_to_do_and_says_nothing(shipped, copy):
    before = (copy / "00-start-here.ipynb").stat().st_mtime_ns
    assert workspace.refresh(shipped, copy.parent) == []
    assert (copy / "00-start-here.ipynb").stat().st_mtime_ns == before


def test_new_notebook_arrives_beside_changed_ones(shipped, copy):
    (copy / "00-start-here.ipynb").write_text("my notes")
    (shipped / "03-soft-targets.ipynb").write_text("third")
    report = workspace.refresh(shipped, copy.parent)
    assert (copy / "03-soft-targets.ipynb").read_text() == "third"
    assert (copy / "00-start-here.ipynb").read_text() == "my notes"
    assert report == [f"Copied 1 file to {copy}."]


def test_unchanged_copy_follows_the_shipped_one(shipped, copy):
    (shipped / "00-start-here.ipynb").write_text("second edition")
    report = workspace.refresh(shipped, copy.parent)
    assert (copy / "00-start-here.ipynb").read_text() == "second edition"
    assert "Renewed 1 file" in report[0]
    assert "00-start-here.ipynb" in report[0]


def test_changed_copy_is_never_written_and_the_newer_one_is_named_each_time(shipped, copy):
    (copy / "00-start-here.ipynb").write_text("my notes")
    (shipped / "00-start-here.ipynb").write_text("second edition")
    for _ in range(2):
        report = workspace.refresh(shipped, copy.parent)
        assert (copy / "00-start-here.ipynb").read_text() == "my notes"
        assert len(report) == 1
        assert "Kept your" in report[0]
        assert "00-start-here.ipynb" in report[0]


def test_copy_changed_while_the_shipped_one_stayed_is_not_worth_a_word(shipped, copy):
    (copy / "00-start-here.ipynb").write_text("my notes")
    assert workspace.refresh(shipped, copy.parent) == []


def test_file_that_was_there_before_the_first_copy_counts_as_the_learners(shipped, tmp_path):
    mine = tmp_path / "workspace" / "notebooks" / "00-start-here.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine from somewhere else")
    workspace.refresh(shipped, tmp_path / "workspace")
    assert mine.read_text() == "mine from somewhere else"


def test_deleted_copy_comes_back_fresh(shipped, copy):
    (copy / "00-start-here.ipynb").unlink()
    workspace.refresh(shipped, copy.parent)
    assert (copy / "00-start-here.ipynb").read_text() == "first"


def test_own_notebooks_stay_and_no_partial_file_is_left(shipped, copy):
    (copy / "mine.ipynb").write_text("mine")
    (shipped / "00-start-here.ipynb").write_text("second edition")
    workspace.refresh(shipped, copy.parent)
    assert (copy / "mine.ipynb").read_text() == "mine"
    assert not list(copy.parent.rglob("*.part"))


def test_jupyterlab_listens_here_alone_keeps_its_token_and_opens_the_first_notebook(tmp_path):
    argv, _ = workspace.command(tmp_path, ["--no-browser", "--port", "8899"])
    assert argv[:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--ServerApp.ip=127.0.0.1" in argv
    assert f"--ServerApp.root_dir={tmp_path}" in argv
    assert "--LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb" in argv
    assert argv[-3:] == ["--no-browser", "--port", "8899"]
    assert not any("token" in arg for arg in argv)


@pytest.mark.parametrize("given", ["--ip=0.0.0.0", "--ServerApp.ip=0.0.0.0"])
def test_an_argument_that_is_given_replaces_the_default_of_the_same_meaning(tmp_path, given):
    argv, _ = workspace.command(tmp_path, [given])
    assert [arg for arg in argv if "ip=" in arg] == [given]


@pytest.mark.parametrize(("user", "added"), [(0, 1), (1000, 0)])
def test_root_is_let_in_once_and_nobody_else_needs_it(tmp_path, monkeypatch, user, added):
    monkeypatch.setattr(workspace.os, "geteuid", lambda: user, raising=False)
    assert workspace.command(tmp_path, [])[0].count("--allow-root") == added
    assert workspace.command(tmp_path, ["--allow-root"])[0].count("--allow-root") == 1


def test_question_about_news_is_off_and_the_users_own_settings_stay_readable(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/somewhere/own")
    _, environment = workspace.command(tmp_path, [])
    config, own = environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    page = json.loads((Path(config) / "labconfig" / "page_config.json").read_text())
    assert page["disabledExtensions"]["@jupyterlab/apputils-extension:announcements"] is True
    assert own == "/somewhere/own"
    assert environment["JUPYTER_PREFER_ENV_PATH"] == "1"


def test_shipped_notebooks_are_those_of_this_checkout():
    folder = workspace.shipped_notebooks()
    assert folder.name == "notebooks"
    assert (folder.parent / "pyproject.toml").exists()


def test_lab_says_what_it_does_and_becomes_jupyterlab(shipped, tmp_path, monkeypatch, capsys):
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workspace, "shipped_notebooks", lambda: shipped)
    monkeypatch.setattr(workspace.os, "execve", lambda *call: started.append(call))
    workspace.lab(["--no-browser"])
    said = capsys.readouterr().out
    assert "Copied 2 files to workspace/notebooks." in said
    assert "workspace/notebooks/00-start-here.ipynb" in said
    [(program, argv, environment)] = started
    assert program == sys.executable
    assert argv[-1] == "--no-browser"
    assert environment["JUPYTER_CONFIG_PATH"].startswith(str(tmp_path / "workspace"))
