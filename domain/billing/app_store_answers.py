"""The App Store's refusals read as ours (spec: providers.md 7.1, 9)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import httpx2
import msgspec

from domain.kit.providers import Answer, Outcome, retry_after_seconds

# Apple's own word is that the same question may be answered later.
_LATER = frozenset({4040002, 4040004, 4040006, 4290000, 5000000, 5000001})
# Our app, as we named it, is not one that our key is for: no fault of the purchase.
_OURS = frozenset({4000002, 4040003})
# Apple's Retry-After is an instant in milliseconds; nobody waits for so many seconds.
_LEAST_MILLIS = 10**11
_LONGEST_WAIT = 86_400.0


class _Refusal(msgspec.Struct, rename="camel"):
    error_code: int = 0


def answer_to_refusal(response: httpx2.Response) -> Answer:
    """Read an answer that is no success."""
    status, number = response.status_code, _number(response.content)
    code = f"apple_{number}" if number else f"http_{status}"
    if status in (401, 403) or number in _OURS:
        return Answer(Outcome.CONFIG, code)
    if number in _LATER or status >= 500 or status in (408, 409, 429) or status < 400:
        return Answer(Outcome.TRANSIENT, code, retry_after=retry_after(response.headers))
    if not number and status in (404, 405):
        # Apple says what it did not find. This is somebody else, at an address that is wrong.
        return Answer(Outcome.CONFIG, code)
    return Answer(Outcome.REJECTED, code)


def retry_after(headers: Mapping[str, str], *, clock: Callable[[], float] = time.time) -> float | None:
    """Seconds to wait by Apple's `Retry-After`, at most a day. `clock` gives real seconds since 1970."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal() and int(text) >= _LEAST_MILLIS:
        return min(max(int(text) / 1000 - clock(), 0.0), _LONGEST_WAIT)
    return retry_after_seconds(headers, clock=clock)


def _number(body: bytes) -> int:
    try:
        return msgspec.json.decode(body, type=_Refusal).error_code
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
