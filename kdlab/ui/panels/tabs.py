"""Tabs of the panels; link ``selected`` in the browser to a Stack's ``selected_index``, so that they open at once."""

from __future__ import annotations

import traitlets

from ..view import View

__all__ = ["Tabs"]


class Tabs(View, source="tabs.js"):
    """Names to choose one from, by pointer or by arrow keys."""

    name = traitlets.Unicode("Panels").tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)

    def sentence(self) -> str:
        """Which one is open."""
        found = 0 <= self.selected < len(self.names)
        return f"{self.names[self.selected]}, one of {len(self.names)} panels." if found else "No panels."
