"""The command line: what it prints, what it writes, and one line for what it cannot do."""

import re

import pytest
from helpers import net, sure, toy

import kdlab
from kdlab import Recipe, cli

RECIPE = Recipe(
    data="fashion-mnist", labelled=60, pool=0, student="mlp-16", teacher="fashion-mnist-cnn", epochs=2, temperature=4.0
)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "lesson.toml"
    path.write_text(RECIPE.to_toml())
    return path


def fails(capsys, *arguments):
    """The one line that a refused command prints, and nothing else."""
    assert cli.main([str(a) for a in arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("kdlab: ")
    return err.removeprefix("kdlab: ").strip()


def test_run_prints_the_result_and_saves_the_run(recipe, tmp_path, capsys):
    folder = tmp_path / "out"
    assert cli.main(["run", str(recipe), "--save", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert re.match(r"mlp-16 <- fashion-mnist-cnn, offline, soft-targets: \d+\.\d s\n", out)
    assert "2 steps, 60 training labels among 60 inputs, 2000 validation labels\n" in out
    run = kdlab.Run.open(folder)
    assert run.recipe == RECIPE.resolved()
    for name, value in run.metrics().items():
        shown = f"{value:.4f} nats" if name in ("cross_entropy", "kl") else f"{value:.1%}"
        assert re.search(rf"^{name.replace('_', ' ')} +{re.escape(shown)}$", out, re.MULTILINE)
    assert out.endswith(f"saved in {folder}\n")
    assert cli.main(["replay", str(folder)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "step     0  phase 1: teacher → student, soft-targets"
    assert re.match(r"step     2  epoch   2: loss \d+\.\d+, validation accuracy student \d+\.\d%", told[-1])
    assert len(told) == 3


def test_run_without_save_writes_nothing(recipe, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", str(recipe)]) == 0
    assert list(tmp_path.iterdir()) == [recipe]
    assert "saved" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("temprature = 2.0", r"recipe key must be one of .*, got 'temprature'; did you mean 'temperature'\?"),
        ("temperature = 0", "temperature must be a finite number above 0, got 0"),
        ("alpha = 1.5", r"alpha must be a number in \[0, 1\], got 1.5"),
        ("temperature: 2", "recipe must be TOML, got text that is not: .*"),
        ('data = "fashion"', "name must be one of .*, got 'fashion'.*"),
        (
            'data = "fashion-mnist"\nstudent = "mlp"',
            "teacher must be .*, got None .*|name must be one of .*, got 'mlp'.*",
        ),
        ('data = "fashion-mnist"', "student must be a module or a name, got None; allowed: .*"),
        (
            'data = "fashion-mnist"\nstudent = "mlp-16"\nscheme = "self"',
            r"scheme 'self' \(exits\) needs a student with .*",
        ),
        (
            'data = "fashion-mnist"\nstudent = "mlp-16"\nlabelled = 3',
            "labelled must be a whole number from 10 .*, got 3.*",
        ),
        ("method = 3", "method must be a name, a mix .*, got 3"),
    ],
)
def test_a_bad_recipe_is_one_line_and_nothing_is_written(text, message, tmp_path, capsys):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert re.fullmatch(message, fails(capsys, "run", path, "--save", tmp_path / "out"))
    assert list(tmp_path.iterdir()) == [path]


def test_folders_and_files_that_are_not_there(recipe, tmp_path, capsys):
    assert "No such file" in fails(capsys, "run", tmp_path / "none.toml")
    (tmp_path / "out").mkdir()
    assert re.fullmatch(
        "save must name a new folder, got .*, which exists", fails(capsys, "run", recipe, "--save", tmp_path / "out")
    )
    assert list((tmp_path / "out").iterdir()) == []
    assert re.fullmatch(
        "run must be the folder of a saved run, got .*, which has no events.jsonl", fails(capsys, "replay", tmp_path)
    )


def test_a_run_that_diverges_is_kept(tmp_path, capsys, monkeypatch):
    recipe = tmp_path / "wild.toml"
    recipe.write_text(Recipe(epochs=50, batch_size=16, learning_rate=1e30).to_toml())
    distill = kdlab.distill
    monkeypatch.setattr(kdlab, "distill", lambda **given: distill(net(1), toy(), teacher=sure(), **given))
    assert cli.main(["run", str(recipe), "--save", str(tmp_path / "out")]) == 1
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert err.startswith("kdlab: training diverged at step ")
    assert out == f"the run until then is in {tmp_path / 'out'}\n"
    assert cli.main(["replay", str(tmp_path / "out")]) == 0
    assert "diverged: the loss was" in capsys.readouterr().out.splitlines()[-1]


def test_list_names_all_that_a_recipe_can_name(capsys):
    assert cli.main(["list"]) == 0
    out = capsys.readouterr().out
    names = [*kdlab.methods.names(), *kdlab.schemes.names(), *kdlab.algorithms.names(), *kdlab.models.names()]
    for name in [*names, "fashion-mnist-cnn", "fashion-mnist"]:
        assert re.search(rf"^  {name}( |$)", out, re.MULTILINE), name
    assert cli.main(["list", "methods"]) == 0
    only = capsys.readouterr().out
    assert only.startswith("methods\n  soft-targets")
    assert "mlp-16" not in only


def test_the_matrix_says_of_every_combination_whether_it_goes(capsys):
    assert cli.main(["list", "--matrix"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["type", "scheme", "algorithm", "does", "it", "go"]
    variants = [(s, v) for s in kdlab.schemes.names() for v in kdlab.schemes.variants(s)]
    assert len(lines) == 3 * len(variants) * len(kdlab.algorithms.names())
    found = {tuple(line.split()[:4]): line for line in lines}
    assert len(found) == len(lines)
    assert re.search(r" standard +yes, with a trained teacher$", found["response", "offline", "frozen", "standard"])
    assert re.search(r" standard +yes, with two hidden layers$", found["relation", "self", "exits", "standard"])
    assert found["response", "online", "ensemble", "standard"].endswith("  yes")
    both = r"yes, with a trained teacher and data in two views$"
    assert re.search(both, found["response", "offline", "frozen", "cross-modal"])
    assert re.search(r"yes, with data in two views$", found["response", "online", "mutual", "cross-modal"])
    refused = found["feature", "online", "ensemble", "standard"]
    assert "method 'hint' compares layers, and the scheme 'online' (ensemble) teaches by the mean of answers" in refused


def test_data_verify(capsys, tmp_path, monkeypatch):
    assert cli.main(["data", "verify"]) == 0
    assert re.search(r"^fashion-mnist\.npz +ok$", capsys.readouterr().out, re.MULTILINE)
    (tmp_path / "registry.txt").write_text(f"fashion-mnist.npz {'0' * 64}\n")
    (tmp_path / "fashion-mnist.npz").write_bytes(b"other")
    monkeypatch.setenv("KDLAB_DATA", str(tmp_path))
    assert cli.main(["data", "verify"]) == 1
    assert "ok" not in capsys.readouterr().out


def test_an_unknown_command_says_how_it_is_used(capsys):
    for arguments in ([], ["rum"], ["list", "--all"]):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        assert caught.value.code == 2
        assert "usage: kdlab" in capsys.readouterr().err
