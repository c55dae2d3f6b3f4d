"""The base of every live view: drawing in the browser, and a still picture and a sentence for where no kernel runs."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

__all__ = ["View", "with_still"]

STATIC = files("kdlab.ui") / "static"
SHARED = ("common.js", "panels.js")
STYLES = (
    "kdlab.css", "panels.css", "wide.css", "workbench.css", "lesson.css", "classroom.css", "exits.css",
    "certainty.css", "sweep.css", "handover.css", "letters.css", "review.css",
)  # fmt: skip


def _read(names: Iterable[str]) -> str:
    return "\n".join((STATIC / name).read_text(encoding="utf-8") for name in names)


def with_still(bundle: Any, picture: bytes, sentence: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A widget's mimebundle with a still beside the live view.

    Args:
        bundle: what the widget's own ``_repr_mimebundle_`` returned: data, (data, metadata), or None.
        picture: PNG; may be empty.
        sentence: what stands for the widget in plain text; fixed, where a widget's own text has an address in it.
    """
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
    image = {"image/png": base64.b64encode(picture).decode()} if picture else {}
    alternative = {"image/png": {"alt": sentence}} if picture else {}  # nbconvert gives it to the picture
    return {**data, **image, "text/plain": sentence}, {**metadata, **alternative}


class View(anywidget.AnyWidget):
    """A live view whose output also holds a still picture and a sentence.

    A subclass names its modules, ``class Curves(View, source=("charts.js", "curves.js"))``: plain files of
    ``ui/static`` that are put one after another behind the shared ones, so that no build and no network is needed.
    The last one ends with ``export default { render({ model, el }) { … return cleanup } }``.
    """

    name = traitlets.Unicode("View", help="accessible name").tag(sync=True)

    def __init_subclass__(cls, source: str | tuple[str, ...] = (), **kwargs: Any):
        # anywidget makes a class without a source of each instance: that one keeps its parent's
        if source:
            own = (source,) if isinstance(source, str) else source
            cls._esm = _read(dict.fromkeys((*SHARED, *own)))
            cls._css = _read(STYLES)
        super().__init_subclass__(**kwargs)

    def picture(self) -> bytes:
        """A still of the view as PNG, at most 40 kB; empty where the sentence says it all."""
        return b""

    def sentence(self) -> str:
        """One line that says what the picture shows, with its numbers."""
        return f"{self.name}."

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return with_still(super()._repr_mimebundle_(**kwargs), self.picture(), self.sentence())
