"""The errors of the App Store Server API.

They have a body only where Apple's have one, as exactly `application/json`: its library looks at nothing else.
"""

from __future__ import annotations

import time

from ops.sandbox.wire import Answer, Headers, json_answer

ERRORS = {
    4000000: "Bad request.",
    4000005: "Invalid request revision.",
    4000006: "Invalid transaction id.",
    4000012: "Start date too far in the past.",
    4000013: "Start date after end date.",
    4000014: "Invalid pagination token.",
    4000015: "Invalid start date.",
    4000016: "Invalid end date.",
    4000018: "Invalid notification type.",
    4000019: "Multiple filters supplied.",
    4000020: "Invalid test notification token.",
    4000021: "Invalid sort.",
    4000022: "Invalid product type.",
    4000026: "Invalid in-app ownership type.",
    4000030: "Invalid revoked.",
    4000031: "Invalid status.",
    4000183: "Invalid app account token UUID.",
    4000187: "Transaction id is not an original transaction id.",
    4040008: "Test notification not found.",
    4040010: "Transaction id not found.",
    4290000: "Rate limit exceeded.",
    5000000: "An unknown error occurred.",
    5000001: "An unknown error occurred. Please try again.",
}
_BY_STATUS = {400: 4000000, 404: 4040010, 429: 4290000, 500: 5000000}


def error(code: int, status: int | None = None) -> Answer:
    """Apple's error of this number; its first three digits are the status, unless another is given."""
    headers: Headers = []
    if code == 4290000:
        # A moment in milliseconds here, not a number of seconds.
        headers = [(b"retry-after", str((int(time.time()) + 60) * 1000).encode())]
    return json_answer(status or code // 10_000, {"errorCode": code, "errorMessage": ERRORS[code]}, headers)


def refusal(status: int) -> Answer:
    """Apple's answer for a status."""
    if status in (401, 403):
        return Answer(status=status)
    return error(_BY_STATUS.get(status, 5000001 if status >= 500 else 4000000), status)
