"""Keyset pagination: a cursor holds the sort key of the last row shown, so that new rows move nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from domain.kit.errors import InvalidRequest

T = TypeVar("T")
Row = TypeVar("Row")

# Where a list by descending ids begins without a cursor: a bound that is there in every case. An index cannot be
# searched by "no bound, or this one", so a plan that is kept for both would read all that was shown before.
ABOVE_ALL_IDS = UUID(int=2**128 - 1)

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100
LONGEST_CURSOR = 512


class Page(msgspec.Struct, Generic[T]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None


def page_limit(limit: int | None) -> int:
    """How many rows a page has: 20 if not said, 1 to 100. Raises InvalidRequest outside of it."""
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidRequest(f"must lie between 1 and {LARGEST_LIMIT}", field="limit")
    return limit


def encode_cursor(*key: Any) -> str:
    """The opaque text for the sort key of a page's last row."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, shape: type[T]) -> T | None:
    """The sort key in `cursor`, of the tuple type `shape`; None for no cursor.

    Raises InvalidRequest for one that we did not make: it must never become a full scan.
    """
    if cursor is None:
        return None
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(raw, type=shape)
        for part in key if isinstance(key, tuple) else (key,):
            _check_storable(part)
        return key
    except (ValueError, OverflowError, binascii.Error, msgspec.MsgspecError):
        raise InvalidRequest("is not a cursor of this list", field="cursor") from None


def _check_storable(part: object) -> None:
    """Raise ValueError or OverflowError for what has the right type and no place in PostgreSQL."""
    if isinstance(part, str) and "\x00" in part:
        raise ValueError
    if isinstance(part, int) and not -(2**63) <= part < 2**63:
        raise ValueError
    if isinstance(part, datetime):
        part.astimezone(UTC)


def page_of(
    rows: Sequence[Row], limit: int, render: Callable[[Row], T], key: Callable[[Row], tuple[Any, ...]]
) -> Page[T]:
    """The page from up to `limit` + 1 rows: the one too many tells that there is a next page."""
    shown = rows[:limit]
    more = encode_cursor(*key(shown[-1])) if len(rows) > limit else None
    return Page(items=[render(row) for row in shown], next_cursor=more)
