"""FCM's answers, as firebase-admin hands them over, read as ours (spec: providers.md 2.1).

Its exception classes are too coarse (a malformed token and our own mistake are the same one), so the status and body of
the HTTP response decide; their classes only when there was no response.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from domain.kit.providers import Answer, Outcome, code_word, retry_after_seconds

# 401 without FCM's own detail: the access token was refused, not the push.
UNAUTHENTICATED = "UNAUTHENTICATED"

_OTHER_SENDER = "SENDER_ID_MISMATCH"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_TOKEN_FIELDS = frozenset({"message.token", "message.fid"})
# Without Retry-After a used-up quota is to be left alone for a minute at least (Firebase, "Scale FCM").
_QUOTA_SECONDS = 60.0


def answer_to_response(response: Any) -> Answer:
    """Read firebase-admin's `SendResponse`."""
    if response.exception is not None:
        return answer_to_error(response.exception)
    if not response.message_id:
        return Answer(Outcome.UNKNOWN_DELIVERY, "no_message_id")
    return Answer(Outcome.OK, "OK", provider_id=response.message_id)


def answer_to_error(error: BaseException) -> Answer:
    """Read a `FirebaseError`, of one message or of the batch of one."""
    response = _http_response(error)
    if response is not None:
        return answer_to_status(response.status_code, response.headers, response.content)
    import httpx  # firebase-admin's client, imported by it long since

    for cause in _chain(error):
        if isinstance(cause, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)):
            return Answer(Outcome.TRANSIENT, "connect")
        if isinstance(cause, httpx.TimeoutException):
            return Answer(Outcome.UNKNOWN_DELIVERY, "timeout")
        if isinstance(cause, httpx.TransportError):
            return Answer(Outcome.UNKNOWN_DELIVERY, "transport")
        if isinstance(cause, (ValueError, httpx.DecodingError)):
            return Answer(Outcome.UNKNOWN_DELIVERY, "unreadable_answer")
    return Answer(Outcome.UNKNOWN_DELIVERY, "unexpected")


def answer_to_status(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Read an HTTP answer that is not a success."""
    error = _error(body)
    detail = _detail(error, _FCM_ERROR)
    word = code_word(error.get("status"), f"http_{status}")
    code = word if detail is None else code_word(detail.get("errorCode"), word)
    retry_after = retry_after_seconds(headers)

    if status >= 500 or status in (408, 429) or status < 400:
        if status == 429 and retry_after is None:
            retry_after = _QUOTA_SECONDS
        return Answer(Outcome.TRANSIENT, code, retry_after=retry_after)
    if status == 404 and code == "UNREGISTERED":
        return Answer(Outcome.TOKEN_DEAD, code)
    if status == 403 and code == _OTHER_SENDER:
        # A wrong project of ours would say so of every token: then the fuse keeps them (domain/push/fuse.py).
        return Answer(Outcome.QUARANTINE, code)
    if status == 401 and detail is None:
        return Answer(Outcome.CONFIG, UNAUTHENTICATED)
    if status in (401, 403, 404, 405):
        # A 404 that is not about the token means a wrong project or address.
        return Answer(Outcome.CONFIG, code)
    if status == 400 and _blames_token(error, detail):
        return Answer(Outcome.QUARANTINE, code)
    return Answer(Outcome.REJECTED, code)


def _blames_token(error: Mapping[str, Any], detail: Mapping[str, Any] | None) -> bool:
    """FCM names the token by its own detail alone, or by a BadRequest about no other field."""
    bad_request = _detail(error, _BAD_REQUEST)
    if bad_request is None:
        return detail is not None
    violations = bad_request.get("fieldViolations")
    fields = [v.get("field") for v in violations if isinstance(v, dict)] if isinstance(violations, list) else []
    return bool(fields) and all(field in _TOKEN_FIELDS for field in fields)


def _error(body: bytes) -> dict[str, Any]:
    try:
        error = msgspec.json.decode(body)["error"]
    except (msgspec.MsgspecError, UnicodeDecodeError, LookupError, TypeError, RecursionError):
        return {}
    return error if isinstance(error, dict) else {}


def _detail(error: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and detail.get("@type") == kind:
            return detail
    return None


def _http_response(error: BaseException) -> Any:
    """The HTTP response behind `error`, if there was one.

    firebase-admin fails on error bodies that it does not expect; the response then hangs on the error before.
    """
    for cause in _chain(error):
        response = getattr(cause, "http_response", None) or getattr(cause, "response", None)
        if getattr(response, "status_code", 200) >= 300:
            return response
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        own = getattr(current, "cause", None)
        waiting += [own if isinstance(own, BaseException) else None, current.__cause__, current.__context__]
