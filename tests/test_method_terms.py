"""What each method makes of its loss: terms, weights, adapters, hidden labels."""

import re
import statistics
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from bench_parts.scaling import cosines
from helpers import rand, seen, sure, training

import kdlab
from kdlab import Recipe, losses, methods
from kdlab.ledger import ledger
from kdlab.methods.pairs import one_size
from kdlab.training import Training


def exchange(student, teacher, **more):
    return SimpleNamespace(**vars(seen(student, teacher, 3.0)) | {"labels": None, "known": None} | more)


def values(name, *args, **knobs):
    return {n: t.value for n, t in methods.get(name, **knobs).terms(exchange(*args)).items()}


def test_terms_on_logits_are_the_losses():
    s, t = rand(2, 40, 5)
    answer = t.argmax(1)
    decoupled = losses.dkd(s, t, labels=answer, target_weight=0.5, other_weight=2.0, temperature=3.0)
    correlated = losses.dist(s, t, row_weight=0.5, column_weight=2.0, temperature=3.0)
    expected = {
        "logits-mse": ({}, {"logits": losses.logits_mse(s, t)}),
        "logit-standardization": ({}, {"standardised": losses.logit_standardization(s, t, temperature=3.0)}),
        "gkd": ({"beta": 0.2}, {"divergence": losses.generalised_jsd(s, t, beta=0.2, temperature=3.0)}),
        "dkd": ({"target_weight": 0.5, "other_weight": 2.0}, decoupled),
        "dist": ({"row_weight": 0.5, "column_weight": 2.0}, correlated),
    }
    for name, (knobs, wanted) in expected.items():
        found = methods.get(name, **knobs).terms(exchange(s, t))
        if isinstance(wanted, dict):
            assert {n: term.value for n, term in found.items()} == wanted
        else:
            torch.testing.assert_close(sum(w * v for w, v in found.values()), wanted)


def test_terms_on_layers_are_the_losses():
    s, t = rand(2, 6, 5)
    expected = {
        "similarity-preserving": {"similarities": losses.similarity_preserving(s, t)},
        "pkt": {"neighbours": losses.pkt(s, t)},
        "correlation-congruence": {"kernels": losses.correlation_congruence(s, t, gamma=0.4, order=2)},
    }
    for name, wanted in expected.items():
        assert values(name, s, t) == wanted
    maps = rand(2, 6, 3, 4, 4)
    assert values("attention-transfer", *maps) == {"attention": losses.attention_transfer(*maps)}
    assert values("nst", *maps) == {"selectivity": losses.nst(*maps)}
    graph = values("instance-graph", s, t)
    assert list(graph) == ["vertices", "edges", "changes"]
    assert tuple(graph.values()) == losses.graph_gaps((s, s, s), (t, t, t))  # the layer here, then logits as a layer


def test_gkd_leads_from_soft_targets_to_their_reverse_at_one_size():
    s, t = rand(2, 40, 5)

    def cost(beta):
        return sum(w * v for w, v in methods.get("gkd", beta=beta).terms(exchange(s, t)).values())

    ends = (losses.soft_targets(s, t, temperature=3.0), losses.soft_targets(t, s, temperature=3.0))
    torch.testing.assert_close(cost(0.01), ends[0], rtol=0.05, atol=0)
    torch.testing.assert_close(cost(0.99), ends[1], rtol=0.05, atol=0)


def test_dkd_takes_the_teachers_answer_for_a_hidden_label():
    s, t = rand(2, 6, 5)
    labels = (t.argmax(1) + 1) % 5  # none is what the teacher says
    known = torch.tensor([True, False, True, False, False, True])
    used = torch.where(known, labels, t.argmax(1))

    def found(**more):
        terms = methods.get("dkd").terms(exchange(s, t, **more))
        return sum(w * v for w, v in terms.values())

    def wanted(targets):
        return losses.dkd(s, t, labels=targets, target_weight=0.5, other_weight=0.2, temperature=3.0)

    torch.testing.assert_close(found(labels=labels, known=known), wanted(used))
    torch.testing.assert_close(found(labels=labels, known=torch.ones(6, dtype=torch.bool)), wanted(labels))
    torch.testing.assert_close(found(), wanted(t.argmax(1)))
    hidden = labels.where(known, (labels + 1) % 5)  # what is behind a hidden label must not matter
    assert found(labels=labels, known=known) == found(labels=hidden, known=known)


