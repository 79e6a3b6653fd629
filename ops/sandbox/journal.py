"""What reached the sandbox, in order, in bounded memory."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections import deque
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec

from ops.sandbox.wire import Headers, Request

ITEMS = 100_000
BYTES = 256 * 1024 * 1024
RECENT = 200

# Values that open doors. Only their kind and a fingerprint are shown, enough to see whether two requests used the same.
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"})
# A signed token inside a text body: header and claims are worth reading, the signature makes it usable.
_SIGNED = re.compile(r"(eyJ[\w-]+\.eyJ[\w-]+\.)([\w-]{16,})")


class Entry(msgspec.Struct, gc=False):
    """One request as it came in, and the status it was answered with (None while open, or when dropped)."""

    seq: int
    at: float
    """Seconds since the epoch."""
    provider: str
    method: str
    path: str
    query: str
    head: bytes
    """The headers as lines: a hundred thousand lists of pairs would weigh three times as much."""
    body: bytes
    status: int | None = None
    summary: Any = None

    @property
    def headers(self) -> Headers:
        """The headers as pairs again."""
        return [(name, value) for name, _, value in (line.partition(b":") for line in self.head.split(b"\n"))]

    @property
    def size(self) -> int:
        """Roughly what the entry takes in memory."""
        return 500 + len(self.path) + len(self.head) + len(self.body)


class Journal:
    """The last `ITEMS` requests, fewer if they are large. Numbers go on rising after `forget`."""

    def __init__(self, items: int = ITEMS, size: int = BYTES) -> None:
        self._items = items
        self._room = size
        self._entries: deque[Entry] = deque()
        self._recent: dict[str, deque[Entry]] = {}
        self._seq = 0

    @property
    def seq(self) -> int:
        """The number of the newest request."""
        return self._seq

    def record(self, provider: str, request: Request) -> Entry:
        """Add a request and make room for it."""
        self._seq += 1
        head = b"\n".join([name + b":" + value for name, value in request.headers])
        entry = Entry(self._seq, time.time(), provider, request.method, request.path, request.query, head, request.body)
        self._entries.append(entry)
        self._room -= entry.size
        while self._entries and (len(self._entries) > self._items or self._room < 0):
            self._room += self._entries.popleft().size
        recent = self._recent.get(provider)
        if recent is None:
            recent = self._recent[provider] = deque(maxlen=RECENT)
        if len(recent) == RECENT:
            # Only the page reads summaries, and it shows recent ones.
            recent[0].summary = None
        recent.append(entry)
        return entry

    def sent(self, provider: str | None, since: int, limit: int | None = None) -> list[dict[str, Any]]:
        """The requests after number `since`, oldest first, as the control route shows them."""
        found = (e for e in self._entries if e.seq > since and (provider is None or e.provider == provider))
        return [_shown(entry) for entry in islice(found, limit)]

    def recent(self, provider: str) -> list[Entry]:
        """The last requests of one provider, oldest first."""
        return list(self._recent.get(provider, ()))

    def forget(self) -> None:
        """Drop every request."""
        self._room += sum(entry.size for entry in self._entries)
        self._entries.clear()
        self._recent.clear()


def timestamp(at: float) -> str:
    """Epoch seconds as RFC 3339 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fingerprint(secret: str) -> str:
    """A short name for a secret that does not give it away."""
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()[:16]


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": timestamp(entry.at),
        "provider": entry.provider,
        "method": entry.method,
        "path": f"{entry.path}?{entry.query}" if entry.query else entry.path,
        "headers": _shown_headers(entry.headers),
        "body": _shown_body(entry),
        "status": entry.status,
    }


def _shown_headers(headers: Headers) -> dict[str, str]:
    shown: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), _readable(raw_value)
        if name in _SECRET_HEADERS:
            scheme, space, secret = value.partition(" ")
            value = f"{scheme} {fingerprint(secret)}" if space else fingerprint(value)
        shown[name] = f"{shown[name]}, {value}" if name in shown else value
    return shown


def _readable(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _shown_body(entry: Entry) -> Any:
    """JSON decoded, other text as a string, anything else as base64; nothing at all as null."""
    if not entry.body:
        return None
    try:
        return msgspec.json.decode(entry.body)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        text = entry.body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(entry.body).decode()
    return _SIGNED.sub(lambda found: found[1] + fingerprint(found[2]), text)
