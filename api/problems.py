"""Errors as the app sees them: RFC 9457 problem details with a stable `code` (api: Conventions, Errors)."""

import re
from http import HTTPStatus
from typing import Any

import msgspec
from asyncpg.exceptions import (
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    DeadlockDetectedError,
    InterfaceError,
    InternalClientError,
    PostgresConnectionError,
    SerializationError,
    TooManyConnectionsError,
)
from asyncpg.exceptions._base import DataError as ArgumentError
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from msgspec import UNSET, UnsetType

from domain.kit import log
from domain.kit.errors import DomainError

CODES = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "invalid_request",
    429: "rate_limited",
    503: "unavailable",
}


class FieldError(msgspec.Struct, frozen=True):
    """One field that cannot be accepted; `field` in dots."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. `code` is for machines and stable; `detail` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None
    errors: list[FieldError] | UnsetType = UNSET


def problem_body(status: int, code: str, detail: str, extra: dict[str, Any] | None = None) -> bytes:
    """The JSON of a problem, with the id of the request under way."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": log.request_id.get(),
        **(extra or {}),
    }
    return msgspec.json.encode(body)


def _answer(
    status: int, code: str, detail: str, extra: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> Response[bytes]:
    return Response(
        problem_body(status, code, detail, extra),
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )


def _domain_error(request: Request[Any, Any, Any], error: DomainError) -> Response[bytes]:
    return _answer(error.status, error.code, error.detail, error.extra, error.headers)


def _validation_error(request: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
    extra = error.extra if isinstance(error.extra, list) else []
    errors = [_field_error(one) for one in extra if isinstance(one, dict)]
    if not errors:
        errors = [{"field": "body", "message": "cannot be read"}]
    return _answer(400, "invalid_request", "The request has fields that cannot be accepted.", {"errors": errors})


def _body_error(request: Request[Any, Any, Any], error: msgspec.MsgspecError | UnicodeError) -> Response[bytes]:
    """A body that is no JSON (msgspec decodes a text's UTF-8 only when it comes to it), or not of the right shape."""
    if isinstance(error, msgspec.ValidationError):
        errors = [_field_error({"message": str(error)})]
    else:
        errors = [{"field": "body", "message": "is not JSON"}]
    return _answer(400, "invalid_request", "The request has fields that cannot be accepted.", {"errors": errors})


_AT = re.compile(r"\s*-? ?at `\$\.?([^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")


def _field_error(one: dict[str, Any]) -> dict[str, str]:
    message, field = str(one.get("message", "")), str(one.get("key") or "")
    if field == "data":
        return {"field": "body", "message": "is missing"}
    found = _AT.search(message)
    if found:
        message, field = message[: found.start()], found.group(1) or field
    for pattern, said in ((_UNKNOWN, "is not a field of this request"), (_MISSING, "is missing")):
        named = pattern.search(message)
        if named:
            return {"field": ".".join(part for part in (field, named.group(1)) if part), "message": said}
    return {"field": field or "body", "message": message}


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    status = error.status_code
    if status >= 500:
        return _unexpected(request, error)
    code = CODES.get(status, "invalid_request")
    detail = {404: "There is nothing here.", 400: "The request cannot be read."}.get(status, HTTPStatus(status).phrase)
    extra = {"errors": [{"field": "body", "message": "cannot be read"}]} if status == 400 else None
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return _answer(status, code, detail, extra, headers)


def _too_deep(request: Request[Any, Any, Any], error: RecursionError) -> Response[bytes]:
    return _answer(400, "invalid_request", "The request is nested too deeply.")


def _database_away(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.log().error("request.database_away", error=error)
    return _answer(
        503, "unavailable", "This is not available at the moment. Try again shortly.", None, {"Retry-After": "2"}
    )


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    # Litestar wraps what goes wrong while a body is decoded; the cause decides.
    if isinstance(error.__cause__, RecursionError) or isinstance(error.__context__, RecursionError):
        return _too_deep(request, RecursionError())
    log.log().error("request.failed", path_template=request.scope.get("path_template"), error=error)
    return _answer(500, "internal_error", "Something went wrong on our side. It has been noted.")


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    DomainError: _domain_error,
    ValidationException: _validation_error,
    HTTPException: _http_error,
    msgspec.MsgspecError: _body_error,
    UnicodeDecodeError: _body_error,
    RecursionError: _too_deep,
    PostgresConnectionError: _database_away,
    # The server goes down under a query, or is not up yet.
    AdminShutdownError: _database_away,
    CrashShutdownError: _database_away,
    CannotConnectNowError: _database_away,
    TooManyConnectionsError: _database_away,
    # Parallel work that PostgreSQL had to choose among: asking again will do.
    DeadlockDetectedError: _database_away,
    SerializationError: _database_away,
    # A value that does not fit its column is our mistake, though asyncpg counts it as an interface error.
    ArgumentError: _unexpected,
    InterfaceError: _database_away,
    # What asyncpg says of a connection that the server cut while a query was being sent on it.
    InternalClientError: _database_away,
    OSError: _database_away,
    Exception: _unexpected,
}

PROBLEM_MEDIA_TYPE = "application/problem+json"
