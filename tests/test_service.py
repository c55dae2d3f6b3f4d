"""A service that sells a teacher's answers: what it says, what it charges, what it refuses."""

import pytest
import torch
from helpers import net, sure, toy, training
from torch import nn

from kdlab import Recipe, explain, train
from kdlab.service import FORMS, Answers, Archive, Recorded, RefusedError, Service, soften

X = torch.rand(20, 1, 6, 6, generator=torch.Generator().manual_seed(0))


class Fixed(nn.Module):
    """Says 0.56, 0.26, 0.12, 0.06 of everything."""

    p = torch.tensor([0.56, 0.26, 0.12, 0.06])

    def forward(self, x):
        return self.p.log().expand(len(x), 4)


def opened(teacher=None, prices=None, **settings) -> Service:
    settings = {"budget": 1000.0} | settings
    service = Service(teacher or Fixed(), prices or dict.fromkeys(FORMS, 1), **settings)
    service.accept("own use")
    return service


def test_each_form_says_what_it_is_to_say():
    service = opened(digits=1)
    label, top, all_of_them = (service.ask(X[:2], form) for form in FORMS)
    assert label.listed.tolist() == [[0], [0]]
    assert label.shares is None
    assert top.listed.tolist() == [[0, 1], [0, 1]]
    assert top.shares[0].tolist() == pytest.approx([0.6, 0.3])
    assert all_of_them.shares[0].tolist() == pytest.approx([0.6, 0.3, 0.1, 0.1])
    assert len(label) == 2
    assert all_of_them.classes == 4


@pytest.mark.parametrize(
    ("form", "rest", "digits", "wanted"),
    [
        ("label", "spread", 4, [1, 0, 0, 0]),
        ("top-k", "spread", 4, [0.56, 0.26, 0.09, 0.09]),
        ("top-k", "listed", 4, [0.56 / 0.82, 0.26 / 0.82, 0, 0]),
        ("probabilities", "spread", 4, [0.56, 0.26, 0.12, 0.06]),
        ("probabilities", "spread", 1, [0.6 / 1.1, 0.3 / 1.1, 0.1 / 1.1, 0.1 / 1.1]),
    ],
)
def test_targets_are_as_worked_out_by_hand(form, rest, digits, wanted):
    targets = opened(digits=digits).ask(X[:3], form).targets(rest)
    assert targets.shape == (3, 4)
    assert targets[1].tolist() == pytest.approx(wanted, abs=1e-6)


def test_shares_stand_at_their_classes_and_rows_of_nothing_know_nothing():
    listed, shares = torch.tensor([[3, 1], [0, 2]]), torch.tensor([[0.7, 0.2], [0.0, 0.0]])
    targets = Answers(X[:2], "top-k", listed, shares, 4).targets("listed")
    assert targets[0].tolist() == pytest.approx([0, 0.2 / 0.9, 0, 0.7 / 0.9])
    assert targets[1].tolist() == pytest.approx([0.25] * 4)
    with pytest.raises(ValueError, match="rest must be one of 'spread', 'listed', got 'spred'; did you mean 'spread'"):
        Answers(X[:2], "top-k", listed, shares, 4).targets("spred")


def test_every_query_is_counted_and_paid_even_of_the_same_input():
    service = opened(prices={"label": 1, "top-k": 2.5}, budget=20)
    service.ask(X[:4], "label")
    service.ask(X[:4], "label")
    service.ask(X[:2], "top-k")
    assert service.queries == {"label": 8, "top-k": 2}
    assert service.spent == 13
    assert service.receipt.splitlines()[1].split() == ["label", "8", "1", "8"]
    assert service.receipt.splitlines()[-1].split() == ["in", "all", "10", "13", "of", "20"]
    assert repr(service) == "Service(label, top-k; 13 of 20 credits spent)"


def test_beyond_the_budget_it_refuses_before_it_answers():
    asked = []
    teacher = sure()
    teacher.register_forward_hook(lambda *_: asked.append(1))
    service = opened(teacher, {"label": 1, "probabilities": 5}, budget=12)
    with pytest.raises(RefusedError, match=r"3 × probabilities at 5 make 15 credits, and 12 of 12 are left: nothing"):
        service.ask(X[:3], "probabilities")
    assert asked == []
    assert service.spent == 0
    service.ask(X[:12], "label")
    assert service.spent == 12
    with pytest.raises(RefusedError, match="0 of 12"):
        service.ask(X[:1], "label")


def test_prices_in_tenths_can_be_spent_to_the_last():
    service = opened(prices={"label": 0.1}, budget=0.3)
    for _ in range(3):
        service.ask(X[:1], "label")
    with pytest.raises(RefusedError):
        service.ask(X[:1], "label")


def test_terms_come_first_and_a_forbidden_purpose_is_refused():
    service = Service(Fixed(), {"label": 1}, budget=5, forbids=("rival",))
    assert "label 1. " in service.terms
    assert "in place of this service" in service.terms
    with pytest.raises(RefusedError, match="read the terms of use"):
        service.ask(X[:1], "label")
    with pytest.raises(RefusedError, match="do not allow 'rival'"):
        service.accept("rival")
    with pytest.raises(ValueError, match="did you mean 'own use'"):
        service.accept("own-use")
    service.accept("own use")
    assert len(service.ask(X[:1], "label")) == 1


