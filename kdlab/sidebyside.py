"""Networks of several trainings side by side in one tensor for each layer, and one optimiser step of all of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.overrides import TorchFunctionMode

from kdlab import objective
from kdlab.batches import Batch
from kdlab.cast import playing
from kdlab.events import Diverged, Step
from kdlab.methods import Method
from kdlab.methods.mix import Mix
from kdlab.training import Training

Terms = dict[str, tuple[Tensor, Tensor]]  # name -> weight and value


class Loss(nn.Module):
    """The loss of a training as a module, in which other weights can be put in the place of its own.

    Args:
        training: whose learners, players and method it uses.
    """

    def __init__(self, training: Training):
        super().__init__()
        self.learners = nn.ModuleDict(training.learners())
        self._of = (training,)  # in a tuple, which makes it no part of the module

    def forward(self, numbers: Mapping[str, Any], batches: tuple[Batch, Batch]) -> Terms:
        """The terms at one step.

        Args:
            numbers: temperature, alpha, and as ``"method.name"`` those of the method that are not its own.
            batches: transfer batch and label batch.
        """
        [training] = self._of
        own = {name.partition(".")[2]: n for name, n in numbers.items() if name.startswith("method.")}
        setup = dataclasses.replace(
            playing(training.setup, training.resting), method=with_numbers(training.setup.method, own)
        )
        recipe = SimpleNamespace(
            temperature=numbers["temperature"], alpha=numbers["alpha"], label_smoothing=training.recipe.label_smoothing
        )
        terms = objective.terms(setup, training.wires, recipe, *batches)
        return {name: (torch.as_tensor(weight, dtype=v.dtype), v) for name, (weight, v) in terms.items()}


def numbers_of(training: Training) -> dict[str, float]:
    """What may differ from one to the other at the next step, by the names that :class:`Loss` knows."""
    knobs = training.knobs
    method = {f"method.{name}": number for name, number in _settings(training.setup.method).items()}
    return {"temperature": knobs.temperature, "alpha": knobs.alpha} | method


def _settings(method: Method) -> dict[str, float]:
    """A method's knobs; those of a mix by the place of the part, ``"0.weight"``, its factor being ``"0."``."""
    if not isinstance(method, Mix):
        return {name: getattr(method, name) for name in method.knobs()}
    parts = [{"": factor} | _settings(part) for part, factor in method.parts]
    return {f"{place}.{name}": number for place, part in enumerate(parts) for name, number in part.items()}


def with_numbers(method: Method, numbers: Mapping[str, Any]) -> Method:
    """The method with some of its settings replaced, by tensors too."""
    if not isinstance(method, Mix):
        return dataclasses.replace(method, **numbers)
    parts = []
    for place, (part, factor) in enumerate(method.parts):
        own = {name.partition(".")[2]: n for name, n in numbers.items() if name.partition(".")[0] == str(place)}
        factor = own.pop("", factor)
        parts.append((with_numbers(part, own), factor))
    return Mix(tuple(parts))


