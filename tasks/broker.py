"""The Dramatiq broker: four queues on Redis, one event loop a process, and no retries of its own.

The outbox retries (domain/kit/outbox): a retry of Dramatiq's that meets a Redis error loses the job.
"""

from __future__ import annotations

import dramatiq
import redis
from dramatiq.asyncio import EventLoopThread, set_event_loop_thread
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import AsyncIO, CurrentMessage

from domain.kit.outbox.hints import NAMESPACE
from domain.kit.settings import QUEUES, settings

_DAY_MS = 86_400_000


class OneLoop(AsyncIO):
    """Dramatiq's event-loop thread, started and stopped by the worker process and not by each Worker in it."""

    def __init__(self) -> None:
        super().__init__()
        self.thread: EventLoopThread | None = None

    def start(self) -> EventLoopThread:
        self.thread = EventLoopThread(self.logger)
        self.thread.start(timeout=5.0)
        set_event_loop_thread(self.thread)
        return self.thread

    def stop(self) -> None:
        if self.thread is not None:
            self.thread.stop()  # type: ignore[no-untyped-call]
            self.thread.join()
            set_event_loop_thread(None)

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Nothing: `start` has been called."""

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Nothing: `stop` will be called."""


loop_thread = OneLoop()


def _make_broker() -> RedisBroker:
    broker = RedisBroker(  # type: ignore[no-untyped-call]
        # Time-outs that a hung Redis cannot stretch.
        client=redis.Redis.from_url(settings().broker_url, socket_timeout=5, socket_connect_timeout=2),
        middleware=[loop_thread, CurrentMessage()],
        namespace=NAMESPACE,
        # Of a million commands; Dramatiq's default looks for messages of dead workers every few minutes at best.
        maintenance_chance=100_000,
        dead_message_ttl=_DAY_MS,
    )
    for queue in QUEUES:
        broker.declare_queue(queue)
    return broker


broker = _make_broker()
dramatiq.set_broker(broker)
