"""Who teaches whom, and when: phases of links, as plain data.

A scheme names its players; the trainer finds networks for the names:

==================  ==================================================================================================
``student``         the network that is asked for
``student:stage1``  its exit at layer ``stage1``, a small classifier of its own
``teacher``         the trained teacher, which never changes
``co-teacher``      a copy of the teacher that goes on learning
``peer``            a second student, or the assistant between teacher and student; further ones are ``peer-2`` …
``ensemble``        all students together: the mean of their answers
``average``         a moving average of the student's weights
``parent``          the student as it was when the phase began; the student starts that phase anew
``old-self``        the student as it was when the phase began; the student goes on
==================  ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from kdlab import check

SCHEMES = ("offline", "online", "self")


class Link(NamedTuple):
    """``student`` learns from ``teacher``; from the labels alone, at weight 1, where that is None."""

    student: str
    teacher: str | None


Phase = tuple[Link, ...]  # links that share every batch
Names = Sequence[str]


class Variant(NamedTuple):
    """One way to run a scheme.

    Attributes:
        phases: exit layers of the student, names of its peers, number of generations -> the phases.
        meaning: one line for the learner.
        needs_teacher: it asks for a trained teacher.
        needs_exits: it asks for layers below the student's last one.
        needs_peer: it asks for a second student; where there is a trained teacher too, it is an assistant.
        draws_anew: networks of the student's architecture are drawn, if no other is given: each layer must have
            ``reset_parameters``.
        answers_only: its teacher has no layers of its own to compare, only answers.
        needs_labels: nobody in it knows anything at first, so alpha must stay below 1.
    """

    phases: Callable[..., list[Phase]]
    meaning: str
    needs_teacher: bool = False
    needs_exits: bool = False
    needs_peer: bool = False
    draws_anew: bool = False
    answers_only: bool = False
    needs_labels: bool = False

    @property
    def needs(self) -> str:
        """What must be there, in a few words led by a comma; empty for a student alone."""
        words = {"a trained teacher": self.needs_teacher, "two hidden layers": self.needs_exits}
        found = [word for word, needed in words.items() if needed]
        return f", with {' and '.join(found)}" if found else ""


def frozen(exits: Names = (), peers: Names = (), generations: int = 2) -> list[Phase]:
    """A trained teacher, which no longer changes, teaches the student (Hinton et al. 2015, arXiv:1503.02531)."""
    return [(Link("student", "teacher"),)]


def assistant(exits: Names = (), peers: Names = ("peer",), generations: int = 2) -> list[Phase]:
    """The teacher teaches an assistant, who then teaches the student (Mirzadeh et al. 2020, arXiv:1902.03393).

    In the paper its size lies between the two. Of several the last is taught first: teacher, peer-2, peer, student.
    It does not help here: mlp-16 and conv-4 through mlp-64 or conv-8 end .1 to .9 points below students of the teacher
    itself, and .5 to 2.3 below such that learn as long as both phases (validation, eight seeds, 500 labels, T = 2).
    """
    chain = ("teacher", *reversed(peers), "student")
    return [(Link(student, teacher),) for teacher, student in pairwise(chain)]


def mutual(exits: Names = (), peers: Names = ("peer",), generations: int = 2) -> list[Phase]:
    """Students teach each other from scratch, each the mean of its losses (Zhang et al. 2018, arXiv:1706.00384)."""
    everybody = ("student", *peers)
    return [tuple(Link(one, other) for one in everybody for other in everybody if one != other)]


def ensemble(exits: Names = (), peers: Names = ("peer",), generations: int = 2) -> list[Phase]:
    """Each student learns from the mean of all students' probabilities, its own among them.

    As in KDCL (Guo et al. 2020, CVPR) and ONE (Lan et al. 2018, arXiv:1806.04606), which mean logits, ONE with learned
    weights; the mean of the *others* alone is a variant of mutual learning that its authors found weaker.
    """
    return [tuple(Link(one, "ensemble") for one in ("student", *peers))]


def co_trained(exits: Names = (), peers: Names = (), generations: int = 2) -> list[Phase]:
    """A copy of the teacher goes on learning from labels, and the student follows it step by step, in one phase."""
    return [(Link("student", "co-teacher"), Link("co-teacher", None))]


def exits(exits: Names = (), peers: Names = (), generations: int = 2) -> list[Phase]:
    """The deepest layer, taught by labels, teaches exits at shallower ones (Zhang et al. 2019, arXiv:1905.08094)."""
    return [(Link("student", None), *(Link(f"student:{layer}", "student") for layer in exits))]


def born_again(exits: Names = (), peers: Names = (), generations: int = 2) -> list[Phase]:
    """Each generation starts anew and learns from the one before (Furlanello et al. 2018, arXiv:1805.04770)."""
    return [(Link("student", None),), *[(Link("student", "parent"),)] * (generations - 1)]


def old_self(exits: Names = (), peers: Names = (), generations: int = 2) -> list[Phase]:
    """The student goes on, and a frozen copy of what it was holds it back (Li & Hoiem 2016, arXiv:1606.09282).

    On the same data it has little to say; where other classes follow (algorithm lifelong) it keeps the old ones.
    """
    return [(Link("student", None),), (Link("student", "old-self"),)]


def moving_average(exits: Names = (), peers: Names = (), generations: int = 2) -> list[Phase]:
    """The student learns from a moving average of its own weights (Tarvainen & Valpola 2017, arXiv:1703.01780).

    The paper shows the two of them differently disturbed inputs; here they differ by dropout alone, where there is any.
    """
    return [(Link("student", "average"),)]


_VARIANTS: dict[str, dict[str, Variant]] = {
    "offline": {
        "frozen": Variant(frozen, "a trained teacher teaches the student", needs_teacher=True),
        "assistant": Variant(
            assistant,
            "the teacher teaches an assistant first, who then teaches the student",
            needs_teacher=True,
            needs_peer=True,
            draws_anew=True,
        ),
    },
    "online": {
        "mutual": Variant(
            mutual, "students teach each other from scratch", needs_peer=True, draws_anew=True, needs_labels=True
        ),
        "ensemble": Variant(
            ensemble,
            "each student learns from the mean of all",
            needs_peer=True,
            draws_anew=True,
            answers_only=True,
            needs_labels=True,
        ),
        "co-trained": Variant(co_trained, "the teacher still learns while the student follows it", needs_teacher=True),
    },
    "self": {
        "exits": Variant(exits, "the student's deep layers teach its shallow ones", needs_exits=True),
        "born-again": Variant(born_again, "each generation teaches the next, which starts anew", draws_anew=True),
        "old-self": Variant(old_self, "the student goes on, taught by a frozen copy of its old self"),
        "moving-average": Variant(
            moving_average, "the student learns from a moving average of itself", needs_labels=True
        ),
    },
}


def names() -> list[str]:
    """The schemes."""
    return list(SCHEMES)


def variants(scheme: str) -> list[str]:
    """The variants of a scheme, its default first.

    Raises:
        ValueError: the scheme is unknown.
    """
    check.choice(SCHEMES, scheme=scheme)
    return list(_VARIANTS[scheme])


def get(scheme: str, variant: str | None = None) -> Variant:
    """A scheme's variant; its default where ``variant`` is None.

    Raises:
        ValueError: the scheme or the variant is unknown.
    """
    known = variants(scheme)
    if variant is None:
        variant = known[0]
    check.choice(known, scheme_variant=variant)
    return _VARIANTS[scheme][variant]
