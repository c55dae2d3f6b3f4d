"""Looking inside a network: the outputs of named layers, and which layers of two networks to compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from kdlab import check
from kdlab.knowledge import Knowledge, Pairs


def _tensor(output: object) -> Tensor | None:
    """The tensor in a layer's or a network's output: itself, its ``.logits``, or the first of several."""
    output = getattr(output, "logits", output)
    if isinstance(output, (tuple, list)) and output:
        output = output[0]
    return output if isinstance(output, Tensor) else None


def _layer(model: nn.Module, name: str) -> nn.Module:
    try:
        found = model.get_submodule(name)  # at a tenth of the time of a search in named_modules()
    except AttributeError:
        found = model
    if found is model:
        check.choice([n for n, _ in model.named_modules() if n], layer=name)
    return found


@contextmanager
def tapped(model: nn.Module, names: Iterable[str]) -> Iterator[dict[str, Tensor]]:
    """Record the outputs of named layers during a forward pass; the hooks are removed on leaving, whatever happens.

    Outputs are cloned, since an in-place activation further on would write into them.

    Args:
        model: any module.
        names: layer names as in ``model.named_modules()``.

    Yields:
        A dict that each forward pass fills: layer name -> output (batch, …), with its gradient.

    Raises:
        ValueError: a name is not a layer of the model; a near miss is suggested.
    """
    modules, seen = {name: _layer(model, name) for name in names}, {}

    def keep(name: str):
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            tensor = _tensor(output)
            if tensor is not None:
                seen[name] = tensor.clone()

        return hook

    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def observe(model: nn.Module, x: Tensor, taps: Iterable[str] = ()) -> Knowledge:
    """One forward pass: logits and the tapped layers.

    Args:
        model: maps (batch, …) to logits (batch, classes); an output with ``.logits`` or a tuple led by them serves too.
        x: inputs, (batch, …).
        taps: layer names.

    Raises:
        ValueError: a layer does not exist, or the output holds no logits of shape (batch, classes).
    """
    with tapped(model, taps) as features:
        output = model(x)
    logits = _tensor(output)
    if logits is None or logits.ndim != 2:
        got = type(output).__name__ if logits is None else f"shape {tuple(logits.shape)}"
        raise ValueError(f"model must answer logits of shape (batch, classes), got {got}")
    return Knowledge(logits, dict(features))


@contextmanager
def resting(*models: nn.Module) -> Iterator[None]:
    """In eval mode inside; the mode of every submodule is restored afterwards."""
    modes = [(module, module.training) for model in models for module in model.modules()]
    try:
        for model in models:
            model.eval()
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def frozen(*models: nn.Module) -> Iterator[None]:
    """In eval mode and without gradients inside: nothing about the models changes."""
    with resting(*models), torch.no_grad():
        yield


def layers(model: nn.Module, x: Tensor, *, nested: bool = False) -> dict[str, tuple[int, ...]]:
    """Layers that can be compared, in the order they answer: name -> shape of one sample's output.

    Found by one probe in eval mode, which changes no buffer. The layer that answers the logits is left out; of nested
    layers that answer the same tensor the outermost name stays.

    Args:
        model: any module.
        x: a few inputs, (batch, …).
        nested: list the layers within layers too, which serve as taps as well; else those of the top level only,
            unless that is a mere wrapper.
    """
    order: list[tuple[str, Tensor]] = []
    handles = [
        module.register_forward_hook(lambda _m, _i, out, name=name: order.append((name, _tensor(out))))
        for name, module in model.named_modules()
        if name
    ]
    try:
        with frozen(model):
            logits = _tensor(model(x))
    finally:
        for handle in handles:
            handle.remove()
    found: dict[str, tuple[int, ...]] = {}
    owner: dict[int, str] = {}
    for name, out in order:
        if out is None or out is logits or out.ndim < 2 or len(out) != len(x):
            continue
        inner = owner.get(id(out), "")
        if inner.startswith(name + ".") and not nested:
            found.pop(inner, None)
        owner[id(out)] = name
        found[name] = tuple(out.shape[1:])
    if nested:
        return found
    return {n: s for n, s in found.items() if "." not in n} or found


def pairing(teacher: dict[str, tuple[int, ...]], student: dict[str, tuple[int, ...]], kind: str = "any") -> Pairs:
    """The default pair of layers to compare: the last that share a name, else the last of each.

    Args:
        teacher: layers of the teacher as :func:`layers` gives them.
        student: layers of the student.
        kind: ``"map"`` for layers with a height and a width, ``"any"`` for all.

    Raises:
        ValueError: one of the two has no such layer.
    """
    usable = {"teacher": teacher, "student": student}
    if kind == "map":
        usable = {who: {n: s for n, s in found.items() if len(s) == 3} for who, found in usable.items()}
    for who, found in usable.items():
        if not found:
            raise ValueError(f"the {who} has no layer {'with feature maps ' if kind == 'map' else ''}to compare")
    common = [name for name in usable["student"] if name in usable["teacher"]]
    if common:
        return ((common[-1], common[-1]),)
    return ((list(usable["teacher"])[-1], list(usable["student"])[-1]),)
