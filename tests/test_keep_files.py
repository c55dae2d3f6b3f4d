"""Files of kept knowledge: whole or not at all, ours, by many processes at once, and within bounds."""

import copy
import errno
import gc
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import torch
from helpers import same, sure, toy
from torch import nn

from kdlab import answerfile, keep, players
from kdlab.players import ask, tell

TAPS = ("stage1", "embedding")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder that is named as cache."""
    monkeypatch.setenv(keep.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def equal(a, b):
    return torch.equal(a.logits, b.logits) and same(a.features, b.features)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def damaged(content):
    """A file's content, damaged in many ways."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    foreign = json.dumps(header | {"__metadata__": {"kept": "0" * 64}}).encode().ljust(length)
    nothing = json.dumps({"__metadata__": header["__metadata__"]}).encode().ljust(length)
    yield from (content[:cut] for cut in (0, 5, 8, 100, len(content) - 1))
    yield content + b"\0"
    yield b"\xff" * len(content)
    yield (2**63).to_bytes(8, "little") + content[8:]
    yield bytes(len(content))
    yield content[:8] + foreign + content[8 + length :]
    yield content[:8] + nothing + content[8 + length :]
    yield content[: 8 + length] + bytes(len(content) - 8 - length)  # a power cut


def test_a_torn_or_foreign_file_is_made_anew(cache):
    x = toy().train.x
    expected = tell(sure(), x, TAPS)
    ask(sure(), x, TAPS)
    [path] = cache.iterdir()
    content = path.read_bytes()
    assert int.from_bytes(content[:8], "little") > 100
    for wrong in damaged(content):
        path.write_bytes(wrong)
        assert equal(ask(sure(), x, TAPS), expected)
        assert names(cache) == [path.name]
        assert path.read_bytes() == content


def test_what_breaks_off_leaves_nothing(cache, monkeypatch):
    calls = []

    def breaks(net, x, taps=()):
        calls.append(len(x))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return tell(net, x, taps)

    monkeypatch.setattr(players, "tell", breaks)
    with pytest.raises(KeyboardInterrupt):
        ask(sure(), toy(600).train.x)
    assert names(cache) == []


