"""A table of trials as a file: CSV, and Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

PIP = "pip install 'kdlab[parquet]'"
TEXTS, WHOLE = ("status", "reason"), ("seed", "steps")
NUMBERS = ("validation_", "test_", "seconds")  # beginnings of the columns that hold numbers, or nothing


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV, numbers in full; an empty field is None."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def parquet_bytes(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as a Parquet file; a knob that holds texts and numbers becomes one of texts, since a column is of one kind.

    Raises:
        ImportError: pyarrow is not installed; the message says how to get it.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(f"Parquet needs pyarrow, which is not installed: {PIP}") from error
    kinds = dict.fromkeys(TEXTS, pyarrow.string()) | dict.fromkeys(WHOLE, pyarrow.int64())
    held = {}
    for name in columns:
        values = [row[name] for row in rows]
        if len({isinstance(value, str) for value in values if value is not None}) > 1:
            values = [None if value is None else str(value) for value in values]
        number = pyarrow.float64() if name.startswith(NUMBERS) else None
        held[name] = pyarrow.array(values, kinds.get(name, number))
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(held), file)
    return file.getvalue()


def plain(value: Any) -> Any:
    """A value as a field of a table: what is no number, name or truth is written as JSON."""
    return value if value is None or isinstance(value, (bool, int, float, str)) else json.dumps(value)
