"""Losses on relations: against their formula in plain loops, and what each must and must not see."""

from functools import partial

import loss_references as ref
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from loss_checks import CHECKS, Case, check_invariance, check_zero, rotation, shuffled

from kdlab import losses

VECTORS, WIDER = ((4,),), ((6,),)
CC = {"gamma": 0.4, "order": 2}
GRAPH = {"logit_weight": 0.1, "edge_weight": 5.0, "change_weight": 5.0}
among = partial(Case, per_sample=False)

CASES = [
    among("similarity_preserving", losses.similarity_preserving, ref.similarity_preserving, VECTORS, WIDER),
    among("similarity_preserving-maps", losses.similarity_preserving, ref.similarity_preserving, ((2, 3, 3),), WIDER),
    among(
        "correlation_congruence",
        partial(losses.correlation_congruence, **CC),
        partial(ref.correlation_congruence, **CC),
        VECTORS,
        WIDER,
    ),
    among("pkt", losses.pkt, ref.pkt, VECTORS, WIDER),
    among(
        "contrastive",
        partial(losses.contrastive, temperature=0.5),
        partial(ref.contrastive, temperature=0.5),
        VECTORS,
        VECTORS,
        zero=False,
    ),
    Case("fsp", losses.fsp, ref.fsp, ((2, 4, 4), (3, 2, 2)), ((2, 6, 6), (3, 3, 3))),
    among("inter_channel", losses.inter_channel, ref.inter_channel, ((3, 3, 3),), ((3, 4, 4),)),
    among(
        "instance_graph",
        partial(losses.instance_graph, **GRAPH),
        partial(ref.instance_graph, **GRAPH),
        ((3,), (2, 3, 3), (4,)),
        ((3,), (5,), (6,)),
    ),
    among(
        "instance_graph-one layer",
        partial(losses.instance_graph, **GRAPH),
        partial(ref.instance_graph, **GRAPH),
        ((3,), (4,)),
        ((3,), (6,)),
    ),
    among("rkd", losses.rkd, ref.rkd, VECTORS, WIDER),
]
BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_owes(case, check):
    check(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.zero], ids=str)
def test_equal_networks_cost_nothing(case):
    check_zero(case)


def rotate(f):
    return f @ rotation(f.shape[1])


def scale(f):
    return 1.7 * f


def scale_samples(f):
    return f * torch.linspace(0.5, 2, len(f), dtype=f.dtype).reshape(-1, *(1 for _ in f.shape[1:]))


def shift(f):
    return f + 1


def shuffle_places(f):
    """All places in another order: rows of the map, rolled as far as the map is high."""
    return f.flatten(2).flip(2).reshape(f.shape)


@pytest.mark.parametrize(
    ("name", "change", "unseen"),
    [
        ("similarity_preserving", rotate, True),
        ("similarity_preserving", scale, True),
        ("similarity_preserving", scale_samples, False),
        ("similarity_preserving", shift, False),
        ("similarity_preserving", shuffled(1), True),
        ("correlation_congruence", rotate, True),
        ("correlation_congruence", scale_samples, True),
        ("correlation_congruence", shift, False),
        ("pkt", rotate, True),
        ("pkt", scale_samples, True),
        ("pkt", shift, False),
        ("contrastive", scale_samples, True),
        ("contrastive", rotate, False),
        ("contrastive", shuffled(1), False),
        ("inter_channel", scale_samples, True),
        ("inter_channel", shuffle_places, True),
        ("inter_channel", shuffled(1), False),
        ("inter_channel", shift, False),
        ("fsp", shuffled(1), False),
        ("fsp", scale, False),
        ("rkd", rotate, True),
        ("rkd", scale, True),
        ("rkd", shift, True),
        ("rkd", scale_samples, False),
    ],
)
def test_what_is_seen(name, change, unseen):
    check_invariance(BY_NAME[name], change, unseen=unseen)


@pytest.mark.parametrize(("change", "unseen"), [(rotate, True), (scale, True), (shift, True), (scale_samples, False)])
def test_the_edges_of_an_instance_graph_see_neither_place_nor_size(change, unseen):
    logits, f = example((5, 3)), example((5, 4), seed=1)
    moved = losses.instance_graph((logits[0], change(f[0])), (logits[1], f[1]))
    assert torch.isclose(moved, losses.instance_graph((logits[0], f[0]), (logits[1], f[1])), rtol=1e-6) == unseen


