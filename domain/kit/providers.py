"""What every call to a provider answers, whoever the provider is, and when to leave a provider alone."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

import msgspec

_LONGEST_WAIT = 86_400.0
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}\Z")


class Outcome(StrEnum):
    """What to do about an answer (spec: providers.md 9, "One result type")."""

    OK = "ok"
    TOKEN_DEAD = "token_dead"  # noqa: S105
    """This one target is gone for good: forget it, never retry."""
    QUARANTINE = "quarantine"
    """This one target looks bad, but a wrong setting looks the same: count it, do not retry, do not delete yet."""
    REJECTED = "rejected"
    """Our request is wrong and stays wrong."""
    TRANSIENT = "transient"
    """Try again later, not before `retry_after`."""
    CONFIG = "config"
    """A key, topic or permission is wrong: a person has to look; the work is kept."""
    UNKNOWN_DELIVERY = "unknown_delivery"
    """It may have arrived: repeat it only under the same idempotency key."""


class Answer(msgspec.Struct, frozen=True):
    """How one call ended.

    `code` is a short machine word, safe to log and count: a provider's own ("UNREGISTERED") or ours ("timeout"),
    never an exception's text or a token. `retry_after` is in seconds from now.
    """

    outcome: Outcome
    code: str
    provider_id: str | None = None
    retry_after: float | None = None


def code_word(value: object, otherwise: str) -> str:
    """`value` if it is a plain word, as error codes are, else `otherwise`: a body may hold anything."""
    return value if isinstance(value, str) and _WORD.match(value) else otherwise


class _OAuthError(msgspec.Struct):
    error: str = ""


def oauth_refusal(status: int, headers: Mapping[str, str], body: bytes, *, word: str = "http") -> Answer:
    """Read the refusal of an OAuth token endpoint (RFC 6749 5.2); `word` begins the code of one that says nothing.

    5xx, 408 and 429 pass; whatever else is refused (invalid_grant, a wrong key or address) needs a person.
    """
    if status >= 500 or status in (408, 429):
        return Answer(Outcome.TRANSIENT, f"{word}_{status}", retry_after=retry_after_seconds(headers))
    try:
        error: object = msgspec.json.decode(body, type=_OAuthError).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        error = None
    return Answer(Outcome.CONFIG, code_word(error, f"{word}_{status}"))


def retry_after_seconds(headers: Mapping[str, str], *, clock: Callable[[], float] = time.time) -> float | None:
    """Seconds that a `Retry-After` header (RFC 9110 10.2.3: seconds or an HTTP date) asks for, at most one day.

    None when there is none or it makes no sense. `clock` gives real seconds since 1970.
    """
    text = (headers.get("retry-after") or headers.get("Retry-After") or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        # Without a zone it is GMT by the RFC; timestamp() would take it for local time.
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - clock()
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


class Breaker:
    """Stops calls to a provider that keeps answering CONFIG, and tries again by itself.

    After `threshold` such answers in a row it is open: calls are refused for `open_seconds`, then one is let
    through as a probe. A probe that ends in anything but CONFIG, and reached the provider, closes it; one that fails,
    or never reports, leaves it open for another `open_seconds`. Not for sharing between threads.
    """

    def __init__(
        self, name: str, *, open_seconds: float, threshold: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._open_seconds = open_seconds
        self._threshold = threshold
        self._clock = clock
        self._failures = 0
        self._next_probe: float | None = None

    @property
    def is_open(self) -> bool:
        return self._next_probe is not None

    def refusal(self) -> Answer | None:
        """The answer to give instead of calling, or None: call, and report the answer with `saw`."""
        if self._next_probe is None:
            return None
        now = self._clock()
        if now >= self._next_probe:
            self._next_probe = now + self._open_seconds
            return None
        return Answer(Outcome.TRANSIENT, "breaker_open", retry_after=self._next_probe - now)

    def saw(self, answer: Answer) -> None:
        """Learn from what a call answered. TRANSIENT and UNKNOWN_DELIVERY say nothing about the configuration."""
        if answer.outcome is Outcome.CONFIG:
            self._failures += 1
            if self._failures >= self._threshold:
                self._next_probe = self._clock() + self._open_seconds
        elif answer.outcome not in (Outcome.TRANSIENT, Outcome.UNKNOWN_DELIVERY):
            self._failures = 0
            self._next_probe = None
