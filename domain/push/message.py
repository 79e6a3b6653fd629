"""What a push says and where it goes, before any provider's format."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
import regex

_GRAPHEME = regex.compile(r"\X")
_COLLAPSE_BYTES = 64


class PushMessage(msgspec.Struct, frozen=True):
    """One notification as the lock screen shows it; the same for each of the person's devices.

    A repeat carries the same `collapse_id`, so that a phone shows one. `expires_at` is a business instant in UTC:
    nobody wants it shown later. `badge` is the number on the app's icon, None leaves it alone.
    """

    notification_id: UUID
    title: str
    body: str
    deep_link: str
    collapse_id: str
    badge: int | None
    expires_at: datetime
    sound: str = "default"
    thread_id: str | None = None

    def __repr__(self) -> str:
        return f"PushMessage({self.notification_id})"


class Target(msgspec.Struct, frozen=True):
    """One device's address. `registered_at` is when the device last gave us this token (UTC)."""

    platform: Literal["ios", "android"]
    transport: Literal["apns", "fcm"]
    token: str
    token_kind: Literal["apns", "fid", "fcm"]
    environment: Literal["production", "development"]
    registered_at: datetime

    def __repr__(self) -> str:
        # Reprs end up in logs and tracebacks; a token must not.
        return f"Target({self.platform}, {self.transport}, {self.environment})"


def collapse_key(message: PushMessage) -> str:
    """The collapse id as it may stand in an APNs header: at most 64 bytes, visible ASCII.

    One that is longer, or has other characters, becomes its SHA-256: as distinct, and the same each time.
    """
    text = message.collapse_id
    if len(text) <= _COLLAPSE_BYTES and text.isascii() and text.isprintable() and text == text.strip():
        return text
    return hashlib.sha256(text.encode()).hexdigest()


def seconds_left(message: PushMessage, now: datetime) -> int:
    """Whole seconds for which `message` is still of use at the business instant `now`, never negative."""
    return max(0, round((message.expires_at - now).total_seconds()))


def fitted(message: PushMessage, size: Callable[[PushMessage], int], limit: int) -> PushMessage:
    """`message` with so much cut off its body, then its title, that `size` (bytes) of it is at most `limit`.

    Cuts between characters as a person sees them. Never fails; what cannot be cut stays too large.
    """
    for field in ("body", "title"):
        if size(message) <= limit:
            break
        message = _shortened(message, field, size, limit)
    return message


def _shortened(message: PushMessage, field: str, size: Callable[[PushMessage], int], limit: int) -> PushMessage:
    # A character takes a byte at least, so what lies past `limit` cannot stay anyway.
    text: str = getattr(message, field)[:limit]
    ends = [0, *(match.end() for match in _GRAPHEME.finditer(text))]

    def kept(count: int) -> PushMessage:
        return msgspec.structs.replace(message, **{field: text[: ends[count]].rstrip() + "…"})

    fit = bisect_right(range(1, len(ends)), limit, key=lambda count: size(kept(count)))
    return kept(fit)
