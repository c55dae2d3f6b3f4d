"""Methods that leave something of the teacher out, to show what it was worth."""

import pytest
import torch
from helpers import rand
from test_method_terms import exchange

from kdlab import losses, methods

LABELS, KNOWN = torch.tensor([0, 1, 2, 3, 4, 0]), torch.tensor([True, False, True, True, False, True])


def value(name, s, t, knobs=None, **more):
    (term,) = methods.get(name, **(knobs or {})).terms(exchange(s, t, **more)).values()
    return term.value


def test_a_virtual_teacher_takes_the_answer_or_the_label_where_it_is_known():
    s, t = rand(2, 6, 5)
    told = t.argmax(1)
    assert not torch.equal(told, LABELS.where(KNOWN, told))
    seen = {"labels": LABELS, "known": KNOWN}

    def made(answers):
        return losses.virtual_teacher(s, answers, sure=0.7, temperature=3.0)

    assert value("virtual-teacher", s, t, {"sure": 0.7}, **seen) == made(told)
    assert value("virtual-teacher", s, t, {"sure": 0.7, "labels": 1}, **seen) == made(LABELS.where(KNOWN, told))
    assert value("virtual-teacher", s, t, {"sure": 0.7, "labels": 1}) == made(told)
    hidden = LABELS.where(KNOWN, (LABELS + 1) % 5)  # what is behind a hidden label must not matter
    for labels in (0, 1):
        knobs = {"labels": labels}
        told_not = value("virtual-teacher", s, t, knobs, labels=hidden, known=KNOWN)
        assert told_not == value("virtual-teacher", s, t, knobs, **seen)


def test_a_virtual_teacher_has_no_dark_knowledge():
    """Whatever a teacher says below its top answer, and however sure it is of that, the made-up target is the same."""
    s, t = rand(2, 6, 5)
    other = rand(6, 5, seed=9)
    other[torch.arange(6), t.argmax(1)] = other.max() + 3
    same = [value("virtual-teacher", s, z) for z in (t, other)]
    assert same[0] == same[1]
    assert (value("soft-targets", s, t) - value("soft-targets", s, other)).abs() > 1e-3


@pytest.mark.parametrize("known", [KNOWN, ~KNOWN, torch.zeros(6, dtype=torch.bool)])
def test_class_wise_takes_the_teachers_answer_for_a_hidden_label(known):
    s, t = rand(2, 6, 5, seed=4)
    labels = torch.tensor([0, 0, 1, 1, 0, 1])
    classes = labels.where(known, t.argmax(1))
    wanted = losses.class_wise(s, t, classes, temperature=3.0)
    assert wanted > 0
    assert value("class-wise", s, t, labels=labels, known=known) == wanted
    hidden = labels.where(known, (labels + 1) % 5)
    assert value("class-wise", s, t, labels=hidden, known=known) == wanted


@pytest.mark.parametrize("sure", [0.4, 1.0])
def test_a_virtual_teacher_is_neither_at_a_loss_nor_certain(sure):
    with pytest.raises(ValueError, match=rf"^sure must be a number in \[0.5, 0.99\], got {sure}$"):
        methods.get("virtual-teacher", sure=sure)
