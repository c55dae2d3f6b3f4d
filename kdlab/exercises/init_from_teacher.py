"""Exercise of notebook 04: the layers that a student can take from its teacher."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from kdlab.exercises.base import Asked, WrongAnswer, exercise

State = dict[str, Tensor]

# key -> (student's shape, teacher's shape): two that fit, of which one is square; a wider one, one that is turned
# round, one of as many numbers in another shape, and one on each side without a namesake.
SHAPES: dict[str, tuple[tuple[int, ...] | None, tuple[int, ...] | None]] = {
    "stage1.weight": ((4, 4), (4, 4)),
    "stage1.bias": ((4,), (4,)),
    "stage2.weight": ((3, 4), (6, 4)),
    "embedding.weight": ((5, 3), (3, 5)),
    "embedding.bias": ((6,), (2, 3)),
    "head.weight": ((2, 5), None),
    "classifier.weight": (None, (2, 5)),
}
FITTING = ("stage1.weight", "stage1.bias")


def states(random: torch.Generator) -> tuple[State, State]:
    """Fresh weights of a student and of a teacher."""

    def draw(side: int) -> State:
        return {k: torch.randn(s[side], generator=random) for k, s in SHAPES.items() if s[side] is not None}

    return draw(0), draw(1)


@exercise(
    "init_from_teacher",
    "init_from_teacher(student_state, teacher_state)",
    right="what fits is copied, the rest stays as it was drawn, and student and teacher share no memory",
    hints=(
        "Go through the student's names. For each there are two cases: the teacher has a tensor of this name and "
        "shape, or it has not.",
        "Begin with a new dict. Into it goes the teacher's tensor where name and shape fit, else the student's own. "
        "Training changes tensors in place: what happens to the teacher if both have the same one?",
        "name in teacher_state and teacher_state[name].shape == tensor.shape says whether it fits; "
        "teacher_state[name].clone() is a copy with memory of its own.",
    ),
)
def init_from_teacher(yours: Asked, random: torch.Generator) -> None:
    """Names, shapes and values; then memory, and what was given."""
    student, teacher = states(random)
    given = [{k: v.clone() for k, v in state.items()} for state in (student, teacher)]
    answer = yours(*given)
    for name, state, before in zip(("student_state", "teacher_state"), given, (student, teacher), strict=True):
        if set(state) != set(before) or not all(_same(state[k], before[k]) for k in before):
            raise WrongAnswer(f"it writes into the {name} it was given: begin with a new dict")
    _names(answer, student, teacher)
    _values(answer, student, teacher)
    for k in FITTING:
        if answer[k].untyped_storage().data_ptr() == given[1][k].untyped_storage().data_ptr():
            raise WrongAnswer(
                f"{k} is the teacher's own tensor and no copy: when the student is trained, its teacher changes too"
            )


def _same(a: Tensor, b: Tensor) -> bool:
    return isinstance(a, Tensor) and a.shape == b.shape and torch.equal(a, b)


def _names(answer: object, student: State, teacher: State) -> None:
    """It is a dict of tensors with the student's names."""
    if not isinstance(answer, Mapping):
        raise WrongAnswer(f"it must return a dict of names and tensors, got {type(answer).__name__}")
    for k, tensor in answer.items():
        if not isinstance(tensor, Tensor):
            raise WrongAnswer(f"{k!r} must be a tensor, got {type(tensor).__name__}")
    if set(answer) == set(teacher):
        raise WrongAnswer("the teacher's whole state comes back: its other layers do not fit into the student")
    if more := sorted(set(answer) - set(student)):
        raise WrongAnswer(f"it has {more[0]!r}, which the student has not: go through the student's names")
    if less := sorted(set(student) - set(answer)):
        raise WrongAnswer(
            f"{less[0]!r} is missing: what does not fit must not be left out, it stays as the student had it"
        )


def _values(answer: Mapping[str, Tensor], student: State, teacher: State) -> None:
    """What fits is the teacher's, what does not is the student's."""
    for k, own in student.items():
        if answer[k].shape != own.shape:
            raise WrongAnswer(
                f"{k} has the shape {tuple(answer[k].shape)}, the student's is {tuple(own.shape)}: the same name is "
                "not enough, the shapes must be equal too"
            )
    if all(_same(answer[k], student[k]) for k in student):
        raise WrongAnswer("nothing was copied: all values are still the student's")
    for k in FITTING:
        if _same(answer[k], student[k]):
            raise WrongAnswer(f"{k} was not copied, though name and shape fit")
        if not _same(answer[k], teacher[k]):
            turned = answer[k].ndim == 2 and _same(answer[k].T, teacher[k])
            raise WrongAnswer(
                f"{k} is the teacher's turned round: no transposing is needed, both store weights in the same order"
                if turned
                else f"{k} is neither the student's nor the teacher's: copy it as it is"
            )
    for k, own in student.items():
        if k in FITTING or _same(answer[k], own):
            continue
        if k in teacher and answer[k].numel() == teacher[k].numel():
            raise WrongAnswer(
                f"{k} was bent into the student's shape: as many numbers are not the same layer, leave it as it was"
            )
        if k in teacher:
            raise WrongAnswer(f"{k} was cut to fit: a part of a layer computes something else, leave it as it was here")
        raise WrongAnswer(f"{k} was changed, though nothing fits there: it stays as the student had it")
