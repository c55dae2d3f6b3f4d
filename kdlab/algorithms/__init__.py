"""How knowledge is carried over: one short file for each algorithm, all known by name."""

from kdlab.algorithms.standard import Standard  # isort: skip  # the order of lists: the default first
from kdlab.algorithms.multi_teacher import MultiTeacher  # isort: skip
from kdlab.algorithms.adversarial import Adversarial  # isort: skip
from kdlab.algorithms.graph_based import GraphBased  # isort: skip
from kdlab.algorithms.cross_modal import CrossModal  # isort: skip
from kdlab.algorithms.attention_based import AttentionBased  # isort: skip
from kdlab.algorithms.data_free import DataFree  # isort: skip
from kdlab.algorithms.quantised import Quantised  # isort: skip
from kdlab.algorithms.lifelong import Lifelong  # isort: skip
from kdlab.algorithms.nas_based import NasBased  # isort: skip
from kdlab.algorithms.base import Algorithm, Setup, get, kind, names, option, register

__all__ = [
    "Adversarial",
    "Algorithm",
    "AttentionBased",
    "CrossModal",
    "DataFree",
    "GraphBased",
    "Lifelong",
    "MultiTeacher",
    "NasBased",
    "Quantised",
    "Setup",
    "Standard",
    "get",
    "kind",
    "names",
    "option",
    "register",
]
