"""The clock process: `python -m tasks.clock`. Looks again and again for what is due; several copies do no harm,
because each look claims rows and a missed one is caught up by the next."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import msgspec
from redis.exceptions import RedisError

from domain.kit.log import configure_logging, log
from domain.kit.metrics import serve_metrics
from domain.kit.outbox.sweeper import Sweeper, forget_ended
from domain.kit.settings import settings
from tasks import actors
from tasks.actor import end_exhausted
from tasks.runtime import Runtime

_KEEP_ENDED_DAYS = 30
# Seconds.
_LONGEST_TICK = 300.0


class Periodic(msgspec.Struct, frozen=True):
    """Work that is done every `seconds`; it must be safe to do twice, late, or at the same time elsewhere."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]


async def _every(periodic: Periodic) -> None:
    failing = False
    while True:
        try:
            # A look that hangs must not be the last one.
            async with asyncio.timeout(_LONGEST_TICK):
                await periodic.work()
            failing = False
        except Exception as error:
            # One line when it begins to fail, not one every half second while Redis is away.
            if not failing or not isinstance(error, (RedisError, OSError)):
                log().warning("clock.failed", work=periodic.name, error=error)
            failing = True
        await asyncio.sleep(periodic.seconds)


async def run(stop: asyncio.Event) -> None:
    """Tick until `stop` is set."""
    chosen = settings()
    runtime = Runtime()
    await runtime.open()
    server = await serve_metrics(chosen.metrics_port + 2)
    sweeper = Sweeper(runtime.broker_redis)

    async def end_hopeless() -> None:
        await end_exhausted(await sweeper.exhausted())

    ticks = [
        Periodic("sweep", chosen.sweep_seconds, sweeper.sweep),
        Periodic("exhausted", max(5.0, chosen.sweep_seconds), end_hopeless),
        Periodic("forget_ended", 3600, lambda: forget_ended(_KEEP_ENDED_DAYS)),
        *(Periodic(name, max(chosen.clock_tick_seconds, least), work) for name, least, work in actors.PERIODIC),
    ]
    tasks = [asyncio.create_task(_every(tick), name=tick.name) for tick in ticks]
    log().info("clock.started", ticks=[tick.name for tick in ticks])
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    server.close()
    await runtime.close()
    log().info("clock.stopped")


async def _main() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run(stop)


def main() -> None:
    configure_logging(settings().log_level, "clock")
    try:
        asyncio.run(_main())
    except OSError as error:
        print(f"kuitter: the clock cannot start: {type(error).__name__}: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