def test_two_processes_at_once_do_no_harm(cache):
    """Each asks and writes the same entries at the same time, again and again."""
    code = (
        "import sys; sys.path.insert(0, 'tests'); import torch; torch.set_num_threads(1)\n"
        "from helpers import sure, toy; from kdlab.players import ask, tell\n"
        "from kdlab.keep import VARIABLE; import os; from pathlib import Path\n"
        "x = toy(600).train.x; expected = tell(sure(), x, ['stage1'])\n"
        "print('ready', flush=True); input()\n"
        "for i in range(12):\n"
        "    said = ask(sure(), x, ['stage1'])\n"
        "    assert torch.equal(said.logits, expected.logits), i\n"
        "    assert torch.equal(said.features['stage1'], expected.features['stage1']), i\n"
        "    for path in Path(os.environ[VARIABLE]).glob('*.safetensors') if i % 3 == 0 else []:\n"
        "        path.unlink(missing_ok=True)\n"
    )
    pipe, root = subprocess.PIPE, Path(__file__).parents[1]
    both = [
        subprocess.Popen([sys.executable, "-c", code], cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(2)
    ]
    for one in both:
        assert one.stdout.readline() == "ready\n"
    for one in both:
        one.stdin.write("\n")
        one.stdin.flush()
    assert [one.communicate()[1] for one in both] == ["", ""]


def as_windows(path, target):
    """Move a file, but for one that this process has open or mapped, or onto such a one."""
    here = psutil.Process()
    held = {file.path for file in here.open_files()} | {region.path for region in getattr(here, "memory_maps", list)()}
    if {str(path), str(target)} & held:
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")
    return os.replace(path, target)


def test_what_is_moved_is_neither_open_nor_mapped(cache, monkeypatch):
    monkeypatch.setattr(Path, "replace", as_windows)
    x = toy(300).train.x
    said = ask(sure(), x, TAPS)
    assert isinstance(said, answerfile.OnDisk)
    assert equal(said, tell(sure(), x, TAPS))
    assert names(cache) == [f"{keep.key(sure(), x, TAPS)}.safetensors"]


def test_a_file_that_cannot_be_moved_leaves_the_answers_in_memory(cache, monkeypatch):
    x = toy(300).train.x
    first = ask(sure(), x)
    [path] = cache.iterdir()
    held = path.open("rb")
    monkeypatch.setattr(Path, "replace", as_windows)
    monkeypatch.setattr(keep, "key", lambda *_: path.stem)  # another network's answers under the same name
    assert equal(ask(sure(8), x), tell(sure(8), x))
    assert equal(first, tell(sure(), x))
    assert names(cache) == [path.name]
    held.close()


def test_what_another_process_wrote_first_serves(cache, monkeypatch):
    def too_late(part, target):
        os.link(part, target)
        raise PermissionError(13, "somebody reads it")

    monkeypatch.setattr(Path, "replace", too_late)
    x = toy(300).train.x
    said = ask(sure(), x)
    assert isinstance(said, answerfile.OnDisk)
    assert equal(said, tell(sure(), x))
    assert len(names(cache)) == 1


def test_the_oldest_leave_when_there_is_no_room(cache, monkeypatch):
    x = toy().train.x
    said = []
    for i in range(3):
        said.append(ask(sure(i), x, TAPS))
    files = [cache / f"{keep.key(sure(i), x, TAPS)}.safetensors" for i in range(3)]
    for age, path in zip((30, 20, 10), files, strict=True):
        os.utime(path, times=(time.time() - age,) * 2)
    (cache / "notes.txt").write_text("mine")
    (cache / f"{'0' * 64}.safetensors.abc.part").write_text("nobody finished it")
    os.utime(cache / f"{'0' * 64}.safetensors.abc.part", times=(1, 1))
    (cache / f"{'1' * 64}.safetensors.abc.part").write_text("somebody writes it now")
    ask(sure(0), x, TAPS)  # used again: now the second is the oldest
    monkeypatch.setattr(keep, "BUDGET", int(3.5 * files[0].stat().st_size))
    ask(sure(3), x, TAPS)
    left = names(cache)
    assert files[1].name not in left
    assert {files[0].name, files[2].name, "notes.txt", f"{'1' * 64}.safetensors.abc.part"} < set(left)
    assert len(left) == 5
    assert equal(said[1], tell(sure(1), x, TAPS))  # whoever reads it goes on
    monkeypatch.setattr(keep, "BUDGET", 1)
    ask(sure(4), x)
    assert len(names(cache)) == 3  # the newest stays


@pytest.fixture
def usual(tmp_path, monkeypatch):
    """The folder for caches of a user who has named none."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(keep.VARIABLE)
    return tmp_path / "kdlab"


@pytest.mark.parametrize(("worth", "kept"), [(0.0, True), (1e9, False)])
def test_without_a_name_what_takes_long_to_ask_is_kept_in_the_users_folder(usual, worth, kept, monkeypatch):
    monkeypatch.setattr(keep, "WORTH", worth)
    x, asked = toy(600).train.x, []
    monkeypatch.setattr(players, "tell", lambda net, x, taps=(): asked.append(len(x)) or tell(net, x, taps))
    for start in range(2):
        assert equal(ask(sure(), x, TAPS), tell(sure(), x, TAPS))
        assert asked == ([8] if kept and start else [8, 256, 256, 88])
        asked.clear()
    assert usual.exists() == kept
    monkeypatch.setenv(keep.VARIABLE, "")  # an empty name: nowhere
    ask(sure(), x, TAPS)
    assert asked == [8, 256, 256, 88]
    assert not kept or len(names(usual)) == 1


def test_without_a_name_what_is_large_is_kept_in_the_users_folder(usual, monkeypatch):
    monkeypatch.setattr(keep, "WORTH", 1e9)
    monkeypatch.setattr(keep, "LARGE", 1)
    ask(sure(), toy().train.x)
    assert len(names(usual)) == 1


def test_a_users_folder_that_cannot_be_written_is_named_once_and_not_used(usual, monkeypatch):
    usual.write_text("")
    monkeypatch.setattr(keep, "WORTH", 0.0)
    text = f"KDLAB_CACHE must name a folder that can be written to and has room, since {str(usual)!r} does not ("
    with remarked(text):
        for seed in range(2):
            assert equal(ask(sure(seed), toy().train.x), tell(sure(seed), toy().train.x))


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "HOME/.cache/kdlab"),
        ("linux", {"XDG_CACHE_HOME": "/fast"}, "/fast/kdlab"),
        ("linux", {"XDG_CACHE_HOME": "not/absolute"}, None),
        ("darwin", {"XDG_CACHE_HOME": "/fast"}, "HOME/Library/Caches/kdlab"),
        ("win32", {"LOCALAPPDATA": "/Users/me/AppData/Local"}, "/Users/me/AppData/Local/kdlab"),
        ("linux", {"KDLAB_CACHE": "~/mine"}, "HOME/mine"),
        ("linux", {"KDLAB_CACHE": ""}, None),
    ],
)
def test_where_answers_are_kept(platform, variables, expected, tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", keep.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)
    assert keep._folder() == (expected and Path(expected.replace("HOME", str(tmp_path))))


@contextmanager
def remarked(text):
    """Inside, one warning is given that says so, however often somebody asks."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield
    assert [str(warning.message).startswith(text) for warning in found] == [True]
    assert str(found[0].message).endswith(": what networks answer stays in memory")


def test_a_folder_that_cannot_be_written_is_named_once_and_not_used(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "cache"
    monkeypatch.setenv(keep.VARIABLE, str(folder))
    x = toy(600).train.x
    with remarked(f"KDLAB_CACHE must name a folder that can be written to and has room, got {str(folder)!r} ("):
        for seed in range(2):
            assert equal(ask(sure(seed), x, TAPS), tell(sure(seed), x, TAPS))


@pytest.mark.parametrize("large", [False, True])
def test_a_full_disk_leaves_the_answers_in_memory(cache, large, monkeypatch):
    """A training goes on; of the entry that had no room nothing stays."""

    def breaks(file, n, chunks, *rest):
        next(chunks), next(chunks)
        raise OSError(errno.ENOSPC, "No space left on device")

    x, write = toy(600).train.x, keep.write
    monkeypatch.setattr(keep, "write", breaks)
    if large:
        monkeypatch.setenv(keep.VARIABLE, "")
        monkeypatch.setattr(keep, "LARGE", 1)
        monkeypatch.setenv("TMPDIR", str(cache.parent))
        monkeypatch.setattr(tempfile, "tempdir", str(cache.parent))
    variable, folder = ("TMPDIR", cache.parent) if large else ("KDLAB_CACHE", cache)
    with remarked(f"{variable} must name a folder that can be written to and has room, got {str(folder)!r} ("):
        for seed in range(2):
            assert equal(ask(sure(seed), x, TAPS), tell(sure(seed), x, TAPS))
    assert large or names(cache) == []
    monkeypatch.setattr(keep, "write", write)
    assert isinstance(ask(sure(), x, TAPS), answerfile.OnDisk)  # there is room again


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda said: pickle.loads(pickle.dumps(said))])
def test_a_copy_leaves_the_originals_file_open(cache, copied, monkeypatch):
    monkeypatch.setattr(answerfile, "ROOM", 0)  # rows are read from the file
    x, rows = toy().train.x, torch.tensor([3, 80])
    said, expected = ask(sure(), x, TAPS), tell(sure(), x, TAPS).at(torch.tensor([3, 80]))
    twin = copied(said)
    assert equal(twin.at(rows), expected)
    handle = copy.deepcopy(said.handle)
    del twin, handle
    gc.collect()
    assert equal(said.at(rows), expected)
    with pytest.raises(TypeError, match="an open file cannot be pickled"):
        pickle.dumps(said.handle)


def test_memory_does_not_grow_with_what_is_kept(monkeypatch):
    """150 MB of features: neither writing them nor reading all of them takes as much."""
    monkeypatch.setattr(keep, "LARGE", 2**20)
    x = torch.zeros(4000, 1, 1, 1)
    wide = nn.Sequential(nn.Flatten(), nn.Linear(1, 9600), nn.Linear(9600, 2))
    here = psutil.Process()
    ask(wide, x[:300], ["1"])
    before, most = here.memory_info().rss, 0
    said = ask(wide, x, ["1"])
    for rows in torch.randperm(4000).split(128):
        assert said.at(rows).features["1"].shape == (len(rows), 9600)
        most = max(most, here.memory_info().rss)
    assert said.features["1"].nbytes > 150e6
    assert most - before < 75e6
