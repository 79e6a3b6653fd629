"""The answers of Apple's push service, read as ours (spec: providers.md 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from domain.kit.providers import Answer, Outcome, code_word, retry_after_seconds

EXPIRED = "ExpiredProviderToken"

_TOO_MANY_TOKENS = "TooManyProviderTokenUpdates"
# The connection stays unusable until Apple forgets; sooner there is nothing to gain.
_TOO_MANY_TOKENS_SECONDS = 300.0
# 400s that are neither the token's fault nor simply ours; every other 400 is our mistake.
_OF_400 = {
    "BadDeviceToken": Outcome.QUARANTINE,
    # A wrong topic of ours would say so of every token: then the fuse keeps them (domain/push/fuse.py).
    "DeviceTokenNotForTopic": Outcome.QUARANTINE,
    "BadTopic": Outcome.CONFIG,
    "MissingTopic": Outcome.CONFIG,
    "TopicDisallowed": Outcome.CONFIG,
    "IdleTimeout": Outcome.TRANSIENT,
}


class _Body(msgspec.Struct):
    reason: str = ""
    timestamp: float | None = None


def answer_to_status(status: int, headers: Mapping[str, str], body: bytes, registered_at: datetime) -> Answer:
    """Read one HTTP answer; an error may come without a body. `registered_at` is the target's."""
    apns_id = headers.get("apns-id")
    if status == 200:
        return Answer(Outcome.OK, "OK", provider_id=apns_id)
    try:
        said = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        said = _Body()
    reason = code_word(said.reason, f"http_{status}")
    outcome = _outcome(status, reason, said.timestamp, registered_at)
    retry_after = retry_after_seconds(headers) if outcome is Outcome.TRANSIENT else None
    if reason == _TOO_MANY_TOKENS:
        retry_after = max(retry_after or 0.0, _TOO_MANY_TOKENS_SECONDS)
    return Answer(outcome, reason, provider_id=apns_id, retry_after=retry_after)


def _outcome(status: int, reason: str, timestamp: float | None, registered_at: datetime) -> Outcome:
    if status == 410:
        return Outcome.TOKEN_DEAD if _dead_since(timestamp) > registered_at.timestamp() else Outcome.QUARANTINE
    if status == 400:
        return _OF_400.get(reason, Outcome.REJECTED)
    if status in (401, 403):
        return Outcome.CONFIG
    if status >= 500 or status in (408, 429) or status < 400:
        return Outcome.TRANSIENT
    return Outcome.REJECTED


def _dead_since(timestamp: float | None) -> float:
    """Seconds since 1970 at which Apple last saw the token gone; without a time, so long ago that it proves nothing.

    Apple documents milliseconds; a number that would then lie before 1974 is taken for seconds.
    """
    if timestamp is None:
        return 0.0
    return timestamp / 1000 if timestamp > 100_000_000_000 else timestamp
