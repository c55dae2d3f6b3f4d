"""What every method owes, and how one is added."""

import dataclasses
from dataclasses import dataclass

import pytest
import torch
from helpers import net, rand, seen, sure, toy, training

from kdlab import Recipe, methods
from kdlab.events import Step
from kdlab.losses import hard_targets, rkd_angle, rkd_distance, soft_targets
from kdlab.methods import Method, Mix, Term, base, knob, register

every_method = pytest.mark.parametrize("name", methods.names())


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(base, "_METHODS", dict(base._METHODS))


def exchange(name, **settings):
    """A training by this method, and the terms of its first step."""
    made = training(type=methods.kind(name).type, method=name, alpha=0.5, **settings)
    return made, made.terms(*made.batches(0))


@every_method
def test_contract(name):
    """Finite terms that pull at the student, none at the teacher; a step changes the student and every adapter."""
    made, terms = exchange(name)
    taught = {key: term for key, term in terms.items() if key != "student/labels"}
    assert taught
    assert all(term.value.shape == () and term.value.isfinite() for term in taught.values())
    loss = sum(float(t.weight) * t.value for t in taught.values())
    assert loss.requires_grad
    loss.backward()
    assert all(p.grad is None for p in made.teacher.parameters())
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in made.students["student"].parameters())
    before = {k: [p.clone() for p in m.parameters()] for k, m in made.learners().items()}
    made.take_step()
    for who, module in made.learners().items():
        assert any(not torch.equal(a, b) for a, b in zip(before[who], module.parameters(), strict=True)), who


@every_method
def test_contract_of_settings(name):
    cls = methods.kind(name)
    assert cls.__doc__
    assert cls.symbol
    assert cls.type in methods.TYPES
    assert cls.compares in ("", "any", "map")
    made = methods.get(name)
    for field, (low, high, meaning, _) in cls.knobs().items():
        assert low <= getattr(made, field) <= high
        assert meaning
        with pytest.raises(ValueError, match=rf"^{field} must be a .*number .*, got {high + 1}"):
            methods.get(name, **{field: high + 1})
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.weight = 2


@every_method
def test_learning_a_method_lowers_it(name):
    made = training(type=methods.kind(name).type, method=name, alpha=1.0, epochs=20)
    steps = [e for e in made if isinstance(e, Step)]
    taught = [sum(v * s.weights[k] for k, v in s.terms.items() if k != "student/labels") for s in steps]
    assert sum(taught[-6:]) < sum(taught[:6])


def test_terms_are_the_losses():
    s, t = rand(2, 40, 5)
    (soft,) = methods.get("soft-targets", weight=3.0).terms(seen(s, t, 4.0)).values()
    assert soft == Term(3.0, soft_targets(s, t, temperature=4.0))
    (hard,) = methods.get("hard-targets").terms(seen(s, t, 4.0)).values()
    assert hard.value == hard_targets(s, t)
    terms = methods.get("rkd", anchors=7).terms(seen(s, t))
    assert terms["distances"].value == rkd_distance(s, t)
    assert terms["angles"].value == rkd_angle(s[:7], t[:7])
    assert methods.get("rkd", anchors=1000).terms(seen(s, t))["angles"].value == rkd_angle(s, t)


def test_a_mix_adds_its_parts_terms_each_times_its_factor():
    made = training(method={"soft-targets": 1, "hint": 0.5, "rkd": 2}, alpha=0.5, method_knobs={"hint.weight": 4.0})
    terms = made.terms(*made.batches(0))
    assert list(terms) == [f"student/{n}" for n in ("labels", "soft targets", "hint", "distances", "angles")]
    weights = {k.partition("/")[2]: t.weight for k, t in terms.items()}
    rkd = methods.get("rkd")
    assert weights["hint"] == 0.5 * 0.5 * 4
    assert weights["distances"] == pytest.approx(0.5 * 2 * rkd.distance_weight)
    alone = {
        "soft targets": training(alpha=0.5),
        "hint": training(type="feature", alpha=0.5),
        "angles": training(type="relation", alpha=0.5),
    }
    for name, other in alone.items():
        assert other.terms(*other.batches(0))[f"student/{name}"].value == terms[f"student/{name}"].value
    assert isinstance(made.setup.method, Mix)
    assert made.setup.method.uses_temperature


def test_the_hints_regressor_fits_layers_of_any_shape():
    shapes = {"map to map": ("stage1", "stage1"), "map to vector": ("embedding", "stage1")}
    shapes |= {"vector to map": ("stage1", "embedding"), "vector to vector": ("embedding", "embedding")}
    for teacher, student in shapes.values():
        made = training(type="feature", taps={teacher: student})
        assert made.terms(*made.batches(0))["student/hint"].value.isfinite()
    both = training(type="feature", taps={"stage1": "stage1", "embedding": "embedding"})
    assert len(both.learners()["student<-teacher"]) == 2


