"""Connections to Redis: short time-outs, because nothing may wait long for what is not the truth."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

TIMEOUT = 0.25


def connect(url: str, *, connections: int = 20, timeout: float | None = None) -> Redis:
    """A client for the running loop. A call fails within `timeout` seconds or so, TIMEOUT if not said (RedisError,
    OSError)."""
    timeout = TIMEOUT if timeout is None else timeout
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=0,
    )
    return Redis(connection_pool=pool)
