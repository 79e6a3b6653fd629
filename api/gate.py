"""The gate before every handler: who is asking, does their session live, and have they asked too often.

Closed unless a route says `opt={"open": True}`. One round trip to Redis: the remembered session and the rate limit
together; without Redis the session is looked up in PostgreSQL and the limit is kept by this process alone.
"""

import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from redis.exceptions import RedisError

from api.address import client_address
from api.person import Person
from api.urgent import let_through
from domain.accounts import sessions
from domain.accounts.tokens import Access, read_access
from domain.kit.errors import TooMany, Unauthenticated
from domain.kit.limits import Verdict, Window, limiter
from domain.kit.log import log
from domain.kit.settings import settings

_REFUSED = Window("refused", 600, 60)
_PAUSE_WHEN_AWAY = 1.0

_away_until = 0.0


class Gate:
    """Litestar middleware: plain ASGI, after routing, so that the route's own word counts."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and not scope["route_handler"].opt.get("open"):
            person, verdict = await _admit(scope)
            if not verdict.allowed:
                urgent = await let_through(scope, receive, str(person.user_id))
                if urgent is None:
                    raise TooMany(retry_after=verdict.reset)
                receive = urgent
            scope["user"] = person
        await self.app(scope, receive, send)


async def _admit(scope: Scope) -> tuple[Person, Verdict]:
    """The person behind the request, and what is left of their limit. Raises Unauthenticated."""
    try:
        access = read_access(_bearer(scope))
        remembered, verdict = await _look(access)
        if remembered is None:
            remembered = await sessions.lives(access)
            if remembered:
                await sessions.remember(access)
        if not remembered:
            raise Unauthenticated("This session has ended. Sign in again.", code="session_ended")
    except Unauthenticated:
        await limit_refused(scope)
        raise
    scope["kuitter_verdict"] = verdict  # type: ignore[typeddict-unknown-key]
    return Person(access.user_id, access.session_id, access.expires_at), verdict


def _bearer(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.partition(b" ")
            if kind.lower() == b"bearer" and token.isascii() and len(token) < 2048:
                return token.strip().decode()
    raise Unauthenticated


async def _look(access: Access) -> tuple[bool | None, Verdict]:
    """What is remembered of the session (None: nothing) and whether the limit lets this request through."""
    global _away_until
    window = Window("person", settings().requests_per_minute, 60)
    if time.monotonic() >= _away_until:
        try:
            verdict, value = await limiter().hit_and_get(
                window, str(access.user_id), sessions.cache_key(access.session_id)
            )
            return sessions.cached_yes(value, access), verdict
        except (RedisError, OSError) as error:
            # For a second nobody waits for a Redis that is not there.
            _away_until = time.monotonic() + _PAUSE_WHEN_AWAY
            log().warning("gate.redis_away", error=error)
    return None, limiter().hit_locally(window, str(access.user_id))


async def limit_refused(scope: Scope, *, count: bool = True) -> None:
    """Guessing tokens is limited by address; with `count` off it is only looked at. Raises TooMany."""
    if not settings().address_limits:
        return
    verdict = await limiter().hit(_REFUSED, client_address(scope), count=count)
    if not verdict.allowed:
        raise TooMany(retry_after=verdict.reset)
