"""The left column: temperature, alpha, type, scheme, the folded rest, and the formula with its live values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from ..view import View

__all__ = ["Controls"]


class Controls(View, source=("sliders.js", "formula.js", "fields.js", "controls.js")):
    """Knobs of a distillation. A hand on a slider moves what is looked at; what is trained at follows on release.

    ``choices`` is ``{"type": {name: reason}, "scheme": {name: reason}}``: a name with a reason cannot be chosen.
    ``fields`` describes the folded part: ``{"name", "label", "kind": "choice" | "int" | "float" | "log" | "toggle" |
    "action", "options": [[value, label, reason]], "min", "max", "step", "help", "reason", "group", "folded"}``,
    ``values`` has their values; a group that is folded is closed until somebody opens it.
    ``now`` and ``ends`` are of knobs that move by themselves: where they stand, and where they go.
    ``formula`` is ``{"labels": {"weight", "value"} | None, "terms": [{"name", "symbol", "weight", "value"}], "total",
    "pull": {"labels", "teacher", "cosine"} | None}``, or empty before the first step.
    """

    name = traitlets.Unicode("Controls").tag(sync=True)
    temperature = traitlets.Float(2.0, help="trained at").tag(sync=True)
    view_temperature = traitlets.Float(2.0, help="looked at").tag(sync=True)
    locked = traitlets.Bool(True, help="both temperatures are one").tag(sync=True)
    temperature_used = traitlets.Bool(True).tag(sync=True)
    temperature_reason = traitlets.Unicode("").tag(sync=True)
    alpha = traitlets.Float(0.9, help="share of the distillation loss, in [0, 1]").tag(sync=True)
    alpha_fixed = traitlets.Float(None, allow_none=True, help="the one that is possible").tag(sync=True)
    now = traitlets.Dict().tag(sync=True)
    ends = traitlets.Dict().tag(sync=True)
    alpha_note = traitlets.Unicode("").tag(sync=True)
    type = traitlets.Unicode("response").tag(sync=True)
    scheme = traitlets.Unicode("offline").tag(sync=True)
    choices = traitlets.Dict(
        {
            "type": {"response": "", "feature": "", "relation": ""},
            "scheme": {"offline": "", "online": "", "self": ""},
        }
    ).tag(sync=True)
    fields = traitlets.List(traitlets.Dict()).tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    more = traitlets.Bool(False, help="whether the folded part is open").tag(sync=True)
    formula = traitlets.Dict().tag(sync=True)
    notice = traitlets.Unicode("").tag(sync=True)

    def on_command(self, callback: Callable[[dict[str, Any]], None]) -> None:
        """Call back with what was done, in the order in which it was.

        ``{"command": "field", "name", "value"}``, ``{"command": "turn", "knob", "value"}`` for a knob that moves by
        itself, or ``{"command": name}`` of an action.
        """
        self.on_msg(lambda _, content, __: callback(content) if isinstance(content, dict) else None)

    def sentence(self) -> str:
        """Where the four knobs stand, and the loss of the last step."""
        text = f"Temperature {self.temperature:.3g}, alpha {self.alpha:.2f}, {self.type}, {self.scheme}"
        total = self.formula.get("total")
        return f"{text}." if total is None else f"{text}; loss {total:.3f}."
