"""Small named networks for 28 × 28 images and for words, and the trained teacher that ships.

Every network is a ``Sequential`` of stages that carry the same names, so that layers of teacher and student can be
told by name: ``stage1`` and ``stage2`` answer feature maps (B, channels, H, W), ``embedding`` a vector (B, D),
``head`` the logits (B, classes). The multi-layer perceptrons have no maps.

=========  ==================  ==================  =========  ==========
name       stage1              stage2              embedding  parameters
=========  ==================  ==================  =========  ==========
cnn        (B, 16, 14, 14)     (B, 32, 7, 7)       (B, 128)   206,922
cnn-half   (B, 16, 14, 14)     (B, 16, 7, 7)       (B, 64)    53,370
conv-8     (B, 8, 14, 14)      (B, 16, 7, 7)       (B, 784)   9,098
conv-4     (B, 4, 14, 14)      (B, 8, 7, 7)        (B, 392)   4,266
mlp-64     –                   –                   (B, 64)    50,890
mlp-32     –                   –                   (B, 32)    25,450
mlp-16     –                   –                   (B, 16)    12,730
=========  ==================  ==================  =========  ==========

(for 10 classes; ``cnn`` is the teacher's architecture)

Perceptrons and stacks of convolutions can be had in any width and depth up to four layers: ``mlp-24``, ``mlp-64-32``
with two hidden layers, ``conv-6``, ``conv-4-8-16`` with three convolutions.

For words, seen as a vector of D numbers (``FOR_WORDS``; parameters for 10 classes):

============  =========  ============================================================  ===============
name          embedding  what it is                                                    parameters
============  =========  ============================================================  ===============
linear        (B, D)     one layer on all that it sees: a probe of an embedding        10 D + 10
bag-of-words  (B, 16)    a vector for each word, summed, then the classifier           16 D + 170
spelling-mlp  (B, 32)    two hidden layers, of which ``stage1`` is (B, 64)             64 D + 2,474
gcn           (B, 32)    a graph network: sees the glosses around a node               32 D + 362
============  =========  ============================================================  ===============
"""

from __future__ import annotations

import json
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load
from torch import nn

from kdlab import check, registry
from kdlab.graphs import Graph, Neighbourhood

if TYPE_CHECKING:
    from kdlab.data import Dataset

__all__ = ["build", "card", "fitting", "known", "names", "pretrained", "pretrained_names"]

Size = tuple[int, ...]


def _mlp(classes: int, size: Size, *, widths: Sequence[int]) -> nn.Sequential:
    """Hidden layers; with two or more of them it can answer early."""
    stages, seen = OrderedDict(), math.prod(size)
    for place, width in enumerate(widths, 1):
        flat = [nn.Flatten()] if place == 1 else []
        name = f"stage{place}" if place < len(widths) else "embedding"
        stages[name] = nn.Sequential(*flat, nn.Linear(seen, width), nn.ReLU())
        seen = width
    return nn.Sequential(OrderedDict(**stages, head=nn.Linear(seen, classes)))


def _linear(classes: int, size: Size) -> nn.Sequential:
    """The classifier alone."""
    return nn.Sequential(OrderedDict(embedding=nn.Flatten(), head=nn.Linear(math.prod(size), classes)))


def _words(classes: int, size: Size, *, width: int) -> nn.Sequential:
    """The sum of a text's word vectors, as in Joulin et al. 2017 (arXiv:1607.01759), and the classifier."""
    embedding = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(size), width, bias=False))
    return nn.Sequential(OrderedDict(embedding=embedding, head=nn.Linear(width, classes)))


def _conv(classes: int, size: Size, *, widths: Sequence[int]) -> nn.Sequential:
    """Convolutions of stride 2, then the classifier on all that they see; after a single width one of twice as many."""
    seen, height, length = _map_size(size)
    stages = OrderedDict()
    for place, width in enumerate(widths if len(widths) > 1 else (widths[0], 2 * widths[0]), 1):
        stages[f"stage{place}"] = nn.Sequential(nn.Conv2d(seen, width, 3, stride=2, padding=1), nn.ReLU())
        seen, height, length = width, math.ceil(height / 2), math.ceil(length / 2)
    return nn.Sequential(OrderedDict(**stages, embedding=nn.Flatten(), head=nn.Linear(seen * height * length, classes)))