class AcrossClasses(TorchFunctionMode):
    """Softmax over the classes of (batch, classes) with the batch innermost in memory: the same but for rounding.

    Of a stack there are many rows of few classes each, for which torch's way along the last axis takes several times
    as long; it is a third of the time of a step.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if (func is F.cross_entropy or func in SOFT) and 0 < len(args) <= 2 and args[0].ndim == 2:
            if func in SOFT:
                plain = (*args[1:], kwargs.get("dim"))[0] in (1, -1) and kwargs.get("dtype") is None
                return _across(SOFT[func], args[0]) if plain else func(*args, **kwargs)
            if len(args) == 2 and args[1].ndim == 1 and not kwargs.get("label_smoothing"):
                kept = {name: kwargs[name] for name in ("weight", "ignore_index", "reduction") if name in kwargs}
                return F.nll_loss(_across(torch.log_softmax, args[0]), args[1], **kept)
        return func(*args, **kwargs)


SOFT = dict.fromkeys((F.log_softmax, torch.log_softmax, Tensor.log_softmax), torch.log_softmax)
SOFT |= dict.fromkeys((F.softmax, torch.softmax, Tensor.softmax), torch.softmax)


def _across(softmax: Any, z: Tensor) -> Tensor:
    return softmax(z.t().contiguous(), 0).t()


class SideBySide:
    """Trainings whose weights, buffers and optimisers' memories are places in common tensors.

    What is seen through a training is always up to date. :meth:`part` gives it memory of its own again.

    Args:
        trainings: alike in all that :mod:`kdlab.stacked` looks at.
    """

    def __init__(self, trainings: Sequence[Training]):
        self.trainings = list(trainings)
        self._wires = [training.wires for training in trainings]
        self._losses = [Loss(training) for training in trainings]
        self._own = [dict(loss.named_parameters()) | dict(loss.named_buffers()) for loss in self._losses]
        self._weights = {name: torch.stack([own[name].detach() for own in self._own]) for name in self._own[0]}
        for place, own in enumerate(self._own):
            for name, tensor in own.items():
                tensor.data, tensor.grad = self._weights[name][place], None
        self._learned = {n: self._weights[n].requires_grad_() for n, t in self._own[0].items() if t.requires_grad}
        self._optimizer = torch.optim.Adam(self._learned.values(), fused=True)
        self._steps: dict[str, Tensor] = {}  # weight -> steps that each training's optimiser remembers
        self._recall()
        self._asked: list[Any] = []  # of whom the numbers in _split are
        self._split: tuple[dict[str, float], dict[str, Tensor]] = {}, {}

    def holds(self, training: Training) -> bool:
        """Whether it is here with the networks and adapters that it has now."""
        return any(t is training and wires is t.wires for t, wires in zip(self.trainings, self._wires, strict=True))

    def part(self, trainings: Sequence[Training]) -> None:
        """Give some of the trainings memory of their own; they must not take part in another step."""
        for training, own in zip(self.trainings, self._own, strict=True):
            if training in trainings:
                for tensor in own.values():
                    tensor.data = tensor.data.clone()
                for optimizer in training.optimizers.values():
                    for parameter, state in optimizer.state.items():
                        optimizer.state[parameter] = {name: tensor.clone() for name, tensor in state.items()}

    def take_step(self) -> list[Step | Diverged]:
        """One optimiser step of every training; one whose loss is not finite keeps its weights, and must leave."""
        first = self.trainings[0]
        if not all(module.training for module in self._losses[0].modules()):
            self._losses[0].train()
        terms = self._terms(self._weights, first.batches(first.step))
        loss = sum(weight * value for weight, value in terms.values())
        totals = loss.tolist()
        lost = [place for place, total in enumerate(totals) if not math.isfinite(total)]
        if lost:
            self.part([self.trainings[place] for place in lost])
        for weight in self._learned.values():
            weight.grad = None
        loss.sum().backward()
        self._optimizer.param_groups[0]["lr"] = first.knobs.learning_rate
        self._optimizer.step()
        self._remember()
        return self._events(terms, totals)

    def _events(self, terms: Terms, totals: list[float]) -> list[Step | Diverged]:
        """What each has done, and its place in its training moved on."""
        weights, values = (torch.stack([term[i].detach() for term in terms.values()], 1).tolist() for i in (0, 1))
        digits = round(-math.log10(torch.finfo(next(iter(terms.values()))[0].dtype).eps))
        happened: list[Step | Diverged] = []
        for training, total, weight, value in zip(self.trainings, totals, weights, values, strict=True):
            if not math.isfinite(total):
                training.diverged = True
                happened.append(Diverged(training.step + 1, str(total)))
                continue
            turning = {knob: getattr(training.knobs, knob) for knob in training.recipe.schedule}
            training.step, training.phase_step = training.step + 1, training.phase_step + 1
            rounded = [float(f"{w:.{digits}g}") for w in weight]  # 0.9, which a float32 has as 0.8999999762
            named = (dict(zip(terms, numbers, strict=True)) for numbers in (value, rounded))
            happened.append(Step(training.step, total, *named, turning))
        return happened

    def _terms(self, weights: Mapping[str, Tensor], batches: tuple[Batch, Batch]) -> Terms:
        """Terms of all, each weight and value of shape (trainings,)."""
        plain, stacked = self._numbers()

        def alone(weights: Mapping[str, Tensor], stacked: Mapping[str, Tensor]) -> Terms:
            return functional_call(self._losses[0], weights, (plain | stacked, batches))

        with AcrossClasses():
            return vmap(alone)(weights, stacked)

    def _numbers(self) -> tuple[dict[str, float], dict[str, Tensor]]:
        """Numbers that are the same for all, and those that differ as (trainings,)."""
        asked = [part for training in self.trainings for part in (training.knobs, training.setup)]
        if len(asked) != len(self._asked) or any(a is not b for a, b in zip(asked, self._asked, strict=True)):
            self._asked = asked
            table = [numbers_of(training) for training in self.trainings]
            columns = {name: [row[name] for row in table] for name in table[0]}
            kind = next(w.dtype for w in self._weights.values() if w.is_floating_point())
            differ = {name: torch.tensor(c, dtype=kind) for name, c in columns.items() if len(set(c)) > 1}
            self._split = {name: c[0] for name, c in columns.items() if name not in differ}, differ
        return self._split

    def _recall(self) -> None:
        """Take over what the trainings' optimisers remember of each weight."""
        for name, weight in self._learned.items():
            states = [
                optimizer.state[own[name]]
                for training, own in zip(self.trainings, self._own, strict=True)
                for optimizer in training.optimizers.values()
                if own[name] in optimizer.state
            ]
            if states:
                both = {moment: torch.stack([s[moment] for s in states]) for moment in ("exp_avg", "exp_avg_sq")}
                self._optimizer.state[weight] = {"step": states[0]["step"].clone()} | both
        self._remember()

    def _remember(self) -> None:
        """Let the trainings' optimisers remember the step that was taken together."""
        for name, weight in self._learned.items():
            state = self._optimizer.state.get(weight)
            if state and name in self._steps:
                self._steps[name].fill_(state["step"])
            elif state:
                steps = self._steps[name] = state["step"].repeat(len(self.trainings))
                for place, training in enumerate(self.trainings):
                    own = self._own[place][name]
                    [optimizer] = (o for o in training.optimizers.values() if own in set(o.param_groups[0]["params"]))
                    moments = {moment: state[moment][place] for moment in ("exp_avg", "exp_avg_sq")}
                    optimizer.state[own] = {"step": steps[place]} | moments

    def fault(self) -> str | None:
        """Why no step can be taken together, or None: the next one is tried out, and compared with each alone."""
        first = self.trainings[0]
        batches = first.batches(first.step)
        weights = {name: w.detach().clone() for name, w in self._weights.items()}
        for name in self._learned:
            weights[name].requires_grad_()
        try:
            terms = self._terms(weights, batches)
            sum(weight * value for weight, value in terms.values()).sum().backward()
        except Exception as error:  # a method may be anybody's
            return f"method {first.setup.method.name!r} cannot be stacked: {str(error).strip().splitlines()[0]}"
        for place, loss in enumerate(self._losses):
            one = {name: w[place].clone() for name, w in self._weights.items()}
            alone = functional_call(loss.train(), one, (numbers_of(self.trainings[place]), batches))
            for name, (weight, value) in alone.items():
                if not torch.allclose(
                    weight * value, (terms[name][0] * terms[name][1])[place], 1e-3, 1e-5, equal_nan=True
                ):
                    return f"{name} is another for a student alone"
        return None
