"""Google Play's refusals read as ours (spec: providers.md 6.2, 9)."""

from __future__ import annotations

import httpx2
import msgspec

from domain.kit.providers import Answer, Outcome, code_word, retry_after_seconds

# The access token was refused, not the question.
UNAUTHENTICATED = "UNAUTHENTICATED"
# A purchase of this very minute may not be known everywhere at Google yet: worth a few more tries, then it is refused.
NOT_FOUND = frozenset({"purchaseTokenNotFound", "notFound"})
# Reasons that begin so are about the purchase token that was asked about: of another app, for one.
_OF_A_TOKEN = "purchaseToken"  # noqa: S105

_QUOTA = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})
# Google names no time with a used-up quota.
_QUOTA_SECONDS = 60.0


class _Detail(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    errors: list[_Detail] = []
    status: str = ""


class _Refusal(msgspec.Struct):
    error: _Error | None = None


def answer_to_refusal(response: httpx2.Response) -> Answer:
    """Read an answer that is no success."""
    status = response.status_code
    reason = _reason(response.content)
    code = code_word(reason, f"http_{status}")
    retry_after = retry_after_seconds(response.headers)
    if status == 401:
        return Answer(Outcome.CONFIG, UNAUTHENTICATED)
    if status == 410:
        # Expired for more than 60 days: Google has forgotten it.
        return Answer(Outcome.TOKEN_DEAD, code)
    if status == 429 or (status == 403 and code in _QUOTA):
        return Answer(Outcome.TRANSIENT, code, retry_after=_QUOTA_SECONDS if retry_after is None else retry_after)
    if status >= 500 or status in (408, 409) or status < 400:
        return Answer(Outcome.TRANSIENT, code, retry_after=retry_after)
    about_the_token = code in NOT_FOUND or code.startswith(_OF_A_TOKEN)
    if status == 405 or (status in (403, 404) and not about_the_token):
        # Whatever else is forbidden or not found is our key, package or address.
        return Answer(Outcome.CONFIG, code)
    return Answer(Outcome.REJECTED, code)


def _reason(body: bytes) -> str | None:
    try:
        error = msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if error is None:
        return None
    return next((detail.reason for detail in error.errors if detail.reason), error.status)
