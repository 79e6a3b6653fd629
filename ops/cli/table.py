"""Rows as text columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any


def print_table(head: Sequence[str], rows: Sequence[Sequence[Any]], *, nothing: str) -> None:
    """Print `rows` under `head`, aligned; `nothing` if there are none."""
    if not rows:
        print(nothing)
        return
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max(len(head[i]), *(len(row[i]) for row in texts)) for i in range(len(head))]
    for row in [list(head), *texts]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value)
