"""Runs: written whole or not at all, and opened as they were."""

import json
import stat

import pytest
import torch
from helpers import bits, net, same, sure, toy
from torch import nn

import kdlab
from kdlab import DivergedError, Recipe, Run
from kdlab.events import Diverged, Step

RECIPE = Recipe(epochs=2, batch_size=16, learning_rate=0.01)
NAMED = Recipe(
    data="fashion-mnist", labelled=60, pool=0, student="mlp-16", teacher="fashion-mnist-cnn", epochs=2, temperature=4.0
)


def run(**changes):
    return kdlab.distill(net(1), toy(), teacher=sure(), recipe=RECIPE.replace(**changes))


@pytest.fixture(scope="module")
def named():
    return kdlab.distill(recipe=NAMED)


def test_a_run_by_names_is_opened_as_it_was(named, tmp_path):
    folder = named.save(tmp_path / "deep" / "run")
    opened = Run.open(folder)
    assert opened.recipe == named.recipe
    assert opened.events == named.events
    assert same(bits(opened.student), bits(named.student))
    assert opened.metrics() == named.metrics()
    assert opened.card == named.card | {"metrics": named.metrics()}
    assert torch.equal(opened.data.train.x, named.data.train.x)
    assert not opened.student.training
    again = kdlab.distill(recipe=opened.recipe)  # a lesson is a file
    assert again.events == named.events


def test_the_folder_is_plain_and_readable(named, tmp_path):
    folder = named.save(tmp_path / "run")
    assert sorted(p.name for p in folder.iterdir()) == [
        "card.json",
        "events.jsonl",
        "recipe.toml",
        "student.safetensors",
    ]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    card = json.loads((folder / "card.json").read_text())
    assert (card["training_labels"], card["transfer_set"], card["validation_labels"]) == (60, 60, 2000)
    assert (card["student"], card["teacher"], card["data"]) == ("mlp-16", "fashion-mnist-cnn", "fashion-mnist")
    assert card["steps"] == 2
    assert set(card["metrics"]) == {
        "accuracy", "cross_entropy", "ece", "agreement", "soft_agreement", "kl", "teacher_accuracy",
    }  # fmt: skip
    assert card["metrics"]["teacher_accuracy"] > 0.85


def test_own_modules_are_opened_with_a_module(tmp_path):
    made = run(scheme="online", alpha=0.5)
    made.beside["labels only"] = run(alpha=0.0).events
    folder = made.save(tmp_path / "run")
    opened = Run.open(folder, student=net(5))
    assert list(opened.students) == ["peer", "student"]
    for who in made.students:
        assert same(bits(opened.students[who]), bits(made.students[who]))
    assert opened.beside == made.beside
    assert opened.metrics() == made.metrics()  # by its card: its data are not known by name
    assert made.card["student"] == made.card["teacher"] == "own"
    with pytest.raises(
        ValueError, match=r"^student must be given to open a run whose student was somebody's own module"
    ):
        Run.open(folder)
    with pytest.raises(ValueError, match=r"^folder must hold weights of the student, 'peer.safetensors' does not: "):
        Run.open(folder, student=net(5, classes=4))


def test_a_named_student_on_own_data_is_built_to_their_size(tmp_path):
    x, y = torch.rand(30, 1, 8, 8), torch.arange(30) % 4
    data = kdlab.Dataset.from_tensors(x, y, validation=(x, y), test=(x, y))
    made = kdlab.distill("conv-4", data, recipe=RECIPE.replace(alpha=0.0))
    opened = Run.open(made.save(tmp_path / "run"))
    assert same(bits(opened.student), bits(made.student))


def test_nothing_is_overwritten(tmp_path):
    made = run()
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "mine.txt").write_text("keep")
    with pytest.raises(ValueError, match=r"^folder must be new, got '.*run', which exists$"):
        made.save(folder)
    assert [p.name for p in tmp_path.rglob("*")] == ["run", "mine.txt"]


@pytest.mark.parametrize("broken", ["kdlab.runs.save_file", "kdlab.runs.log.write", "kdlab.runs.Path.rename"])
def test_an_error_while_saving_leaves_nothing_behind(broken, tmp_path, monkeypatch):
    made = run()

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(broken, fail)
    with pytest.raises(OSError, match=r"disk full"):
        made.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gone", ["recipe.toml", "events.jsonl", "card.json", "student.safetensors"])
def test_a_folder_that_holds_no_run_is_named(gone, tmp_path):
    folder = run().save(tmp_path / "run")
    (folder / gone).unlink()
    with pytest.raises(ValueError, match=rf"^folder must hold a saved run, got '.*run', which has no {gone}$"):
        Run.open(folder, student=net())
    with pytest.raises(ValueError, match=r"^folder must hold a saved run, got '.*nowhere', which has no recipe\.toml$"):
        Run.open(tmp_path / "nowhere")


def test_corrupt_weights_are_named(tmp_path):
    folder = run().save(tmp_path / "run")
    (folder / "student.safetensors").write_bytes(b"no weights")
    with pytest.raises(
        ValueError, match=r"^folder must hold weights of the student, 'student\.safetensors' does not: "
    ):
        Run.open(folder, student=net())


def test_tied_weights_are_saved(tmp_path):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.head = nn.Linear(36, 36), nn.Linear(36, 36), nn.Linear(36, 3)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.head(self.b(torch.relu(self.a(x.flatten(1)))))

    made = kdlab.distill(Tied(), toy(), teacher=sure(), recipe=RECIPE)
    opened = Run.open(made.save(tmp_path / "run"), student=Tied())
    assert same(bits(opened.student), bits(made.student))
    assert opened.student.a.weight is opened.student.b.weight


def test_a_diverged_run_is_kept_and_can_be_saved(tmp_path):
    with pytest.raises(
        DivergedError, match=r"^training diverged at step \d+: the loss was (nan|inf); try a smaller"
    ) as caught:
        run(learning_rate=1e30, epochs=50)
    kept = caught.value.run
    last = kept.events[-1]
    assert isinstance(last, Diverged)
    assert kept.diverged == last.step
    assert sum(isinstance(e, Step) for e in kept.events) == last.step - 1
    assert f"step {last.step}:" in str(caught.value)
    assert "learning_rate than 1e+30" in str(caught.value)
    opened = Run.open(kept.save(tmp_path / "run"), student=net())
    assert opened.diverged == last.step
    assert opened.events == kept.events
    assert run().diverged is None


def test_metrics_are_those_of_the_test_set():
    made = run(temperature=5.0)
    test = made.data.test
    with torch.no_grad():
        s, t = made.student.eval()(test.x), made.teacher(test.x)
    found = made.metrics()
    assert found["accuracy"] == pytest.approx((s.argmax(1) == test.y).double().mean().item())
    assert found["cross_entropy"] == pytest.approx(nn.functional.cross_entropy(s, test.y).item(), rel=1e-5)
    assert found["agreement"] == pytest.approx((s.argmax(1) == t.argmax(1)).double().mean().item())
    overlap = torch.minimum((s / 5).softmax(1), (t / 5).softmax(1)).sum(1).mean().item()
    assert found["soft_agreement"] == pytest.approx(overlap, rel=1e-5)
    found["accuracy"] = 2
    assert made.metrics()["accuracy"] <= 1
    assert set(run(scheme="self").metrics()) == set(found)
    alone = kdlab.distill(net(1), toy(), recipe=RECIPE.replace(alpha=0.0)).metrics()
    assert set(alone) == {"accuracy", "cross_entropy", "ece"}
