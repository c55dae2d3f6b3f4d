"""What every loss owes, as checks that the tests of the three types run over their tables."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Side = tuple[Tensor, ...]  # what a loss takes of one network: one tensor, or several


@dataclass(frozen=True)
class Case:
    """A loss with its settings, its reference, and the shapes it takes."""

    name: str
    loss: Callable[..., Tensor]
    reference: Callable[..., float]
    student: tuple[tuple[int, ...], ...]  # shapes of one sample
    teacher: tuple[tuple[int, ...], ...]
    zero: bool = True  # 0 for equal networks
    per_sample: bool = True  # the loss of a batch is the mean of the losses of its samples

    def __str__(self):
        return self.name

    def inputs(self, batch=5, seed=0, dtype=torch.float64) -> tuple[Side, Side]:
        made = torch.Generator().manual_seed(seed)
        return tuple(
            tuple(1.5 * torch.randn(batch, *shape, generator=made, dtype=dtype) for shape in shapes)
            for shapes in (self.student, self.teacher)
        )

    def __call__(self, student: Side, teacher: Side, **settings) -> Tensor:
        return self.loss(*bare(student, teacher), **settings)


def bare(*sides: Side) -> list:
    return [side[0] if len(side) == 1 else side for side in sides]


def gradients(case: Case, student: Side, teacher: Side) -> tuple[Tensor, list[Tensor]]:
    student = tuple(s.detach().clone().requires_grad_() for s in student)
    value = case(student, teacher)
    found = torch.autograd.grad(value, student, allow_unused=True)
    return value.detach(), [torch.zeros_like(s) if g is None else g for s, g in zip(student, found, strict=True)]


def check_reference(case: Case):
    for batch, seed in ((5, 0), (3, 1), (1, 2)):
        student, teacher = case.inputs(batch, seed)
        expected = case.reference(*bare(*(tuple(f.numpy() for f in side) for side in (student, teacher))))
        value = case(student, teacher)
        assert value.shape == ()
        assert value.dtype == torch.float64
        assert abs(value.item() - expected) <= 1e-6 * max(1e-3, abs(expected)), (batch, value.item(), expected)


def check_float32(case: Case):
    student, teacher = case.inputs()
    value = case(*(tuple(f.float() for f in side) for side in (student, teacher)))
    assert value.dtype == torch.float32
    torch.testing.assert_close(value.double(), case(student, teacher), rtol=1e-4, atol=1e-6)


def check_finite_differences(case: Case):
    student, teacher = case.inputs(batch=4)
    student = tuple(s.requires_grad_() for s in student)
    assert torch.autograd.gradcheck(lambda *s: case(s, teacher), student)


def check_zero(case: Case):
    _, same = case.inputs()
    value, found = gradients(case, same, same)
    assert abs(value.item()) < 1e-12
    assert all(g.abs().max() < 1e-7 for g in found)  # the minimum


def check_teacher_untouched(case: Case):
    student, teacher = case.inputs()
    teacher = tuple(t.requires_grad_() for t in teacher)
    student = tuple(s.requires_grad_() for s in student)
    case(student, teacher).backward()
    assert all(t.grad is None for t in teacher)
    assert any(s.grad is not None and s.grad.abs().max() > 0 for s in student)


def check_hostile_values(case: Case):
    """Batches of one and two, saturated, silent and coinciding inputs, in float32."""
    for batch in (1, 2, 5):
        student, teacher = case.inputs(batch, dtype=torch.float32)
        variants = {
            "plain": (student, teacher),
            "saturated student": (tuple(1e4 * s for s in student), teacher),
            "saturated teacher": (student, tuple(1e4 * t for t in teacher)),
            "both saturated": (tuple(1e4 * s for s in student), tuple(-1e4 * t for t in teacher)),
            "silent student": (tuple(0 * s for s in student), teacher),
            "silent teacher": (student, tuple(0 * t for t in teacher)),
            "equal samples": (tuple(s[:1].expand_as(s) for s in student), teacher),
            "constant student": (tuple(0 * s + 0.1 for s in student), teacher),
        }
        for name, (s, t) in variants.items():
            value, found = gradients(case, s, t)
            assert value.isfinite(), (batch, name)
            assert all(g.isfinite().all() for g in found), (batch, name)
            if "saturated" not in name:  # a silent unit must not blow the step up
                assert all(g.abs().max() < 1e4 for g in found), (batch, name)


def check_batch_order(case: Case):
    """Samples may come in any order, as long as it is the same on both sides."""
    student, teacher = case.inputs(6)
    mixed = [tuple(f[[3, 0, 5, 1, 4, 2]] for f in side) for side in (student, teacher)]
    torch.testing.assert_close(case(*mixed), case(student, teacher))
    assert not torch.isclose(case(mixed[0], teacher), case(student, teacher), rtol=1e-3), "samples are not paired"


def check_mean_of_samples(case: Case):
    """A mean over samples does not depend on how they are cut into batches; a loss of relations does."""
    student, teacher = case.inputs(6)
    whole = case(student, teacher)
    parts = [case(*(tuple(f[i : i + 2] for f in side) for side in (student, teacher))) for i in (0, 2, 4)]
    assert torch.isclose(torch.stack(parts).mean(), whole) == case.per_sample


def check_stacked(case: Case):
    """Under vmap, three students at once are what they are one by one, and so are their gradients."""
    students, teacher = zip(*(case.inputs(seed=n)[0] for n in range(3)), strict=True), case.inputs()[1]
    stack = tuple(torch.stack(each) for each in students)
    value_and_grad = torch.func.vmap(torch.func.grad_and_value(lambda s: case(s, teacher)))
    found, values = value_and_grad(stack)
    for n in range(3):
        value, single = gradients(case, tuple(s[n] for s in stack), teacher)
        torch.testing.assert_close(values[n], value)
        for g, h in zip(found, single, strict=True):
            torch.testing.assert_close(g[n], h)


CHECKS = (
    check_reference,
    check_float32,
    check_finite_differences,
    check_teacher_untouched,
    check_hostile_values,
    check_batch_order,
    check_mean_of_samples,
    check_stacked,
)


def check_invariance(case: Case, change: Callable[[Tensor], Tensor], *, unseen: bool):
    """What is done to all that the student gives is seen by the loss, or it is not."""
    student, teacher = case.inputs(6)
    value = case(tuple(change(s) for s in student), teacher)
    assert torch.isclose(value, case(student, teacher), rtol=1e-6) == unseen


def rotation(width: int) -> Tensor:
    made = torch.Generator().manual_seed(7)
    return torch.linalg.qr(torch.randn(width, width, generator=made, dtype=torch.float64)).Q


def shuffled(dim: int) -> Callable[[Tensor], Tensor]:
    """Units along ``dim`` in another order."""
    return lambda f: f.roll(1, dim)
