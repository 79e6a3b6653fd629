"""What a worker or a clock opens on its event loop and closes in the end: database, Redis, outbox sender, providers."""

from __future__ import annotations

from redis.asyncio import Redis

from domain.accounts import connections
from domain.anchor import model
from domain.billing import app_store, google_play
from domain.kit import events, signals
from domain.kit.clock import clock
from domain.kit.database import engine
from domain.kit.outbox.hints import Sender
from domain.kit.redis import connect
from domain.kit.settings import settings
from domain.leaving import traces
from domain.push import clients


class Runtime:
    """Open on the loop that will use it; nothing here may be used from another loop."""

    redis: Redis
    live_redis: Redis
    broker_redis: Redis

    async def open(self) -> None:
        """Raises whatever keeps the database from being reached: the process must then end and not pretend."""
        chosen = settings()
        if not chosen.is_production:
            clock.follow(chosen.data_dir)
        await engine().start_connection_pool()
        self.redis = connect(chosen.redis_url)
        self.broker_redis = connect(chosen.broker_url)
        self._sender = Sender(self.broker_redis)
        self._sender.start()
        signals.use(self.redis)
        # No job waits for it.
        self.live_redis = connect(chosen.redis_url, connections=2, timeout=2.0)
        events.use(self.live_redis)
        traces.use(self.redis)

    async def close(self) -> None:
        await clients.close()
        await model.close()
        await app_store.close()
        await google_play.close()
        await connections.close()
        await self._sender.stop()
        await events.close()
        await signals.close()
        await self.redis.aclose()
        await self.live_redis.aclose()
        await self.broker_redis.aclose()
        await engine().close_connection_pool()