def test_flow_between_layers_does_not_see_places():
    """As long as both layers are shuffled alike, and of one size."""
    lower, higher = example((4, 2, 3, 3)), example((4, 3, 3, 3), seed=1)
    pair = (lower[0], higher[0])
    shuffled_pair = tuple(shuffle_places(f) for f in pair)
    teacher = (lower[1], higher[1])
    torch.testing.assert_close(losses.fsp(shuffled_pair, teacher), losses.fsp(pair, teacher))
    one_only = (shuffled_pair[0], pair[1])
    assert not torch.isclose(losses.fsp(one_only, teacher), losses.fsp(pair, teacher))


def example(shape=(5, 4), seed=0):
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_rows_of_similarities_have_length_one_and_not_sum_one():
    student, teacher = example()
    value = losses.similarity_preserving(student, teacher).item()
    by_sum = ref.similarity_preserving(
        *(student.numpy(), teacher.numpy()), normalise=lambda row: [v / sum(abs(w) for w in row) for v in row]
    )
    assert value != pytest.approx(by_sum, rel=0.1)


def test_similarity_preserving_depends_on_the_length_of_the_batch():
    """Two copies of a batch are no new relation, and yet: longer rows have smaller entries."""
    student, teacher = example()
    twice = losses.similarity_preserving(student.repeat(2, 1), teacher.repeat(2, 1))
    torch.testing.assert_close(twice, losses.similarity_preserving(student, teacher) / 2)


