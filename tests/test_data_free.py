"""Data-free: inputs invented against the teacher in the place of its data."""

import copy
import io
import math
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import bits, net, rand, same, sure, toy, training
from torch import nn

import kdlab
from kdlab import Dataset, Recipe, methods, progress
from kdlab.algorithms.generator import Generator, generate, plausible
from kdlab.players import tell

QUICK = {"algorithm": "data-free", "algorithm_knobs": {"steps": 2, "images": 40}}
TEACHER = sure()


def test_what_looks_plausible_is_the_papers_sum_term_by_term():
    logits, features = rand(4, 3, seed=1), rand(4, 2, 2, 2, seed=2)
    z, f = logits.numpy(), features.numpy()
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    one_hot = sum(-math.log(max(row)) for row in p) / 4
    balance = sum(m * math.log(m) for m in p.mean(0))
    active = sum(abs(v) for v in f.ravel()) / f.size
    assert plausible(logits, features).item() == pytest.approx(one_hot + 5 * balance - 0.1 * active, abs=1e-12)
    assert plausible(logits).item() == pytest.approx(one_hot + 5 * balance, abs=1e-12)


def test_a_class_that_is_never_answered_leaves_it_finite():
    logits = torch.tensor([[0.0, -1e4], [0.0, -1e4]], requires_grad=True)
    value = plausible(logits)
    value.backward()
    assert value.item() == 0
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("size", [(1, 6, 6), (3, 9, 7), (20,), (4, 5)])
def test_inputs_have_the_shape_and_the_range_that_is_asked_for(size):
    def made(finish):
        return generate(blind(size), size, 130, steps=1, seed=0, finish=finish)

    within, free = made(torch.sigmoid), made(torch.clone)
    assert within.shape == free.shape == (130, *size)
    assert not within.requires_grad
    assert 0 <= within.min() < 0.5 < within.max() <= 1
    assert free.min() < 0


