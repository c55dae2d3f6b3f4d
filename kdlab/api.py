"""Distil, compare, explain: what scripts and notebooks call."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from kdlab import prepare
from kdlab.arrangement import Teacher
from kdlab.data import Dataset
from kdlab.events import Step
from kdlab.progress import bar
from kdlab.recipe import Recipe
from kdlab.recorder import Recording
from kdlab.runs import DivergedError, Run
from kdlab.threads import one_thread
from kdlab.training import Training


def train(
    student: nn.Module | str | None = None,
    data: Dataset | str | None = None,
    *,
    teacher: Teacher | str | Sequence[str] = None,
    peer: nn.Module | str | None = None,
    recipe: Recipe | None = None,
    measure_every: int = 1,
) -> Training:
    """A distillation step by step: an iterator of events. See :class:`kdlab.training.Training` for the arguments.

    Example:
        >>> training = kdlab.train("mlp-64", "fashion-mnist", teacher="fashion-mnist-cnn")  # doctest: +SKIP
        >>> for event in training: ...  # doctest: +SKIP
    """
    recipe = named(recipe, student, data, teacher, peer)
    return Training(student, data, teacher=teacher, peer=peer, recipe=recipe, measure_every=measure_every)


def named(
    recipe: Recipe | None,
    student: nn.Module | str | None,
    data: Dataset | str | None,
    teacher: Teacher | str | Sequence[str],
    peer: nn.Module | str | None = None,
) -> Recipe:
    """The recipe with names for what was given by name, and none for what was given as an object."""
    recipe = recipe or Recipe()
    given = {"student": student, "teacher": teacher, "data": data, "peer": peer}
    return recipe.replace(**{k: _name(v) for k, v in given.items() if v is not None})


def _name(given: Any) -> str | tuple[str, ...] | None:
    """A name, or those of a list of names; None for an object."""
    if isinstance(given, (list, tuple)) and given and all(isinstance(one, str) for one in given):
        return tuple(given)
    return given if isinstance(given, str) else None


def distill(
    student: nn.Module | str | None = None,
    data: Dataset | str | None = None,
    *,
    teacher: Teacher | str | Sequence[str] = None,
    peer: nn.Module | str | None = None,
    recipe: Recipe | None = None,
    progress: bool | None = None,
    save: str | os.PathLike | None = None,
) -> Run:
    """Train a student with a teacher, to the end of the recipe; small networks on one thread, which is quicker.

    Args:
        student: a module, of which a copy is trained but for layers that are frozen in it, or a name; None: the
            recipe's.
        data: a Dataset or a name; None: the recipe's.
        teacher: a trained module or a name, or a list of them; None: the recipe's. It is never changed.
        peer: what learns beside the student online, or before it as its teacher's assistant: a module, of which a copy
            is trained, or a name; None: the recipe's, or one of the student's architecture.
        recipe: every knob; None: the defaults.
        progress: a bar; None: where somebody is looking.
        save: a new folder for the run, which is written down while it goes. The same call goes on with a run that was
            killed or stopped, and says so (but for ``progress=False``): see :class:`kdlab.Recording`.

    Returns:
        The run: student, events, metrics.

    Raises:
        ValueError: the combination cannot run, ``save`` exists, or an unfinished run there is another one; nothing has
            been trained or written then.
        DivergedError: the loss stopped being finite; its ``run`` holds what there is until then.
    """
    training = train(student, data, teacher=teacher, peer=peer, recipe=recipe)
    recording = None if save is None else Recording(training, save)
    if recording is not None and recording.resumed is not None and progress is not False:
        print(f"{save}: goes on from step {training.step:,} of {training.total:,}")
    happened = []
    with one_thread(*training.learners().values()), bar(training.total, "distilling", show=progress) as shown:
        shown.update(training.step)
        for event in training if recording is None else recording:
            happened.append(event)
            if isinstance(event, Step):
                shown.update()
    run = Run.of(training, happened) if recording is None else recording.run
    if training.diverged:
        raise DivergedError(run)
    return run


def explain(
    *,
    type: str = "response",
    scheme: str = "offline",
    algorithm: str = "standard",
    scheme_variant: str | None = None,
    method: str | None = None,
    init: str = "random",
    view: str | None = None,
    teacher_view: str | None = None,
    algorithm_knobs: Mapping[str, Any] | None = None,
    data: Dataset | None = None,
    teacher: Teacher = None,
    student: nn.Module | None = None,
    peer: nn.Module | str | None = None,
) -> str | None:
    """Why a combination cannot run, or None if it can.

    Args:
        type: what is transferred.
        scheme: who teaches whom.
        algorithm: how it is carried over.
        scheme_variant: of the scheme; None: the default.
        method: a method of that type; None: the default.
        init: the student's first weights.
        view: how the student sees the samples.
        teacher_view: how the teacher sees them.
        algorithm_knobs: the algorithm's settings.
        data: if given, layers are looked at.
        teacher: if given, it is asked whether it has what the method compares; or a list of several.
        student: the same; and whether it has the depth, and layers that can be drawn anew or taken from the teacher.
        peer: the same, where a scheme has one; a module or a name.

    Raises:
        ValueError: a name is unknown.
    """
    recipe = Recipe(
        type=type,
        scheme=scheme,
        scheme_variant=scheme_variant,
        algorithm=algorithm,
        algorithm_knobs=algorithm_knobs or {},
        method=method,
        init=init,
        view=view,
        teacher_view=teacher_view,
    )
    data = data if data is None or view is None else data.with_view(view)
    return prepare.missing(recipe, data, teacher, student, peer)
