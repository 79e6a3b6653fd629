"""What each way in which a call to the model can fail means (spec: providers.md 1.1, the table of errors)."""

from __future__ import annotations

import httpx2
from openai import APIConnectionError, APIStatusError

from domain.kit.providers import Answer, Outcome, retry_after_seconds

_CONFIG = frozenset({401, 402, 403, 404})
_TRANSIENT = frozenset({408, 409, 429})


class TruncatedCompletion(Exception):
    """The stream ended and the answer did not. `reason` is the provider's word for it, None if it gave none."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(reason or "truncated")
        self.reason = reason


def answer_to(error: Exception) -> tuple[Answer, bool]:
    """What to do about `error`, and whether the provider may bill the call all the same."""
    if isinstance(error, APIStatusError):
        return _by_status(error), False
    # The SDK wraps what httpx2 raises before the stream is open, and not what it raises later.
    cause = error.__cause__ if isinstance(error, APIConnectionError) else error
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Answer(Outcome.TRANSIENT, "unreachable"), False
    if isinstance(cause, TimeoutError | httpx2.TimeoutException):
        return Answer(Outcome.UNKNOWN_DELIVERY, "timeout"), True
    if isinstance(cause, httpx2.TransportError):
        return Answer(Outcome.UNKNOWN_DELIVERY, "dropped"), True
    if isinstance(error, TruncatedCompletion):
        # It will not say the same to the same words tomorrow either.
        final = error.reason == "content_filter"
        return Answer(Outcome.REJECTED if final else Outcome.TRANSIENT, error.reason or "truncated"), True
    # An error inside the stream, which has no status, or an answer that is none.
    return Answer(Outcome.TRANSIENT, "broken_stream"), True


def _by_status(error: APIStatusError) -> Answer:
    """By status and never by the body's code: 402 bears the code of a bad request."""
    status = error.status_code
    code = f"http_{status}"
    if status in _CONFIG:
        return Answer(Outcome.CONFIG, code)
    if status in _TRANSIENT or status >= 500:
        return Answer(Outcome.TRANSIENT, code, retry_after=retry_after_seconds(error.response.headers))
    return Answer(Outcome.REJECTED, code)
