"""Firebase Cloud Messaging, the HTTP v1 send call.

A registration token (or FID) that begins with the name of an error in `ERRORS` is answered with that error:
`UNREGISTERED-a-phone` is gone, `QUOTA_EXCEEDED…` is told to wait, and so on. Every other well-formed token is alive.
"""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec

from ops.sandbox.credentials import PROJECT_ID
from ops.sandbox.fcm_message import InvalidMessageError, payload_size, target_of
from ops.sandbox.google_oauth import SCOPE_ROOT, Tokens
from ops.sandbox.wire import Answer, Headers, Provider, Request, json_answer

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
SCOPES = frozenset({SCOPE_ROOT + "firebase.messaging", SCOPE_ROOT + "cloud-platform"})

# The name (a token's beginning) → HTTP status, Google's status, whether details carry an FcmError, the message.
ERRORS: dict[str, tuple[int, str, bool, str]] = {
    "UNREGISTERED": (404, "NOT_FOUND", True, "Requested entity was not found."),
    "INVALID_ARGUMENT": (
        400,
        "INVALID_ARGUMENT",
        True,
        "The registration token is not a valid FCM registration token",
    ),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", True, "SenderId mismatch"),
    "PERMISSION_DENIED": (403, "PERMISSION_DENIED", False, "The caller does not have permission"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED", True, "Auth error from APNS or Web Push Service"),
    "UNAUTHENTICATED": (401, "UNAUTHENTICATED", False, "Request had invalid authentication credentials."),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", True, "Quota exceeded for quota metric 'Device messages'."),
    "UNAVAILABLE": (503, "UNAVAILABLE", True, "The service is currently unavailable."),
    "INTERNAL": (500, "INTERNAL", True, "Internal error encountered."),
}
_BY_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "SENDER_ID_MISMATCH",
    404: "UNREGISTERED",
    429: "QUOTA_EXCEEDED",
    503: "UNAVAILABLE",
}
_PATH = re.compile(r"/fcm/v1/projects/([^/]+)/messages:send")
_TOKEN = re.compile(r"[A-Za-z0-9_:.\-]{1,4096}")
_NAMED = re.compile("|".join(ERRORS))
_PAYLOAD_LIMIT = 4096
_TOPIC_LIMIT = 2048


class Fcm(Provider):
    """`POST /fcm/v1/projects/{project}/messages:send`."""

    name = "fcm"
    prefixes = ("/fcm/",)

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._count = 0

    def answer(self, request: Request) -> Answer:
        found = _PATH.fullmatch(request.path)
        if found is None or request.method != "POST":
            return _plain_error(404, "NOT_FOUND", "Requested entity was not found.")
        refused = self._unauthorised(request, found[1])
        if refused is not None:
            return refused
        try:
            message, dry = _message(request.body)
            kind, target = target_of(message)
        except InvalidMessageError as invalid:
            detail = {"@type": BAD_REQUEST, "fieldViolations": [{"field": invalid.field, "description": str(invalid)}]}
            return _plain_error(400, "INVALID_ARGUMENT", str(invalid), [detail])
        if payload_size(message) > (_TOPIC_LIMIT if kind in ("topic", "condition") else _PAYLOAD_LIMIT):
            return _named_error("INVALID_ARGUMENT", "Android message is too big")
        if kind in ("token", "fid"):
            named = _NAMED.match(target)
            if named is not None:
                return _named_error(named[0])
            if _TOKEN.fullmatch(target) is None:
                return _named_error("INVALID_ARGUMENT")
        self._count += 1
        number = "fake_message_id" if dry else f"0:{time.time_ns() // 1000}%{self._count:016x}"
        return json_answer(200, {"name": f"projects/{PROJECT_ID}/messages/{number}"})

    def refusal(self, status: int, request: Request) -> Answer:
        name = _BY_STATUS.get(status, "INTERNAL")
        answer = _named_error(name)
        if answer.status != status:
            grpc = "INTERNAL" if status >= 500 else "FAILED_PRECONDITION"
            answer = _plain_error(status, grpc, "The request failed.")
        return answer

    def _unauthorised(self, request: Request, project: str) -> Answer | None:
        scheme, _, token = request.header(b"authorization").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _plain_error(
                401, "UNAUTHENTICATED", "Request is missing required authentication credential.", headers=_CHALLENGE
            )
        scopes = self._tokens.scopes(token)
        if scopes is None:
            return _plain_error(
                401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", headers=_CHALLENGE
            )
        if not scopes & SCOPES:
            return _plain_error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
        if project != PROJECT_ID:
            resource = f"//cloudresourcemanager.googleapis.com/projects/{project}"
            return _plain_error(
                403,
                "PERMISSION_DENIED",
                f"Permission 'cloudmessaging.messages.create' denied on resource '{resource}' (or it may not exist).",
            )
        return None


_CHALLENGE: Headers = [(b"www-authenticate", b'Bearer realm="https://accounts.google.com/"')]


def _message(body: bytes) -> tuple[dict[str, Any], bool]:
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidMessageError("", "Invalid JSON payload received.") from None
    if not isinstance(sent, dict):
        raise InvalidMessageError("", "Invalid JSON payload received. Expected an object.")
    unknown = sent.keys() - {"message", "validate_only", "validateOnly"}
    if unknown:
        raise InvalidMessageError(
            "", f'Invalid JSON payload received. Unknown name "{min(unknown)}": Cannot find field.'
        )
    dry = sent.get("validate_only", sent.get("validateOnly", False))
    if not isinstance(dry, bool):
        raise InvalidMessageError("validate_only", "Invalid value at 'validate_only' (TYPE_BOOL)")
    message = sent.get("message")
    if not isinstance(message, dict):
        raise InvalidMessageError("message", "The message is missing.")
    return message, dry


def _named_error(name: str, text: str | None = None) -> Answer:
    code, grpc, has_detail, message = ERRORS[name]
    details = [{"@type": FCM_ERROR, "errorCode": name}] if has_detail else None
    headers: Headers = [(b"retry-after", b"60")] if code == 429 else []
    return _plain_error(code, grpc, text or message, details, headers)


def _plain_error(
    code: int, status: str, message: str, details: list[dict[str, Any]] | None = None, headers: Headers | None = None
) -> Answer:
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = details
    return json_answer(code, {"error": error}, headers)
