"""Runs that are killed at any moment of writing, and go on to the same bits."""

import json
import re
import signal
import subprocess
import sys

import pytest
from kills import CASES, contents, made, process, record, whole

import kdlab
from kdlab import Recipe
from kdlab.recorder import draft_of

KILLED = -signal.SIGKILL
MOMENTS = {
    "folder", "recipe", "events", "checkpoint", "checkpoint in place", "event", "knobs", "run", "run in place",
    "removal", "half of recipe", "half of checkpoint", "half of event", "half of knobs", "half of the run",
}  # fmt: skip

# The command, which dies when something has been done so many times, with a checkpoint after every event.
DIES = """
import itertools, os, signal, torch
from kdlab import cli, recorder
torch.set_num_threads(1)
names = []

def point(name):
    names.append(name)
    if names.count("{name}") == {times}:
        os.kill(os.getpid(), signal.SIGKILL)

recorder.point, recorder._clock, recorder.SHARE = point, itertools.count(0, 99).__next__, 0
cli.main()
"""


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """A case, what its run comes to, and all moments at which it can be killed."""
    folder = tmp_path_factory.mktemp("case")
    whole(request.param, folder / "whole")
    assert process(record, request.param, folder / "recorded", None, True, 4, folder / "moments.json") == 0
    assert contents(folder / "recorded") == contents(folder / "whole")
    return request.param, contents(folder / "whole"), json.loads((folder / "moments.json").read_text())


def test_a_run_that_is_killed_at_a_moment_of_writing_ends_with_the_same_bits(case, tmp_path):
    name, expected, moments = case
    first = name == next(iter(CASES))
    if first:
        assert set(moments) == MOMENTS
    last_turn = max((i for i, moment in enumerate(moments) if moment == "knobs"), default=-1)
    in_place = moments.index("run in place")
    for at in sorted({in_place, *range(0, len(moments), 1 if first else 7)}):
        folder = tmp_path / f"{at}"
        assert process(record, name, folder, at, True, 4) == KILLED
        assert folder.exists() == (at >= in_place)
        if at == len(moments) - 1:  # nothing was left to be done
            with pytest.raises(ValueError, match=r"which exists$"):
                kdlab.Recording(made(name), folder)
        elif folder.exists():  # killed while it tidied up
            again = kdlab.Recording(made(name), folder)
            assert list(again) == []
            assert contents(again.run.save(tmp_path / f"{at} again")) == expected
        else:
            turned = at > last_turn  # then nobody is there to turn knobs again: what was noted must do
            assert process(record, name, folder, None, not turned, 4) == 0
        assert contents(folder) == expected, moments[at]
        assert not draft_of(folder).exists(), moments[at]


def test_a_finished_run_is_not_taken_for_another_one(tmp_path):
    name = next(iter(CASES))
    assert process(record, name, tmp_path / "whole", None, True, 4, tmp_path / "moments.json") == 0
    at = json.loads((tmp_path / "moments.json").read_text()).index("run in place")
    assert process(record, name, tmp_path / "run", at, True, 4) == KILLED
    assert draft_of(tmp_path / "run").exists()
    with pytest.raises(ValueError, match=r"^save must name a new folder, got '.*run', which exists$"):
        kdlab.Recording(made("schedules"), tmp_path / "run")
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")
    assert not draft_of(tmp_path / "run").exists()


@pytest.mark.parametrize("survived", [20, 27])
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bits(survived, tmp_path):
    """Also while it catches up, with knobs to be turned again before and after the next kill."""
    name = next(iter(CASES))
    whole(name, tmp_path / "whole")
    codes = [process(record, name, tmp_path / "run", 33, True, 99)]
    while not (tmp_path / "run").exists() and len(codes) < 30:
        codes.append(process(record, name, tmp_path / "run", survived, False, 99))
    assert codes.count(KILLED) > 3
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


@pytest.mark.parametrize(("name", "times"), [("event", 9), ("run in place", 1)])
def test_the_command_goes_on_after_a_kill(name, times, tmp_path):
    """In mid-run or when all was done, by the same command line, in processes that have nothing to do with each
    other."""
    recipe = Recipe(data="fashion-mnist", labelled=60, pool=0, student="mlp-16", batch_size=16, epochs=4, alpha=0.0)
    (tmp_path / "lesson.toml").write_text(recipe.to_toml())
    die = DIES.format(name=name, times=times)
    command = [sys.executable, "-c", die, "run", "lesson.toml", "--save", "runs/mine"]
    killed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (killed.returncode, killed.stdout, killed.stderr) == (KILLED, "", "")
    there = ["mine.unfinished"] if name == "event" else ["mine", "mine.unfinished"]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == there
    again = [sys.executable, "-m", "kdlab.cli", *command[3:]]
    done = subprocess.run(again, cwd=tmp_path, capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    assert bool(re.fullmatch(r"runs.mine: goes on from step \d+ of 16", said[0])) == (name == "event")
    assert said[-1] == "saved in runs/mine"
    expected = kdlab.distill(recipe=recipe).save(tmp_path / "expected")
    assert contents(tmp_path / "runs" / "mine") == contents(expected)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mine"]
