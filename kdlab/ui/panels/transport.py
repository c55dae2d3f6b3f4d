"""The top bar: train, pause, step, reset, pace, progress, save and open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from ..view import View

__all__ = ["COMMANDS", "Transport"]

COMMANDS = ("train", "pause", "step", "reset", "save", "open")


class Transport(View, source="transport.js"):
    """Buttons of a training, and how far it has come; while ``busy`` names what is prepared, none can be pressed."""

    name = traitlets.Unicode("Training").tag(sync=True)
    title = traitlets.Unicode("", help="student ← teacher").tag(sync=True)
    running = traitlets.Bool(False).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    seconds_left = traitlets.Float(None, allow_none=True).tag(sync=True)
    pace = traitlets.Enum(("1", "10", "100", "full"), "10", help="steps a second").tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    busy = traitlets.Unicode("").tag(sync=True)

    def on_command(self, callback: Callable[[str], None]) -> None:
        """Call ``callback`` with a name of ``COMMANDS`` whenever its button is pressed; other messages are dropped."""

        def received(_: Any, content: Any, __: Any) -> None:
            command = content.get("command") if isinstance(content, dict) else None
            if command in COMMANDS:
                callback(command)

        self.on_msg(received)

    def sentence(self) -> str:
        """What is trained and how far."""
        return f"{self.title or 'No run'}: step {self.step} of {self.total}{', running' if self.running else ''}."