def test_the_kernel_of_congruence_tends_to_the_gaussian_as_its_order_grows():
    student, teacher = example()

    def gaussian(f):
        f = F.normalize(f)
        return (-0.4 * torch.cdist(f, f).square()).exp()

    limit = (gaussian(student) - gaussian(teacher)).square().mean()
    gaps = [
        abs(losses.correlation_congruence(student, teacher, gamma=0.4, order=p) - limit).item() for p in (1, 2, 4, 8)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 1e-6


def test_pkt_counts_the_sample_itself_and_shifts_the_cosine():
    student, teacher = example()

    def variant(own, shifted):
        logs = []
        for f in (student, teacher):
            cosine = F.normalize(f) @ F.normalize(f).T
            likely = ((cosine + 1) / 2 if shifted else cosine.exp()) - (0 if own else torch.eye(5) * (1 - 1e-12))
            logs.append((likely / likely.sum(1, keepdim=True)).log())
        return (logs[1].exp() * (logs[1] - logs[0])).mean()

    value = losses.pkt(student, teacher)
    torch.testing.assert_close(value, variant(True, True))
    assert not torch.isclose(value, variant(False, True), rtol=0.05)
    assert not torch.isclose(value, variant(True, False), rtol=0.05)


def test_pkt_of_opposite_samples_is_finite():
    f = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert losses.pkt(f, torch.tensor([[1.0, 0.0], [0.0, 1.0]])).isfinite()


def test_inter_channel_divides_by_the_batch_twice():
    student, teacher = example((4, 3, 2, 2))
    twice = losses.inter_channel(student.repeat(2, 1, 1, 1), teacher.repeat(2, 1, 1, 1))
    torch.testing.assert_close(twice, losses.inter_channel(student, teacher) / 2)


def test_contrastive_is_least_where_each_sample_finds_its_own():
    student, teacher = example((6, 4))
    own = losses.contrastive(teacher, teacher, temperature=0.1)
    assert own < losses.contrastive(student, teacher, temperature=0.1)
    assert own < losses.contrastive(teacher.roll(1, 0), teacher, temperature=0.1)


def test_contrastive_of_a_student_that_says_one_thing_is_log_of_the_batch():
    teacher = example((6, 4))[1]
    constant = torch.zeros(6, 4, dtype=torch.float64)
    assert losses.contrastive(constant, teacher, temperature=0.1).item() == pytest.approx(np.log(6))


def test_an_instance_graph_weighs_its_parts():
    logits, f, g = example((5, 3)), example((5, 4), seed=1), example((5, 6), seed=2)
    student, teacher = (tuple(side) for side in zip(logits, f, g, strict=True))
    parts = losses.graph_gaps(student, teacher)
    weights = {"logit_weight": 2.0, "edge_weight": 3.0, "change_weight": 4.0}
    expected = sum(w * part for w, part in zip(weights.values(), parts, strict=True))
    torch.testing.assert_close(losses.instance_graph(student, teacher, **weights), expected)
    assert min(part.item() for part in parts) > 0
    torch.testing.assert_close(parts[0], losses.logits_mse(*logits))


@pytest.mark.parametrize(
    ("loss", "knobs"),
    [
        (partial(losses.correlation_congruence, order=2), {"gamma": [0.1, 0.4, 1.0]}),
        (losses.contrastive, {"temperature": [0.1, 0.5, 1.0]}),
    ],
)
def test_each_student_of_a_stack_has_its_own_knobs(loss, knobs):
    students, teacher = torch.stack([example(seed=n)[0] for n in range(3)]), example()[1]
    stacked = {name: torch.tensor(values, dtype=torch.float64) for name, values in knobs.items()}
    values = torch.func.vmap(lambda s, k: loss(s, teacher, **k))(students, stacked)
    for n in range(3):
        torch.testing.assert_close(values[n], loss(students[n], teacher, **{k: v[n] for k, v in knobs.items()}))


Z = torch.zeros
PAIR = (Z(4, 2, 6, 6), Z(4, 3, 3, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        *(
            (partial(loss, Z(4, 3), Z(5, 3)), "student and teacher must hold the same batch, got 4 rows and 5 rows")
            for loss in (losses.similarity_preserving, losses.correlation_congruence, losses.pkt)
        ),
        (
            lambda: losses.correlation_congruence(Z(4, 3), Z(4, 3), gamma=0.0),
            "gamma must be a finite number above 0, got 0.0",
        ),
        (
            lambda: losses.correlation_congruence(Z(4, 3), Z(4, 3), order=0),
            "order must be a whole number of at least 1, got 0",
        ),
        (
            lambda: losses.contrastive(Z(4, 3), Z(4, 5), temperature=1.0),
            r"student and teacher must have the same shape, got \(4, 3\) and \(4, 5\)",
        ),
        (lambda: losses.fsp(Z(4, 2, 6, 6), PAIR), "student must be two feature maps.*got one tensor"),
        (lambda: losses.fsp(PAIR, PAIR[:1]), "teacher must be two feature maps.*got 1 of them"),
        (
            lambda: losses.fsp(PAIR, (PAIR[0], Z(4, 5, 3, 3))),
            r"student\[1\] and teacher\[1\] must have the same batch and channels, got \(4, 3\) and \(4, 5\)",
        ),
        (lambda: losses.fsp((Z(4, 2), Z(4, 3)), PAIR), r"student\[0\] must have shape \(batch, channels"),
        (
            lambda: losses.fsp(*((PAIR[0], Z(5, 3, 3, 3)),) * 2),
            r"student\[0\] and student\[1\] must hold the same batch, got 4 rows and 5 rows",
        ),
        (
            lambda: losses.inter_channel(Z(4, 2, 3, 3), Z(4, 5, 3, 3)),
            "student and teacher must have the same number of channels, got 2 and 5",
        ),
        (lambda: losses.instance_graph(Z(4, 3), Z(4, 3)), r"student must be \(logits, features, …\).*got one tensor"),
        (lambda: losses.instance_graph((Z(4, 3),), (Z(4, 3),)), "at least one layer, got 1 of them"),
        (
            lambda: losses.instance_graph((Z(4, 3), Z(4, 5)), (Z(4, 3), Z(4, 5), Z(4, 5))),
            "student and teacher must have as many layers, got 1 and 2",
        ),
        (
            lambda: losses.instance_graph((Z(4, 3), Z(4, 5)), (Z(4, 2), Z(4, 5))),
            r"student\[0\] and teacher\[0\] must have the same shape",
        ),
        (
            lambda: losses.instance_graph(*((Z(4, 3), Z(4, 5)),) * 2, edge_weight=-1.0),
            "edge_weight must be .*, got -1.0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
