"""The bottom line: what teacher and student are worth and what they cost."""

from __future__ import annotations

from typing import Any

import traitlets

from ..view import View

__all__ = ["Strip"]


class Strip(View, source="strip.js"):
    """Teacher beside student, at T = 1.

    Both are dicts of ``accuracy`` (a share), ``parameters``, ``bytes``, ``macs`` (multiplications with an addition,
    for one answer) and ``microseconds`` (one answer); what is None or missing is drawn as "–".
    """

    name = traitlets.Unicode("Teacher and student").tag(sync=True)
    teacher = traitlets.Dict().tag(sync=True)
    student = traitlets.Dict().tag(sync=True)

    def sentence(self) -> str:
        """Both accuracies and sizes."""
        return f"Teacher: {_facts(self.teacher)}. Student: {_facts(self.student)}."


def _facts(net: dict[str, Any]) -> str:
    accuracy, parameters = net.get("accuracy"), net.get("parameters")
    said = [f"accuracy {100 * accuracy:.1f} %"] if accuracy is not None else []
    said += [f"{parameters:,} parameters"] if parameters is not None else []
    return ", ".join(said) or "–"