def _cnn(classes: int, size: Size, *, widths: tuple[int, int], embedding: int) -> nn.Sequential:
    """Two convolutions, each halved by pooling, and a hidden layer."""
    channels, height, length = _map_size(size)
    first, second = widths
    wide = second * (height // 4) * (length // 4)
    return nn.Sequential(
        OrderedDict(
            stage1=nn.Sequential(nn.Conv2d(channels, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            stage2=nn.Sequential(nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            embedding=nn.Sequential(nn.Flatten(), nn.Linear(wide, embedding), nn.ReLU()),
            head=nn.Linear(embedding, classes),
        )
    )


def _gcn(classes: int, graph: Graph) -> nn.Sequential:
    """A graph convolutional network of two layers."""
    return nn.Sequential(OrderedDict(embedding=Neighbourhood(graph, 32), head=nn.Linear(32, classes)))


ARCHITECTURES: dict[str, Callable[[int, Size], nn.Sequential]] = {
    "mlp-16": partial(_mlp, widths=(16,)),
    "mlp-32": partial(_mlp, widths=(32,)),
    "mlp-64": partial(_mlp, widths=(64,)),
    "conv-4": partial(_conv, widths=(4,)),
    "conv-8": partial(_conv, widths=(8,)),
    "cnn-half": partial(_cnn, widths=(16, 16), embedding=64),
    "cnn": partial(_cnn, widths=(16, 32), embedding=128),
    "linear": _linear,
    "bag-of-words": partial(_words, width=16),
    "spelling-mlp": partial(_mlp, widths=(64, 32)),
}
FAMILIES = {"mlp": _mlp, "conv": _conv}  # to be had in other widths than those listed
OTHER_WIDTHS = re.compile(r"(mlp|conv)((?:-[1-9][0-9]{0,3}){1,4})")
GRAPH = "gcn"  # sees nodes of a graph
FOR_WORDS = ("linear", "bag-of-words", "spelling-mlp")


def names() -> list[str]:
    """The networks that :func:`build` knows, but for other widths of ``mlp`` and ``conv``."""
    return [*ARCHITECTURES, GRAPH]


def known(**given: str) -> None:
    """Each value is the name of a network that :func:`build` knows.

    Raises:
        ValueError: it is not; a near miss is suggested.
    """
    for argument, name in given.items():
        if not OTHER_WIDTHS.fullmatch(name):
            try:
                check.choice(names(), **{argument: name})
            except ValueError as error:
                raise ValueError(f"{error} (or other widths, such as 'mlp-24', 'mlp-64-32', 'conv-6')") from None


def _maker(name: str) -> Callable[[int, Size], nn.Sequential]:
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    family, widths = OTHER_WIDTHS.fullmatch(name).groups()
    return partial(FAMILIES[family], widths=[int(width) for width in widths.split("-")[1:]])


def build(
    name: str, seed: int = 0, classes: int = 10, size: Size = (1, 28, 28), graph: Graph | None = None
) -> nn.Sequential:
    """A new, untrained network.

    Args:
        name: one of :func:`names`, or other widths of ``mlp`` and ``conv``, up to four of at most 9,999.
        seed: of the initial weights, which depend on nothing else; the global random state stays as it was.
        classes: width of the answer, at least 1.
        size: shape of one input; (channels, H, W) with H, W ≥ 4 for networks with convolutions.
        graph: what a graph network works on.

    Raises:
        ValueError: the name is unknown, a number is out of range, or a graph network has no graph.
    """
    known(name=name)
    if name == GRAPH and graph is None:
        raise ValueError(
            f"graph must be given for {GRAPH!r}, got None: it needs data with edges, such as wordnet-topics"
        )
    check.whole(0, seed=seed)
    check.whole(1, classes=classes, **{f"size[{i}]": n for i, n in enumerate(size)})
    with torch.random.fork_rng(devices=[]):  # the CPU's state only, and only the CPU is seeded
        torch.default_generator.manual_seed(seed)
        return _gcn(classes, graph) if name == GRAPH else _maker(name)(classes, tuple(size))


def fitting(name: str, data: Dataset, *, seed: int = 0, view: str | None = None) -> nn.Sequential:
    """A new, untrained network for a data set.

    Args:
        name: as :func:`build` takes it.
        data: whose samples it sees and whose classes it answers.
        seed: of the initial weights.
        view: in which it sees them; None: the data's ``x``.
    """
    size = tuple(data.train.seen(view).shape[1:])
    return build(name, seed, len(data.classes), size, data.graph if name == GRAPH else None)


def pretrained_names() -> list[str]:
    """The trained models that :func:`pretrained` knows."""
    return [Path(file).stem for file in registry.entries() if file.endswith(".safetensors") and "/" not in file]


def pretrained(name: str) -> nn.Sequential:
    """A trained model that ships, verified by its sha256; a new copy at every call.

    It is in eval mode; its parameters can be trained, as a co-trained teacher's must be. One that needs another view
    than the data's first says so in its attribute ``sees``.

    Args:
        name: one of :func:`pretrained_names`.

    Raises:
        ValueError: the name is unknown, or the file's sha256 is not the registered one.
        FileNotFoundError: the file is missing.
    """
    content = _content(name)
    told, graph = _card(content), None
    if told["architecture"] == GRAPH:
        from kdlab import data

        graph = data.load(told["data"]).graph
    model = build(told["architecture"], classes=told["classes"], size=tuple(told["size"]), graph=graph)
    model.load_state_dict(load(content))
    if "sees" in told:
        model.sees = told["sees"]
    return model.eval()


def card(name: str) -> dict:
    """What a trained model's file says of itself: architecture, training data, accuracies, the command."""
    return _card(_content(name))


def _content(name: str) -> bytes:
    check.choice(pretrained_names(), name=name)
    return registry.read(f"{name}.safetensors")


def _card(content: bytes) -> dict:
    """The JSON under ``card`` in a safetensors header: one key, since the order of several would not be kept."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["card"])


def _map_size(size: Size) -> Size:
    if len(size) != 3 or min(size[1:]) < 4:
        raise ValueError(f"size must be (channels, H, W) with H, W ≥ 4 for a network with convolutions, got {size}")
    return size