def blind(size: tuple[int, ...]) -> nn.Sequential:
    """One layer, so that there is no hidden one to stir."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(size), 3))


def test_the_generator_learns_what_the_teacher_finds_plausible():
    teacher = sure(batch_norm=True)

    def judged(steps):
        x = generate(teacher, (1, 6, 6), 256, steps=steps, seed=0, finish=torch.sigmoid)
        said = tell(teacher, x, ["embedding"])
        answers = said.logits.argmax(1).bincount(minlength=3)
        return plausible(said.logits, said.features["embedding"]).item(), min(answers).item()

    (first, fewest), (last, then) = judged(1), judged(100)
    assert last < first - 0.2
    assert fewest == 0
    assert then > 40  # of 256 answers; a class that was never answered is one of three


def test_nothing_about_the_teacher_or_the_callers_chance_changes():
    teacher = sure(batch_norm=True, dropout=0.5).train()
    before = bits(teacher)
    state = torch.get_rng_state()
    generate(teacher, (1, 6, 6), 40, steps=2, seed=0, finish=torch.sigmoid)
    assert same(bits(teacher), before)
    assert all(p.grad is None for p in teacher.parameters())
    assert all(module.training for module in teacher.modules())
    assert torch.equal(torch.get_rng_state(), state)


def test_real_training_inputs_play_no_part():
    data = toy(40)
    gone = replace(data.train, x=torch.full_like(data.train.x, torch.nan), y=torch.zeros_like(data.train.y))
    runs = []
    for one in (data, replace(data, train=gone, whole=gone)):
        made = training(data=one, teacher=TEACHER, **QUICK)
        assert made.data.train.x is made.data.whole.x
        happened = list(made)
        assert all(math.isfinite(e.loss) for e in happened if hasattr(e, "loss"))
        runs.append((made.data.train.x, bits(made)))
    assert torch.equal(runs[0][0], runs[1][0])
    assert same(runs[0][1], runs[1][1])


def test_what_is_invented_hangs_on_draw_and_teacher_alone_and_is_kept():
    teacher = copy.deepcopy(TEACHER)

    def inputs(student=1, seed=0, **knobs):
        settings = QUICK | {"algorithm_knobs": QUICK["algorithm_knobs"] | knobs}
        return training(net(student), teacher=teacher, seed=seed, **settings).data.train.x

    first = inputs()
    assert inputs(student=2, seed=5) is first
    assert not torch.equal(inputs(draw=1), first)
    noise = inputs(inputs="noise")
    assert inputs(inputs="noise", seed=5) is noise
    assert not torch.equal(inputs(inputs="noise", draw=1), noise)
    with torch.no_grad():
        teacher.head.weight.neg_()
    assert not torch.equal(inputs(), first)


def test_no_label_is_used_and_none_is_counted():
    made = training(teacher=TEACHER, **QUICK)
    train = made.data.train
    assert made.recipe.alpha == 1
    assert len(train) == 40
    assert not train.labelled.any()
    assert torch.equal(train.y, tell(TEACHER, train.x).logits.argmax(1))
    assert made.data.note.startswith("generated inputs; validation and test: own data: 0 training labels, 40 ")
    transfer, labelled = made.batches(0)
    assert labelled is transfer
    assert not transfer.known.any()
    terms = made.terms(transfer, labelled)
    assert (terms["student/labels"].weight, terms["student/soft targets"].weight) == (0, 1)
    card = kdlab.runs.Run.of(made, list(made)).card
    assert (card["training_labels"], card["transfer_set"]) == (0, 40)


def test_as_many_inputs_as_they_replace_unless_told_otherwise():
    made = training(teacher=TEACHER, algorithm="data-free", algorithm_knobs={"steps": 1})
    assert len(made.data.train) == 90
    noise = training(teacher=TEACHER, algorithm="data-free", algorithm_knobs={"inputs": "noise", "values": "any"})
    x = noise.data.train.x
    assert x.shape == (90, 1, 6, 6)
    assert abs(x.mean()) < 0.1
    assert abs(x.std() - 1) < 0.1


@pytest.mark.parametrize("variant", ["frozen", "assistant"])
@pytest.mark.parametrize("name", methods.names())
def test_every_method_does_without_labels(name, variant):
    made = training(
        teacher=TEACHER, type=methods.kind(name).type, method=name, scheme_variant=variant, **QUICK | {"epochs": 1}
    )
    student = made.students["student"]
    before = bits(student)
    losses = [event.loss for event in made if hasattr(event, "loss")]
    assert len(losses) == 3 * len(made.setup.phases)
    assert all(math.isfinite(loss) for loss in losses)
    assert not same(bits(student), before)


def test_a_view_is_invented_where_both_see_it():
    parts = {
        p: ({"plain": x, "negative": -x}, y) for p, (x, y) in {n: _pair(n) for n in ("x", "validation", "test")}.items()
    }
    data = Dataset.from_tensors(*parts.pop("x"), **parts, classes=list("abc"))
    made = training(data=data, teacher=TEACHER, view="negative", **QUICK)
    assert made.data.views == ["negative"]
    assert made.data.view == "negative"
    list(made)
    with pytest.raises(ValueError, match=r"a teacher that sees what the student sees, 'plain', got teacher_view 'neg"):
        training(data=data, teacher=TEACHER, teacher_view="negative", **QUICK)


def _pair(part):
    split = {"x": "train"}.get(part, part)
    return getattr(toy(40), split).x, getattr(toy(40), split).y


def test_a_graph_has_no_inputs_to_invent():
    data = kdlab.load("wordnet-topics", labelled=200, pool=0, view="node")
    reason = kdlab.explain(algorithm="data-free", data=data, view="node")
    assert reason == "algorithm 'data-free' needs inputs that can be invented, the view 'node' names rows of a graph"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 0.5}, "algorithm 'data-free' needs alpha 1, since it has no labels, got 0.5"),
        ({"scheme": "online", "scheme_variant": "co-trained"}, r"needs scheme 'offline' \(frozen\) or 'offline' \(ass"),
        ({"fine_tune": 2}, "fine_tune must be left out for algorithm 'data-free', since it has no labels, got 2"),
        ({"late": 0.5}, r"late must be left out for algorithm 'data-free', since it has no labels, got 0\.5"),
        ({"schedule": {"alpha": [[0, 0.5], [1, 1]]}}, "a schedule of alpha must be left out for algorithm 'data-free'"),
        ({"algorithm_knobs": {"inputs": "real"}}, "inputs must be one of 'generated', 'noise', got 'real'"),
        ({"algorithm_knobs": {"steps": 0}}, "steps must be a whole number of at least 1, got 0"),
    ],
)
def test_what_asks_for_labels_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        training(teacher=TEACHER, **QUICK | settings)


def test_alpha_stays_at_one_while_it_runs():
    made = training(teacher=TEACHER, **QUICK)
    made.recipe = made.recipe.replace(temperature=3.0)
    with pytest.raises(ValueError, match=r"needs alpha 1, since it has no labels, got 0\.3"):
        made.recipe = made.recipe.replace(alpha=0.3)
    assert made.recipe.alpha == 1


def test_a_comparison_says_whose_labels_it_counts():
    recipes = {"labels": Recipe(alpha=0.0, epochs=1), "data-free": Recipe(**QUICK | {"epochs": 1})}
    table = kdlab.compare(recipes, toy(40, labelled=12), teacher=TEACHER, student=net, seeds=[0, 1], progress=False)
    assert table.note.startswith("2 seeds; 12 training labels among 40 inputs (0 of them for data-free), 40 validation")


def test_a_generators_images_are_smooth_before_it_has_learned():
    torch.manual_seed(0)
    x = Generator((1, 28, 28), torch.sigmoid)(torch.randn(32, 64)).detach()
    noise = torch.rand(32, 1, 28, 28)

    def roughness(images):
        return ((images[..., 1:] - images[..., :-1]).square().mean() / images.var()).item()

    assert roughness(x) < 0.5 * roughness(noise)


def test_invented_inputs_teach_what_noise_does_not(tmp_path):
    """With 20 steps and 300 inputs only."""
    data, accuracy = kdlab.load("fashion-mnist", labelled=300, pool=0), {}
    for inputs in ("generated", "noise"):
        recipe = Recipe(
            algorithm="data-free", algorithm_knobs={"inputs": inputs, "steps": 20}, epochs=40, learning_rate=5e-3
        )
        run = kdlab.distill("mlp-16", data, teacher="fashion-mnist-cnn", recipe=recipe, progress=False)
        accuracy[inputs] = run.metrics()["accuracy"]
    assert accuracy["generated"] > accuracy["noise"] + 0.15
    recipe = recipe.replace(data="fashion-mnist", labelled=300, pool=0, epochs=1)
    run = kdlab.distill("mlp-16", teacher="fashion-mnist-cnn", recipe=recipe, progress=False)
    opened = kdlab.Run.open(run.save(tmp_path / "run"))
    assert opened.metrics() == run.metrics()
    assert opened.card["training_labels"] == 0


def test_a_background_thread_draws_no_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    hidden = {}

    def draw(who):
        with progress.bar(1, "inventing") as shown:
            hidden[who] = shown.disable

    thread = threading.Thread(target=draw, args=["thread"])
    thread.start()
    thread.join()
    draw("cell")
    assert hidden == {"thread": True, "cell": False}
