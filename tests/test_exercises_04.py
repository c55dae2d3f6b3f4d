"""The exercise of notebook 04: right answers pass, each mistake gets its own message."""

import pytest
import torch

from kdlab.exercises import check

SEEDS = range(4)


def loop(student, teacher):
    new = {}
    for name, tensor in student.items():
        fits = name in teacher and teacher[name].shape == tensor.shape
        new[name] = teacher[name].clone() if fits else tensor.clone()
    return new


def merge(student, teacher):
    fit = {k: v.detach().clone() for k, v in teacher.items() if k in student and v.shape == student[k].shape}
    return {**student, **fit}


def all_of_it(student, teacher):
    return dict(teacher)


def by_name_alone(student, teacher):
    return {k: teacher.get(k, v).clone() for k, v in student.items()}


def nothing(student, teacher):
    return dict(student)


def shared(student, teacher):
    return {k: teacher[k] if k in teacher and teacher[k].shape == v.shape else v for k, v in student.items()}


def view_of_it(student, teacher):
    return {k: v.view_as(v) for k, v in shared(student, teacher).items()}


def turned(student, teacher):
    return {k: v.T.clone() if v.ndim == 2 and k == "stage1.weight" else v for k, v in loop(student, teacher).items()}


def in_place(student, teacher):
    for k, v in teacher.items():
        if k in student and student[k].shape == v.shape:
            student[k].copy_(v)
    return student


def updates(student, teacher):
    student.update({k: v.clone() for k, v in teacher.items() if k in student and student[k].shape == v.shape})
    return student


def spoils_the_teacher(student, teacher):
    new = loop(student, teacher)
    teacher.clear()
    return new


def bent(student, teacher):
    return {
        k: teacher[k].reshape(v.shape).clone() if k in teacher and teacher[k].numel() == v.numel() else v
        for k, v in student.items()
    }


def cut(student, teacher):
    new = loop(student, teacher)
    new["stage2.weight"] = teacher["stage2.weight"][:3].clone()
    return new


def only_what_fits(student, teacher):
    return {k: v.clone() for k, v in teacher.items() if k in student and v.shape == student[k].shape}


def weights_only(student, teacher):
    return {k: v if k.endswith("bias") else loop(student, teacher)[k] for k, v in student.items()}


def zeros(student, teacher):
    return {k: torch.zeros_like(v) for k, v in student.items()}


def blank(student, teacher):
    raise NotImplementedError


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("right", [loop, merge])
def test_right_answers_pass(right, seed):
    verdict = check("init_from_teacher", right, seed=seed)
    assert verdict, verdict


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (all_of_it, "the teacher's whole state comes back"),
        (by_name_alone, "the same name is not enough"),
        (nothing, "nothing was copied"),
        (shared, "is the teacher's own tensor and no copy"),
        (view_of_it, "is the teacher's own tensor and no copy"),
        (turned, "turned round"),
        (in_place, "it writes into the student_state"),
        (updates, "it writes into the student_state"),
        (spoils_the_teacher, "it writes into the teacher_state"),
        (bent, "was bent into the student's shape"),
        (cut, "was cut to fit"),
        (only_what_fits, "is missing: what does not fit must not be left out"),
        (weights_only, "stage1.bias was not copied"),
        (zeros, "neither the student's nor the teacher's"),
        (lambda s, t: {**loop(s, t), "head.weight": 0 * s["head.weight"]}, "though nothing fits there"),
        (lambda s, t: {**loop(s, t), "more": s["head.weight"]}, "which the student has not"),
        (lambda s, t: list(s.values()), "it must return a dict"),
        (lambda s, t: dict.fromkeys(s, 1.0), "must be a tensor"),
        (lambda s, t: None, "nothing comes back yet"),
        (blank, "nothing is written yet"),
        (lambda s, t: s["no such layer"], "raised KeyError"),
    ],
)
def test_each_mistake_gets_its_own_message(wrong, said, seed):
    verdict = check("init_from_teacher", wrong, seed=seed)
    assert not verdict
    assert said in verdict.text
