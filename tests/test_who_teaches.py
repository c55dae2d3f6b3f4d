"""The stepping diagrams: who is moved by whose loss, as autograd would have it."""

import io

import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from kdlab.ui.panels.who_teaches import CASES, STEPS, WhoTeaches


def test_with_the_teacher_detached_each_network_is_moved_by_its_own_loss_alone():
    view = WhoTeaches()
    assert view.moved("frozen teacher") == {"teacher": [], "student": ["knowledge", "labels"]}
    assert view.moved("teacher still learning") == {"co-teacher": ["labels"], "student": ["knowledge", "labels"]}
    both = {"student": ["knowledge", "labels"], "peer": ["knowledge", "labels"]}
    assert view.moved("two peers") == both
    assert view.moved("mean of peers") == both | {"ensemble": []}


def test_what_leaks_where_nothing_is_detached_is_what_autograd_finds():
    view = WhoTeaches()
    assert view.moved("frozen teacher", stopped=False) == view.moved("frozen teacher")
    for case, teacher in (("teacher still learning", "co-teacher"), ("two peers", "peer")):
        assert "loss of student" in view.moved(case, stopped=False)[teacher]
    a, b = (torch.randn(4, 3, requires_grad=True) for _ in range(2))
    mean = torch.stack([a.softmax(1), b.softmax(1)]).mean(0)
    leak = torch.autograd.grad(F.kl_div(a.log_softmax(1), mean, reduction="batchmean"), b)[0]
    assert leak.abs().max() > 0
    assert "loss of student" in view.moved("mean of peers", stopped=False)["peer"]


@pytest.mark.parametrize("case", CASES)
def test_picture_and_sentence_are_of_what_is_set(case):
    view = WhoTeaches(case=case, step="losses", alpha=0.25)
    assert Image.open(io.BytesIO(view.picture())).format == "PNG"
    assert len(view.picture()) <= 40_000
    assert view.sentence().startswith(f"{case.capitalize()}, losses: loss of ")
    assert "0.75 · CE(labels)" in view.sentence()
    view.step, view.stopped = STEPS.index("backward"), False
    leaks = view.cases[view.case]["leaks"]
    assert ("as well" in view.sentence()) == bool(leaks) == (case != "frozen teacher")
    view.stopped = True
    assert "the gradient stops" in view.sentence()
