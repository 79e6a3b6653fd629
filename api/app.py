"""The app: every route in plain sight, one gate before them, one place where errors become answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp

from api import (
    accounts,
    achievements,
    anchor,
    anchor_memory,
    billing,
    community,
    dashboard,
    events,
    goals,
    groups,
    health,
    insights,
    journal,
    leaving,
    legal,
    partner_messages,
    partners,
    people,
    push,
    quizzes,
    recovery,
    reference,
    reports,
    sign_in,
    slips,
    sos,
    urges,
    webhooks,
)
from api.body import StrictRequest
from api.edge import Edge
from api.gate import Gate
from api.idempotency import provide_idempotency_key
from api.person import provide_person
from api.prefer_wait import provide_wait
from api.problems import EXCEPTION_HANDLERS
from domain.accounts import connections, sessions
from domain.events import trail
from domain.kit import events as live_events
from domain.kit import limits, signals
from domain.kit.clock import clock
from domain.kit.database import engine
from domain.kit.limits import Limiter
from domain.kit.outbox.hints import Sender
from domain.kit.redis import connect
from domain.kit.settings import settings

_LARGEST_BODY = 256 * 1024
_LIVE_TIMEOUT = 2.0

# A new feature adds its module here; tests/routes/test_identities.py then wants a line for each of its routes.
FEATURES = (
    accounts,
    sign_in,
    people,
    recovery,
    slips,
    urges,
    journal,
    insights,
    goals,
    achievements,
    sos,
    quizzes,
    community,
    groups,
    reports,
    partners,
    partner_messages,
    anchor,
    anchor_memory,
    billing,
    push,
    events,
    dashboard,
    webhooks,
    leaving,
    legal,
    health,
    reference,
)


@asynccontextmanager
async def _resources(app: Litestar) -> AsyncIterator[None]:
    """What the process holds while it serves: the database pool, Redis, the outbox sender."""
    chosen = settings()
    if not chosen.is_production:
        clock.follow(chosen.data_dir)
    await engine().start_connection_pool()
    redis, broker_redis = connect(chosen.redis_url), connect(chosen.broker_url, connections=2)
    # No request waits for it.
    live_redis = connect(chosen.redis_url, timeout=_LIVE_TIMEOUT)
    limits.use(Limiter(redis))
    sessions.use(redis)
    signals.use(redis, live_redis)
    live_events.use(live_redis)
    trail.use(live_redis)
    sender = Sender(broker_redis)
    sender.start()
    try:
        yield
    finally:
        await connections.close()
        await sender.stop()
        await live_events.close()
        await signals.close()
        await redis.aclose()
        await live_redis.aclose()
        await broker_redis.aclose()
        await engine().close_connection_pool()


def create_litestar() -> Litestar:
    """The routes, without the outermost layer."""
    return Litestar(
        route_handlers=[handler for feature in FEATURES for handler in feature.HANDLERS],
        middleware=[Gate],
        request_class=StrictRequest,
        dependencies={
            "person": Provide(provide_person, sync_to_thread=False),
            "idempotency_key": Provide(provide_idempotency_key),
            "wait": Provide(provide_wait, sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[_resources],
        openapi_config=reference.OPENAPI,
        request_max_body_size=_LARGEST_BODY,
        # Litestar's own logging would print exceptions with their texts.
        logging_config=None,
        debug=False,
    )


def create_app() -> ASGIApp:
    """The whole ASGI app."""
    return Edge(create_litestar())
