"""From names to data and networks, and what the recipe's algorithm makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from types import NoneType

from torch import nn

from kdlab import data as datasets
from kdlab import models, schemes, taught
from kdlab.algorithms import Setup
from kdlab.data import Dataset
from kdlab.initial import trainable
from kdlab.methods import Method
from kdlab.recipe import Recipe

Teacher = nn.Module | Sequence[nn.Module] | None


def find_data(data: Dataset | str | None, recipe: Recipe) -> Dataset:
    """The data set: given or by name, with the recipe's labelled share; ``x`` as the student sees it."""
    if isinstance(data, Dataset):
        if recipe.task is not None and recipe.data is None:  # else it is the one of that name, loaded
            raise ValueError(f"task must be None for a Dataset, which has chosen its own, got {recipe.task!r}")
        return data if recipe.view is None else data.with_view(recipe.view)
    name = data or recipe.data
    if name is None:
        raise ValueError(f"data must be a Dataset or a name, got None; allowed: {', '.join(datasets.names())}")
    return datasets.load(name, labelled=recipe.labelled, pool=recipe.pool, view=recipe.view, task=recipe.task)


def find_teacher(teacher: Teacher | str | Sequence[str], recipe: Recipe) -> Teacher:
    """The trained teacher: the module, or the one that is named; a tuple of several, None where there is none."""
    found = recipe.teacher if teacher is None else teacher
    if isinstance(found, (list, tuple)):
        return tuple(_pretrained(one) if isinstance(one, str) else one for one in found)
    if not isinstance(found, (nn.Module, str, NoneType)):
        raise TypeError(f"teacher must be a trained module or a name, or several of them, got {found!r}")
    return _pretrained(found) if isinstance(found, str) else found


@lru_cache(maxsize=8)
def _pretrained(name: str) -> nn.Module:
    """One object for each name: a teacher is never changed, so what it was asked before serves again."""
    return taught.student_of(name) if taught.is_run(name) else models.pretrained(name)


def teacher_view(recipe: Recipe, teacher: Teacher) -> str | None:
    """The view that the teacher sees: the recipe's, else what a trained model says it needs; None: the student's."""
    one = teacher[0] if isinstance(teacher, (list, tuple)) and teacher else teacher
    return recipe.teacher_view or getattr(one, "sees", None)


def find_student(student: nn.Module | str | None, recipe: Recipe, data: Dataset) -> nn.Module | None:
    """A copy of the module (:func:`kdlab.initial.trainable`), or a new network of that name, its weights drawn from the
    recipe's seed.

    None where neither is given and the recipe's algorithm is to choose one.
    """
    name = recipe.student if student is None else student
    if name is None and recipe.build_algorithm().chooses_student:
        return None
    if name is None:
        raise ValueError(f"student must be a module or a name, got None; allowed: {', '.join(models.names())}")
    if isinstance(name, str):
        return models.fitting(name, data, seed=recipe.seed)
    if not isinstance(name, nn.Module):
        raise TypeError(f"student must be a module or a name, got {name!r}")
    return trainable(name)


def require_teacher(recipe: Recipe, teacher: Teacher) -> None:
    """Refuse a scheme that needs a teacher where there is none, but for labels alone (alpha 0)."""
    needed = schemes.get(recipe.scheme, recipe.scheme_variant).needs_teacher
    if needed and teacher is None and recipe.highest_alpha > 0:
        raise ValueError(
            f"teacher must be a trained module or a name for scheme {recipe.scheme!r}, got None "
            f"(allowed: {', '.join(models.pretrained_names())}; or alpha 0, to train on labels alone)"
        )


def require(recipe: Recipe, teacher: Teacher) -> None:
    """Refuse names and numbers that do not go together, whatever data and networks are."""
    require_teacher(recipe, teacher)
    reason = unfit(recipe, None)
    if reason:
        raise ValueError(reason)


def arrange(
    recipe: Recipe,
    data: Dataset | str | None = None,
    teacher: Teacher | str | Sequence[str] = None,
    student: nn.Module | str | None = None,
) -> Setup:
    """Data, teacher and student as the recipe's algorithm makes them; no players yet.

    Args:
        recipe: resolved.
        data: a data set or a name; None: the recipe's.
        teacher: a module or a name, or a list of them; None: the recipe's.
        student: a module, of which a copy is taken, or a name; None: the recipe's.

    Raises:
        ValueError: a name is unknown, or the algorithm does not go with what there is; the message says why.
    """
    data, teacher = find_data(data, recipe), find_teacher(teacher, recipe)
    net = find_student(student, recipe, data)
    require_teacher(recipe, teacher)
    setup = assemble(recipe, data, teacher, net)
    reason = unfit(recipe, setup)
    if reason:
        raise ValueError(reason)
    setup = recipe.build_algorithm()(setup)
    if not recipe.shifts:
        return setup
    train = replace(setup.data.train, shifts=recipe.shifts)
    train.ways(), train.ways(setup.teacher_view)  # for their refusal
    return replace(setup, data=replace(setup.data, train=train))


def assemble(recipe: Recipe, data: Dataset, teacher: Teacher, student: nn.Module | None) -> Setup:
    """Data and networks as they are, before the recipe's algorithm.

    Raises:
        ValueError: the data do not have the teacher's view.
    """
    view = teacher_view(recipe, teacher)
    if view is not None:
        data.train.seen(view)  # for its refusal
    return Setup(data, teacher, student, method_of(recipe, data), recipe.seed, view, dict(recipe.taps))


def method_of(recipe: Recipe, data: Dataset) -> Method:
    """The recipe's method as its algorithm aims it."""
    return recipe.build_algorithm().aim(recipe.build_method(), len(data.classes))


def unfit(recipe: Recipe, setup: Setup | None, teacher: Teacher = None) -> str | None:
    """Why the recipe's algorithm does not go with its names, or with the networks and data where they are known."""
    algorithm, method = recipe.build_algorithm(), recipe.method
    methods = [method] if isinstance(method, str) else list(method)
    reason = algorithm.refuses(methods, recipe.scheme, recipe.scheme_variant, recipe.highest_alpha)
    reason = reason or _needs_labels(recipe)
    if (
        reason is None
        and isinstance(teacher if setup is None else setup.teacher, (list, tuple))
        and not algorithm.several
    ):
        return f"teacher must be one network for algorithm {algorithm.name!r}, got a list; allowed: 'multi-teacher'"
    return reason or (None if setup is None else algorithm.lacks(setup))


def _needs_labels(recipe: Recipe) -> str | None:
    """Which knob asks for labels that the recipe's algorithm does not have."""
    knobs = {"fine_tune": recipe.fine_tune, "late": recipe.late, "a schedule of alpha": recipe.schedule.get("alpha")}
    given = {name: value for name, value in knobs.items() if value}
    if recipe.build_algorithm().fixes_alpha is None or not given:
        return None
    name, value = next(iter(given.items()))
    return f"{name} must be left out for algorithm {recipe.algorithm!r}, since it has no labels, got {value}"


def one_teacher(recipe: Recipe, data: Dataset | None, teacher: Teacher) -> nn.Module | None:
    """What the recipe's algorithm makes of several teachers; None where that needs data that are not there."""
    if not isinstance(teacher, (list, tuple)):
        return teacher
    return None if data is None else recipe.build_algorithm()(assemble(recipe, data, teacher, None)).teacher
