"""Distillation losses: pure functions ``loss(student, teacher, **settings) -> scalar tensor``.

No gradient ever flows into ``teacher``. Temperatures and weights are arguments, never globals.
"""

from kdlab.losses.adversarial import discrimination, gradient_reversal
from kdlab.losses.channels import fsp, inter_channel
from kdlab.losses.controls import class_wise, virtual_teacher
from kdlab.losses.decoupled import dist, dkd
from kdlab.losses.feature import activation_boundary, factor_transfer, hint, vid
from kdlab.losses.maps import attention_transfer, channel_wise, hierarchical_context, nst
from kdlab.losses.relation import graph_gaps, instance_graph, rkd, rkd_angle, rkd_distance
from kdlab.losses.response import generalised_jsd, hard_targets, logit_standardization, logits_mse, soft_targets
from kdlab.losses.similarity import contrastive, correlation_congruence, pkt, similarity_preserving
from kdlab.losses.tokens import token_kl

__all__ = [
    "activation_boundary",
    "attention_transfer",
    "channel_wise",
    "class_wise",
    "contrastive",
    "correlation_congruence",
    "discrimination",
    "dist",
    "dkd",
    "factor_transfer",
    "fsp",
    "generalised_jsd",
    "gradient_reversal",
    "graph_gaps",
    "hard_targets",
    "hierarchical_context",
    "hint",
    "instance_graph",
    "inter_channel",
    "logit_standardization",
    "logits_mse",
    "nst",
    "pkt",
    "rkd",
    "rkd_angle",
    "rkd_distance",
    "similarity_preserving",
    "soft_targets",
    "token_kl",
    "vid",
    "virtual_teacher",
]
