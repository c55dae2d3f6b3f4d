"""The weights that a network starts with: drawn anew, or taken from another network's layers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

RANDOM, TEACHER = "random", "teacher"
Made = TypeVar("Made")


def seeded(seed: int, make: Callable[[], Made]) -> Made:
    """``make()`` with torch's random state set by ``seed``; the caller's is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def trainable(net: nn.Module) -> nn.Module:
    """A copy that can be trained. Layers that are frozen in a network stay so; one that is frozen as a whole, as a
    teacher may be, learns with all its layers."""
    made = copy.deepcopy(net)
    return made if any(p.requires_grad for p in made.parameters()) else made.requires_grad_(True)


def undrawable(net: nn.Module) -> str | None:
    """The first layer whose weights cannot be drawn anew, as ``"Scale at 'stage1'"``; None where all can."""
    for name, module in net.named_modules():
        if next(module.parameters(recurse=False), None) is not None and not hasattr(module, "reset_parameters"):
            return f"{type(module).__name__} at {name!r}"
    return None


def another(net: nn.Module, seed: int) -> nn.Module:
    """A network of the same architecture with new weights.

    Raises:
        ValueError: a module with parameters of its own has no ``reset_parameters``.
    """
    stuck = undrawable(net)
    if stuck:
        raise ValueError(f"student must have reset_parameters in every layer to be drawn anew, {stuck} has none")
    twin = copy.deepcopy(net)

    def reset() -> None:
        for module in twin.modules():
            if next(module.parameters(recurse=False), None) is not None:
                module.reset_parameters()

    seeded(seed, reset)
    return twin


def source(init: str, teacher: nn.Module | None) -> Mapping[str, Tensor]:
    """The weights that ``init`` speaks of: none for ``"random"``, the teacher's, or those of a saved run's student.

    Raises:
        ValueError: there is no teacher, or the folder holds no saved run.
    """
    if init == RANDOM:
        return {}
    if init == TEACHER:
        if teacher is None:
            raise ValueError("init 'teacher' needs a teacher, got None")
        return teacher.state_dict()
    path = Path(init) / "student.safetensors"
    if not path.is_file():
        raise ValueError(
            f"init must be {RANDOM!r}, {TEACHER!r} or the folder of a saved run, got {init!r}, which has no {path.name}"
        )
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"init must be the folder of a saved run, {str(path)!r} cannot be read: {error}") from None


def fitting(net: nn.Module, weights: Mapping[str, Tensor]) -> list[str]:
    """Layers all of whose weights and buffers are among ``weights``, by the same names and of the same shapes."""
    layers: dict[str, list[bool]] = {}
    for key, tensor in net.state_dict().items():
        fits = key in weights and weights[key].shape == tensor.shape
        layers.setdefault(key.rpartition(".")[0], []).append(fits)
    return [layer for layer, fits in layers.items() if all(fits)]


def start(net: nn.Module, init: str, teacher: nn.Module | None) -> list[str]:
    """Copy into a network the layers that fit; the others stay as they were drawn.

    Args:
        net: the student; changed in place.
        init: ``"random"`` (nothing is copied), ``"teacher"`` or the folder of a saved run.
        teacher: whose layers are taken for ``"teacher"``.

    Returns:
        Names of the layers that were copied.

    Raises:
        ValueError: no layer fits, or there is nothing to take layers from.
    """
    weights = source(init, teacher)
    layers = fitting(net, weights)
    if init != RANDOM and not layers:
        raise ValueError(
            f"init must fit the student, got {init!r}: none of its layers ({_shapes(net.state_dict())}) "
            f"has a namesake of its shape there ({_shapes(weights)})"
        )
    with torch.no_grad():
        for key, tensor in net.state_dict(keep_vars=True).items():
            if key.rpartition(".")[0] in layers:
                tensor.copy_(weights[key])
    return layers


def _shapes(weights: Mapping[str, Tensor]) -> str:
    """``"head 10×64, …"`` of all matrices and kernels."""
    return ", ".join(
        f"{key.rpartition('.')[0]} {'×'.join(map(str, tensor.shape))}"
        for key, tensor in weights.items()
        if tensor.ndim > 1
    )
