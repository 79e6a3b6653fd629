"""The one tree of errors that a rule may raise. The API answers each as RFC 9457 problem details."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A rule said no.

    `code` is stable and for machines, `detail` for people; neither ever holds what a person wrote.
    `extra` is shown beside them, `headers` go with the answer.
    """

    status = 400
    code = "invalid_request"
    detail = "The request could not be carried out."

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code or self.code)
        self.detail = detail or self.detail
        self.code = code or self.code
        self.extra = extra or {}
        self.headers = headers or {}


class InvalidRequest(DomainError):
    """The shape is wrong: a missing field, a number out of range. `field` names it in dots."""

    detail = "The request has fields that cannot be accepted."

    def __init__(self, message: str, *, field: str | None = None) -> None:
        errors = [{"field": field, "message": message}] if field else []
        super().__init__(None if field else message, extra={"errors": errors} if errors else None)


class Unauthenticated(DomainError):
    status = 401
    code = "unauthenticated"
    detail = "Sign in to do this."

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(DomainError):
    """The person may see the thing but not do this with it."""

    status = 403
    code = "forbidden"
    detail = "You may not do this."


class ConsentRequired(Forbidden):
    """`kind` is the consent that is missing (semantics: Anchor, "Consents gate")."""

    code = "consent_required"
    detail = "This needs your consent first."

    def __init__(self, kind: str) -> None:
        super().__init__(extra={"kind": kind})


class NotFound(DomainError):
    """Absent, or not for this person to know of: both look the same."""

    status = 404
    code = "not_found"
    detail = "There is nothing here."


class Conflict(DomainError):
    """The state of things does not allow it now."""

    status = 409
    code = "conflict"
    detail = "This does not fit the present state."


class RuleBroken(DomainError):
    """Well-formed, and against a rule: a check-in tomorrow, a time zone that does not exist."""

    status = 422
    code = "rule_broken"
    detail = "A rule does not allow this."


class TooMany(DomainError):
    """A limit is used up. `retry_after` is in seconds, rounded up and never 0."""

    status = 429
    code = "rate_limited"
    detail = "Too many requests. Wait a little."

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        retry_after: float,
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        wait = str(max(1, int(-(-retry_after // 1))))
        super().__init__(detail, code=code, extra=extra, headers={"Retry-After": wait, **(headers or {})})


class Unavailable(DomainError):
    """Something that we depend on is away; the same request may succeed later."""

    status = 503
    code = "unavailable"
    detail = "This is not available at the moment. Try again shortly."
