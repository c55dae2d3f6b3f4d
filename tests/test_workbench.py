"""The workbench as one widget, without a browser: what it opens with, what it stores, what it leaves alone."""

import base64
import time

import pytest
import torch

import kdlab
from kdlab import metrics
from kdlab.data import data_dir
from kdlab.players import tell
from kdlab.ui.painter import PANELS


@pytest.fixture
def bench(tmp_path):
    made = kdlab.Workbench(runs=tmp_path / "runs")
    yield made
    made.lab.runner.close()


def settled(bench):
    assert bench.lab.runner.settled()
    assert not bench.state.error


def test_it_opens_with_the_recorded_run(bench):
    run = kdlab.Run.open(data_dir() / "runs" / "first-look")
    student = tell(run.student, run.data.validation.x).logits.numpy()
    teacher = tell(run.teacher, run.data.validation.x).logits.numpy()
    agreement = f"agreement {100 * metrics.agreement(student, teacher):.1f} %"
    assert agreement in bench.sentence()
    assert bench.state.step == bench.state.total == 240
    assert bench.views["curves"].charts[0]["lines"][0]["name"] == "teacher"


def test_its_output_holds_a_picture_and_a_sentence(bench):
    data, _ = bench._repr_mimebundle_()
    assert data["text/plain"] == bench.sentence()
    assert len(data["image/png"]) < 60_000
    assert "application/vnd.jupyter.widget-view+json" in data


def test_training_with_every_panel_drawn_has_the_bits_of_training_alone(bench):
    bench.state.epochs, bench.state.pace = 8, "full"
    bench.lab.train()
    for panel in range(len(PANELS)):
        bench.state.panel = panel
        bench.lab.runner.refresh()
        time.sleep(0.02)
    settled(bench)
    trained = bench.lab.runner.lanes.main.training.students["student"].state_dict()
    alone = kdlab.distill(recipe=bench.state.recipe()).student.state_dict()
    assert all(torch.equal(trained[name], alone[name]) for name in alone)


def test_a_recipe_sets_the_knobs_and_the_open_panel_is_the_stored_picture(tmp_path):
    recipe = kdlab.Recipe(type="feature", student="mlp-16", data="fashion-mnist", labelled=100, epochs=3)
    bench = kdlab.Workbench(recipe=recipe, runs=tmp_path)
    assert (bench.state.type, bench.state.student, bench.state.epochs) == ("feature", "mlp-16", 3)
    bench.state.panel = PANELS.index("Layer features")
    settled(bench)
    data, _ = bench._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == bench.views["features"].picture()
    assert bench.views["features"].sentence() in data["text/plain"]
    bench.lab.runner.close()


def test_own_data_teacher_and_student(tmp_path):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(60, 12, generator=generator), torch.arange(60) % 3
    data = kdlab.Dataset.from_tensors(x, y, validation=(x, y), test=(x, y), labelled=30)
    teacher = torch.nn.Sequential(torch.nn.Linear(12, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    student = torch.nn.Sequential(torch.nn.Linear(12, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    bench = kdlab.Workbench(data, teacher, student, kdlab.Recipe(epochs=2), runs=tmp_path / "runs")
    bench.state.pace = "full"
    for panel in range(len(PANELS)):
        bench.state.panel = panel
        settled(bench)
    bench.lab.train()
    settled(bench)
    assert bench.state.step == 2
    bench.state.type = "relation"
    bench.lab.train()
    settled(bench)
    assert "own" in bench.views["transport"].title
    bench.lab.runner.close()


def test_fields_of_the_controls_reach_the_recipe(bench):
    controls = bench.views["controls"]
    chosen = {
        "student": "conv-8",
        "learning_rate": 0.002,
        "epochs": 7,
        "method": "mix",
        "mix.hint": 0.0,
        "mix.rkd": 2.0,
    }
    for name, value in chosen.items():
        controls._handle_custom_msg({"command": "field", "name": name, "value": value}, [])
        assert controls.values[name] == value
    recipe = bench.state.recipe()
    assert (recipe.student, recipe.learning_rate, recipe.epochs) == ("conv-8", 0.002, 7)
    assert recipe.method == {"soft-targets": 1.0, "rkd": 2.0}
    settled(bench)


def test_a_refused_field_jumps_back_and_says_why(bench):
    controls = bench.views["controls"]
    sent = []
    controls.send_state = lambda key: sent.append(key)
    controls._handle_custom_msg({"command": "field", "name": "epochs", "value": 0}, [])
    assert sent[-1] == "values"  # though they are what they were
    assert "epochs must be a whole number of at least 1, got 0" in bench.state.error
    assert controls.values["epochs"] == 60
