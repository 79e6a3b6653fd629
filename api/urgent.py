"""What gets through although a person's limit of requests is used up: a call for help, and words of somebody in danger.

Rule: semantics, "Anchor", Safety (a hit ignores the rate limit). A route says so with `opt=CALL` or `opt=WORDS`; each
has a reserve of its own, so that the way past the limit is no way around it, and no words use up the calls.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from litestar.types import HTTPReceiveMessage, Receive, Scope

from domain.kit.limits import Window, limiter
from domain.safety.detector import in_crisis

CALL = {"urgent": "call"}
WORDS = {"urgent": "words"}

# Requests beyond the limit that are looked at. Each look counts, so that no flood costs more than these.
_LOOKS = {kind: Window(f"urgent-{kind}", 20, 60) for kind in ("call", "words")}
_MOST_BYTES = 32 * 1024
# More than any list of triggers may hold.
_MOST_OF_A_LIST = 100


async def let_through(scope: Scope, receive: Receive, who: str) -> Receive | None:
    """Whether a request that is over the limit is urgent: what the app is to read it with, None to refuse it."""
    kind = scope["route_handler"].opt.get("urgent")
    if kind is None or not (await limiter().hit(_LOOKS[kind], who)).allowed:
        return None
    if kind == "call":
        return receive
    body = await _read(receive)
    if body is None or not any(in_crisis(text) for text in _texts(_decoded(body))):
        return None
    return _again(body, receive)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None if it is too large or its sender is gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > _MOST_BYTES:
            return None
        if not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Hands out a body that was read already, and then what comes after it."""
    waiting: list[HTTPReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return waiting.pop() if waiting else await receive()

    return replay


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _texts(value: Any) -> Iterator[str]:
    """The texts in the fields of a body, and in lists there; deeper ones are no words of a person."""
    for field in value.values() if isinstance(value, dict) else ():
        for each in field[:_MOST_OF_A_LIST] if isinstance(field, list) else (field,):
            if isinstance(each, str):
                yield each
