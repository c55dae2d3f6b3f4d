"""Finished trainings on disk: what a result hangs on, and lines that survive whoever was killed while writing."""

import json

import pytest

import kdlab
from kdlab import Recipe, finished

RECIPE = Recipe(data="fashion-mnist", student="mlp-16", teacher="fashion-mnist-cnn")


def key(wanted, **changes):
    return finished.key(finished.identity(wanted) | changes)


def test_equal_trainings_have_one_key_and_others_another():
    same = key(RECIPE)
    assert key(RECIPE.replace(temperature=2)) == same == key(Recipe.from_dict(RECIPE.to_dict()))  # 2 is 2.0
    stored = json.loads(json.dumps(finished.identity(RECIPE)))
    assert finished.key(stored | {"accuracy": 0.5, "seconds": 3}) == same  # what came of it does not count
    del stored["recipe"]["label_smoothing"]  # written before there was such a knob: it stood at its default
    assert finished.key(stored) == same
    others = [
        key(RECIPE.replace(seed=1)),
        key(RECIPE, torch="1.0"),
        key(RECIPE, files={}),
        key(RECIPE, own={"data": "a"}),
    ]
    assert len({same, *others}) == 5


def test_a_knob_that_is_no_more_makes_another_training_and_no_error():
    assert key(RECIPE, recipe=RECIPE.to_dict() | {"momentum": 0.9}) != key(RECIPE)


def test_the_files_that_are_read_are_named_with_their_hash(tmp_path):
    files = finished.identity(RECIPE)["files"]
    assert files.keys() == {"fashion-mnist.npz", "fashion-mnist-cnn.safetensors"}
    assert all(kdlab.data.registry.entries()[name].startswith(digest) for name, digest in files.items())
    text = finished.identity(Recipe(data="wordnet-topics"))["files"]
    assert text.keys() == set(kdlab.data.texts.FILES["wordnet-topics"])
    several = finished.identity(Recipe(teacher=("fashion-mnist-cnn", "other"), algorithm="multi-teacher"))["files"]
    assert several.keys() == {"fashion-mnist-cnn.safetensors"}
    (tmp_path / "student.safetensors").write_bytes(b"one")
    for knob in ("init", "teacher"):
        recipe = Recipe(**{knob: str(tmp_path)})
        before = key(recipe)
        (tmp_path / "student.safetensors").write_bytes(knob.encode())
        assert key(recipe) != before


def test_lines_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "new" / "log.jsonl"
    assert finished.read(path) == []
    entries = [{"recipe": {"seed": n}, "accuracy": n / 3} for n in range(3)]
    for entry in entries:
        finished.append(path, entry)
    assert finished.read(path) == entries
    with path.open("ab") as file:
        file.write(b'{"recipe": {"seed": 9}, "note": "\xc3')  # cut off within a letter
    assert finished.read(path) == entries
    assert path.read_bytes().endswith(b"\xc3")  # to read is not to write: somebody may be about to end the line
    finished.append(path, entries[0])
    assert finished.read(path) == [*entries, entries[0]]
    finished.rewrite(path, entries[:1])
    assert finished.read(path) == entries[:1]
    path.write_bytes(b'{"rec')
    finished.append(path, entries[1])
    assert finished.read(path) == entries[1:2]


@pytest.mark.parametrize("line", ["{}", "[]", '{"recipe": 3}', "recipe", "3"])
def test_a_line_that_is_something_else_is_named(line, tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"recipe": {}}\n' + line + "\n")
    with pytest.raises(ValueError, match=r"log.jsonl line 2 must be a finished training, got "):
        finished.read(path)
    assert path.read_text().endswith(line + "\n")  # it is left as it is


def test_one_writer_at_a_time(tmp_path):
    path = tmp_path / "out" / "log.jsonl"
    with finished.sole(path):
        with pytest.raises(BlockingIOError, match=r"out must have one writer, got a second one"), finished.sole(path):
            pass
        with finished.sole(tmp_path / "other" / "log.jsonl"), finished.sole(None):
            pass
    with finished.sole(path):
        pass
    assert list((tmp_path / "out").iterdir()) == []