@pytest.mark.parametrize("inside", ["logits", "features", "gradients"])
def test_what_is_inside_stays_inside(inside):
    with pytest.raises(RefusedError, match="feature-based and relation-based"):
        opened().ask(X, inside)


def test_no_gradient_comes_out_and_no_attribute_leads_to_the_teacher():
    service = opened(sure())
    with pytest.raises(RefusedError, match="x must not require a gradient"):
        service.ask(X.clone().requires_grad_(), "label")
    assert not service.ask(X, "probabilities").shares.requires_grad
    assert not any(isinstance(value, nn.Module) for value in vars(service).values())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"prices": {"lable": 1}}, "form with a price must be one of 'label'"),
        ({"prices": {"label": -1}}, "price of label must be a number at least 0, got -1"),
        ({"budget": -1.0}, "budget must be a number at least 0, got -1"),
        ({"noise": 1.5}, r"noise must be a number in \[0, 1\], got 1.5"),
        ({"digits": 0}, "digits must be a whole number of at least 1, got 0"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1, got 0"),
        ({"forbids": ("rivals",)}, "did you mean 'rival'"),
    ],
)
def test_bad_settings_are_refused_with_their_value(settings, words):
    with pytest.raises(ValueError, match=words):
        opened(**settings)
    with pytest.raises(ValueError, match="form must be one of 'label', got 'top-k'"):
        opened(prices={"label": 1}).ask(X, "top-k")


def test_noise_swaps_the_top_class_in_its_share_of_answers():
    x = torch.rand(4000, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    service = opened(noise=0.25, budget=1e6)
    said = service.ask(x, "probabilities")
    spoiled = said.listed[:, 0] != 0
    assert spoiled.float().mean().item() == pytest.approx(0.25, abs=0.03)
    others = said.listed[spoiled, 0].bincount(minlength=4)
    assert others[0] == 0
    assert others[1:].min() > 250
    assert said.shares[:, 0].tolist() == pytest.approx([0.56] * 4000)


def test_fresh_noise_differs_between_queries_and_fixed_noise_hangs_on_the_input_alone():
    x = torch.rand(200, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    fresh, fixed = (opened(noise=0.5, fresh=f) for f in (True, False))
    assert not torch.equal(fresh.ask(x, "label").listed, fresh.ask(x, "label").listed)
    first = fixed.ask(x, "label").listed
    assert torch.equal(first, fixed.ask(x.flip(0), "label").listed.flip(0))
    assert (first != 0).float().mean().item() == pytest.approx(0.5, abs=0.12)
    assert not torch.equal(first, opened(noise=0.5, fresh=False, seed=1).ask(x, "label").listed)


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_pays_for_what_is_new_and_answers_in_order(form):
    service = opened(sure())
    archive = Archive(service)
    archive.ask(X[:5], form)
    said = archive.ask(torch.cat([X[3:8], X[7:8]]), form)
    assert service.queries[form] == 8
    again = service.ask(torch.cat([X[3:8], X[7:8]]), form)
    assert torch.equal(said.listed, again.listed)
    assert torch.equal(said.targets(), again.targets())
    assert len(archive.ask(X[:0], form)) == 0


def test_answers_teach_in_a_recipe_and_layers_are_refused():
    data = toy(60)
    said = opened(sure(), digits=6).ask(data.train.x, "probabilities")
    teacher = Recorded(said.x, said.targets())
    run = train(net(1), data, teacher=teacher, recipe=Recipe(alpha=1.0, epochs=2, learning_rate=1e-2), measure_every=0)
    for _ in run:
        pass
    true = training(net(1), data, teacher=sure(), alpha=1.0, epochs=2, batch_size=128, learning_rate=1e-2)
    for _ in true:
        pass
    mine, theirs = (t.students["student"](data.test.x).softmax(1) for t in (run, true))
    assert torch.allclose(mine, theirs, atol=0.02)
    for kind in ("feature", "relation"):
        assert "the teacher has none" in explain(type=kind, data=data, teacher=teacher, student=net(1))
    with pytest.raises(TypeError, match=r"teacher must be a trained module or a name, .*got Service\("):
        train(net(1), data, teacher=opened())


def test_recorded_answers_are_found_by_their_input_and_others_are_unknown():
    targets = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    teacher = Recorded(X[:2], targets)
    said = teacher(X[[1, 0, 5]]).softmax(1)
    assert said.tolist() == [pytest.approx(row) for row in ([0.2, 0.8], [0.9, 0.1], [0.5, 0.5])]
    with pytest.raises(ValueError, match="x and targets must hold the same batch, got 3 rows and 2 rows"):
        Recorded(X[:3], targets)


def test_softened_probabilities_are_softened_logits():
    z = torch.randn(5, 4, generator=torch.Generator().manual_seed(0)).double()
    assert torch.allclose(soften(z.softmax(1), 3.0), (z / 3).softmax(1))
    assert soften(torch.tensor([0.9, 0.1]), 2.0).tolist() == pytest.approx([0.75, 0.25])
    with pytest.raises(ValueError, match="temperature must be a finite number above 0, got 0"):
        soften(z.softmax(1), 0)