def test_a_new_method_is_known_everywhere(registry):
    @register("cosine", type="response")
    @dataclass(frozen=True)
    class Cosine(Method):
        """The angle between the logits."""

        symbol = "1 - cos"
        weight: float = knob(2.0, 0.0, 5.0, "how much it counts")

        def terms(self, seen):
            return {
                "cosine": Term(
                    self.weight, 1 - torch.cosine_similarity(seen.student.logits, seen.teacher.logits).mean()
                )
            }

    assert "cosine" in methods.names("response")
    assert Recipe(method="cosine", method_knobs={"weight": 1.0}).build_method() == Cosine(1.0)
    test_contract("cosine")
    register("cosine", type="response")(Cosine)  # a cell that is run again
    with pytest.raises(ValueError, match=r"^name must be new, got 'cosine', which is .*Cosine$"):
        register("cosine", type="response")(type("Other", (Method,), {}))


def test_terms_of_one_name_do_not_hide_one_another(registry):
    for name in ("first", "second"):

        @register(name, type="response")
        @dataclass(frozen=True)
        class Twice(Method):
            """Two methods that call their term the same."""

            __qualname__ = name
            weight: float = knob(1.0, 0.0, 5.0, "how much it counts")

            def terms(self, seen):
                return {"gap": Term(self.weight, (seen.student.logits - seen.teacher.logits).square().mean())}

    terms = methods.get({"first": 1.0, "second": 3.0}).terms(_full(*rand(2, 4, 3)))
    assert {name: t.weight for name, t in terms.items()} == {"gap": 1.0, "gap (second)": 3.0}


def _full(s, t):
    from kdlab.knowledge import Exchange, Knowledge

    return Exchange(Knowledge(s, {}), Knowledge(t, {}), 1.0)


@pytest.mark.parametrize("scheme", ["offline", "online", "self"])
def test_a_method_sees_its_teacher_without_gradient(registry, scheme):
    """Detaching is the trainer's business: a method written in a cell need not think of it."""

    @register("careless", type="feature")
    @dataclass(frozen=True)
    class Careless(Method):
        """Forgets to detach the teacher."""

        compares = "any"

        def terms(self, seen):
            told = [seen.teacher.logits, *seen.teacher.features.values(), *(t for _, t in seen.features())]
            assert not any(tensor.requires_grad for tensor in told)
            return {"gap": Term(1.0, (seen.student.logits - seen.teacher.logits).square().mean())}

    assert list(training(type="feature", method="careless", scheme=scheme, epochs=1))


def test_the_labels_name_is_the_trainers(registry):
    @register("thief", type="response")
    @dataclass(frozen=True)
    class Thief(Method):
        """Takes the labels' name."""

        def terms(self, seen):
            return {"labels": Term(1.0, seen.student.logits.mean())}

    made = training(method="thief")
    with pytest.raises(ValueError, match=r"^terms of 'thief' must not be called 'labels'"):
        list(made)


def test_a_method_that_compares_maps_is_refused_where_there_are_none(registry):
    @register("maps", type="feature")
    @dataclass(frozen=True)
    class Maps(Method):
        """Feature maps only."""

        compares = "map"

        def terms(self, seen):
            return {"maps": Term(1.0, sum((s.mean() - t.mean()) ** 2 for s, t in seen.features()))}

    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    with pytest.raises(ValueError, match=r"^method 'maps' compares feature maps, and the student has none$"):
        training(flat, type="feature", method="maps")
    made = training(net(), toy(), teacher=sure(), type="feature", method="maps")
    assert made.wires[0].pairs == (("stage1", "stage1"),)


def test_unknown_names_suggest_the_near_miss():
    for call, message in (
        (lambda: methods.names("relations"), "type must be one of .*, got 'relations'; did you mean 'relation'"),
        (lambda: methods.get("soft-target"), "method must be one of .*; did you mean 'soft-targets'"),
        (lambda: methods.get("rkd", anchor=3), "knob of rkd must be one of .*, got 'anchor'; did you mean 'anchors'"),
        (lambda: methods.get({"rkd": 1, "hnt": 1}), "method must be one of .*, got 'hnt'; did you mean 'hint'"),
        (lambda: methods.get({"rkd": 1}, **{"rkd.anchor": 3}), "knob of the mix .*; did you mean 'rkd.anchors'"),
        (lambda: methods.get({"rkd": -1}), "factor of rkd must be a number at least 0, got -1"),
        (lambda: methods.get({}), "method must name at least one method in a mix"),
        (lambda: methods.get("rkd", name=3), "knob of rkd must be one of .*, got 'name'"),
    ):
        with pytest.raises(ValueError, match=rf"^{message}"):
            call()
    with pytest.raises(TypeError, match=r"^anchors must be a whole number of at least 2, got 2.5$"):
        methods.get("rkd", anchors=2.5)