def test_maps_of_two_sizes_are_averaged_to_the_smaller():
    large, small = rand(5, 3, 6, 4), rand(5, 2, 3, 4, seed=1)
    ((s, t),) = one_size(SimpleNamespace(features=lambda: [(large, small)]))
    assert t is small
    torch.testing.assert_close(s, F.avg_pool2d(large, (2, 1)))
    ((s, t),) = one_size(SimpleNamespace(features=lambda: [(small, large)]))
    assert s is small
    assert t.shape == (5, 3, 3, 4)


def test_the_variance_of_vid_starts_where_nothing_is_known_and_learns():
    made = training(type="feature", method="vid", taps={"embedding": "embedding"}, epochs=20)
    (guess,) = made.learners()["student<-teacher"]
    probe = sure().eval()[:2](made.data.train.x[:4])
    start = guess.variance.detach().clone()
    torch.testing.assert_close(start, probe.square().mean().expand(8).detach(), rtol=1e-4, atol=1e-4)
    list(made)
    assert (guess.variance - start).abs().min() > 1e-3  # an optimiser owns it
    assert guess.variance.min() > 0


def test_the_autoencoder_of_factor_transfer_learns_and_does_not_pull_at_the_student():
    made = training(type="feature", method="factor-transfer", epochs=20)
    terms = made.terms(*made.batches(0))
    student = list(made.students["student"].parameters())
    paraphrase = terms["student/paraphrase"].value
    assert not any(
        g is not None for g in torch.autograd.grad(paraphrase, student, allow_unused=True, retain_graph=True)
    )
    list(made)
    assert made.terms(*made.batches(0))["student/paraphrase"].value < 0.8 * paraphrase


@pytest.mark.parametrize("name", ["attention-transfer", "channel-wise", "inter-channel", "pkt", "contrastive"])
def test_several_pairs_of_layers_are_averaged(name):
    """The same pair twice, with the same regressor, costs what it costs once."""
    made = training(type=methods.kind(name).type, method=name, taps={"stage1": "stage1"})
    once = made.terms(*made.batches(0))
    (wire,) = made.wires
    adapter = None if wire.adapter is None else torch.nn.ModuleList([*wire.adapter, *wire.adapter])
    made.wires = [wire._replace(pairs=wire.pairs * 2, adapter=adapter)]
    for key, term in made.terms(*made.batches(0)).items():
        torch.testing.assert_close(term.value, once[key].value)


@pytest.fixture(scope="module")
def images():
    return kdlab.load("fashion-mnist", labelled=500, pool=0), kdlab.pretrained("fashion-mnist-cnn")


@pytest.mark.parametrize("name", methods.names())
def test_at_the_start_a_method_pulls_about_as_hard_as_the_labels(name, images):
    """Default weights, the reference pair, three seeds: gradient norms within a factor of five of each other."""
    data, teacher = images
    kind = methods.kind(name)
    on_maps = kind.compares == "map"
    for seed in range(3):
        recipe = Recipe(type=kind.type, method=name, alpha=0.5, seed=seed, taps={"stage2": "stage2"} if on_maps else {})
        entries = ledger(Training("conv-8" if on_maps else "mlp-64", data, teacher=teacher, recipe=recipe))
        ratio = sum(e.norm for n, e in entries.items() if n != "labels") / entries["labels"].norm
        assert 1 / 5 < ratio < 5, (seed, ratio)


def test_the_knob_of_rkds_anchors_says_what_they_cost_in_gradient():
    *_, meaning, _ = methods.get("rkd").knobs()["anchors"]
    assert "a cost of anchors³" in meaning
    said = re.search(r"of 128, 16, 32 and 64 give gradients with a cosine of (\S+), (\S+) and (\S+) to", meaning)
    measured = [statistics.mean(whole) for _, whole in cosines().values()]
    assert [float(number) for number in said.groups()] == pytest.approx(measured, abs=0.03)
