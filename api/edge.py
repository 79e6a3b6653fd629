"""The outermost layer around the app: request id, one log line a request, and headers that every answer carries."""

import re
import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from domain.kit import log
from domain.kit.ids import new_id
from domain.kit.limits import Verdict
from domain.kit.settings import settings

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
)


class Edge:
    """Plain ASGI, because a ready-made layer here costs more than the handlers (docs/performance.md)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(scope)
        mark = log.request_id.set(request_id)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers.extend(pair for pair in _SAFE if pair[0] not in present)
                headers.append((b"x-request-id", request_id.encode()))
                headers.extend(_limit_headers(scope.get("kuitter_verdict")))  # type: ignore[arg-type]
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            log.log().info(
                "request",
                method=scope["method"],
                # The template, never the path: a path may hold what somebody typed.
                route=scope.get("path_template"),
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 2),
                user_id=getattr(scope.get("user"), "user_id", None) and str(scope["user"].user_id),
            )
            log.request_id.reset(mark)


def _request_id(scope: Scope) -> str:
    """The caller's own id if it is a plain one, else a fresh one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return str(new_id())


def _limit_headers(verdict: Verdict | None) -> list[tuple[bytes, bytes]]:
    """RateLimit-*: `Reset` is in whole seconds, rounded up."""
    if verdict is None:
        limit = settings().requests_per_minute
        verdict = Verdict(True, limit, limit, 0.0)
    return [
        (b"ratelimit-limit", b"%d" % verdict.limit),
        (b"ratelimit-remaining", b"%d" % verdict.remaining),
        (b"ratelimit-reset", b"%d" % -int(-verdict.reset // 1)),
    ]
