"""Distillation methods: what is transferred, by name.

Each lives in one short file.
"""

from kdlab.methods.adversarial import Adversarial
from kdlab.methods.adversarial_features import AdversarialFeatures
from kdlab.methods.attention_transfer import AttentionTransfer
from kdlab.methods.base import DEFAULTS, TYPES, Method, Term, get, kind, knob, names, register
from kdlab.methods.channel_wise import ChannelWise
from kdlab.methods.class_wise import ClassWise
from kdlab.methods.contrastive import Contrastive
from kdlab.methods.correlation_congruence import CorrelationCongruence
from kdlab.methods.dist import DIST
from kdlab.methods.dkd import DKD
from kdlab.methods.factor_transfer import FactorTransfer
from kdlab.methods.gkd import GKD
from kdlab.methods.hard_targets import HardTargets
from kdlab.methods.hierarchical_context import HierarchicalContext
from kdlab.methods.hint import Hint
from kdlab.methods.instance_graph import InstanceGraph
from kdlab.methods.inter_channel import InterChannel
from kdlab.methods.logit_standardization import LogitStandardization
from kdlab.methods.logits_mse import LogitsMSE
from kdlab.methods.mix import Mix
from kdlab.methods.nst import NST
from kdlab.methods.pkt import PKT
from kdlab.methods.rkd import RKD
from kdlab.methods.similarity_preserving import SimilarityPreserving
from kdlab.methods.soft_targets import SoftTargets
from kdlab.methods.vid import VID
from kdlab.methods.virtual_teacher import VirtualTeacher

__all__ = [
    "DEFAULTS",
    "DIST",
    "DKD",
    "GKD",
    "NST",
    "PKT",
    "RKD",
    "TYPES",
    "VID",
    "Adversarial",
    "AdversarialFeatures",
    "AttentionTransfer",
    "ChannelWise",
    "ClassWise",
    "Contrastive",
    "CorrelationCongruence",
    "FactorTransfer",
    "HardTargets",
    "HierarchicalContext",
    "Hint",
    "InstanceGraph",
    "InterChannel",
    "LogitStandardization",
    "LogitsMSE",
    "Method",
    "Mix",
    "SimilarityPreserving",
    "SoftTargets",
    "Term",
    "VirtualTeacher",
    "get",
    "kind",
    "knob",
    "names",
    "register",
]
