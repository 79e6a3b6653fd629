"""How Google Play says no (spec: providers.md 6.2)."""

from __future__ import annotations

from typing import Any

from ops.sandbox.wire import Answer, Headers, json_answer

# Status → reason and words. These are also what a fault with that status answers.
_WORDS = {
    400: ("invalidValue", "Invalid Value"),
    401: ("authError", "Invalid Credentials"),
    403: (
        "userInsufficientPermission",
        "The current user has insufficient permissions to perform the requested operation.",
    ),
    404: ("purchaseTokenNotFound", "The purchase token was not found."),
    409: ("concurrentUpdate", "A concurrent update of the purchase is under way."),
    410: (
        "subscriptionPurchaseNoLongerAvailable",
        "The subscription purchase is no longer available for query because it has been expired for too long.",
    ),
    429: ("rateLimitExceeded", "Quota exceeded for quota metric 'Queries'."),
    500: ("internalError", "Internal error encountered."),
    503: ("backendError", "The service is currently unavailable."),
}
_CHALLENGE: Headers = [(b"www-authenticate", b'Bearer realm="https://accounts.google.com/"')]


class RefusedError(Exception):
    """A request that Google Play refuses, with the answer that it gives."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refused(status: int, reason: str | None = None, message: str | None = None, location: str | None = None) -> Answer:
    """The answer to a request that is refused; `location` names the parameter that is to blame."""
    usual, words = _WORDS.get(status, _WORDS[500 if status >= 500 else 400])
    reason, message = reason or usual, message or words
    error: dict[str, Any] = {"message": message, "domain": "androidpublisher", "reason": reason}
    if status in (401, 429) or status >= 500:
        error["domain"] = "global" if status != 429 else "usageLimits"
    if status in (400, 404, 410):
        error |= {"location": location or "token", "locationType": "parameter"}
    elif status == 401:
        error |= {"location": "Authorization", "locationType": "header"}
    body = {"error": {"code": status, "message": message, "errors": [error]}}
    return json_answer(status, body, _CHALLENGE if status == 401 else None)
