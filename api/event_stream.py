"""Server-sent events as they go over the wire: the same words in every stream."""

from __future__ import annotations

from typing import Any

import msgspec

MEDIA_TYPE = "text/event-stream"
# Whatever stands before us must hand each event on at once.
HEADERS = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
# A comment: nothing is new, and both sides are still there.
KEEP_ALIVE = b": keep-alive\n\n"


def block(name: str, data: Any, event_id: str | None = None) -> bytes:
    """One event, `data` as a line of JSON. From an event with an id the app can go on after a break."""
    head = f"id: {event_id}\nevent: {name}\n" if event_id else f"event: {name}\n"
    return head.encode() + b"data: " + msgspec.json.encode(data) + b"\n\n"
