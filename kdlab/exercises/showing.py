"""The package's own source, for reading in class."""

from __future__ import annotations

import ast
import inspect
import textwrap
from html import escape
from types import FunctionType
from typing import Any


class Source(str):
    """A piece of code, shown as it is written."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f'<pre style="font-family:monospace">{escape(self)}</pre>'


def source(thing: Any, *, docstring: bool = False) -> Source:
    """The source of a function or class of the package, with the name of its file.

    Args:
        thing: a function, method or class.
        docstring: with the docstring of the function; without, only what it does is left.
    """
    text = textwrap.dedent(inspect.getsource(thing))
    if not docstring and isinstance(thing, FunctionType):
        node = ast.parse(text).body[0]
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            lines = text.splitlines()
            text = "\n".join(lines[: first.lineno - 1] + lines[first.end_lineno :])
    file = inspect.getmodule(thing).__name__.replace(".", "/") + ".py"
    return Source(f"# {file}\n{text.strip()}")
