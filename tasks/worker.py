"""The worker process: `python -m tasks.worker`. Serves WORKER_QUEUES, each queue on threads of its own, so that a flood
on one never delays another; all coroutines run on one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time

import dramatiq

from domain.kit.log import configure_logging, log
from domain.kit.metrics import serve_metrics
from domain.kit.settings import settings
from tasks import actors  # noqa: F401  binds every actor to its job
from tasks.actor import running
from tasks.broker import broker, loop_thread
from tasks.runtime import Runtime

# Threads (= jobs at once) of a queue, and the longest pause in ms between two looks at it when it is idle.
_THREADS = {"interactive": (64, 20), "default": (16, 50), "push": (16, 50), "bulk": (4, 200)}

# Beside SHUTDOWN_SECONDS; together with closing, all of it stays under the 25 s that operators give a process.
_LET_GO_SECONDS = 2.0


def main() -> None:
    chosen = settings()
    configure_logging(chosen.log_level, "worker")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    thread = loop_thread.start()
    runtime = Runtime()
    try:
        thread.run_coroutine(runtime.open())
        server = thread.run_coroutine(serve_metrics(chosen.metrics_port + 1))
    except Exception as error:
        # A worker without its database would go on taking messages and failing them.
        log().error("worker.cannot_start", error=error)
        print(f"kuitter: the worker cannot start: {type(error).__name__}: {error}", file=sys.stderr)
        os._exit(1)

    # Each Worker adds its own middleware to the one broker, which Dramatiq finds worth a warning.
    logging.getLogger("dramatiq.broker.RedisBroker").setLevel(logging.ERROR)
    workers = [
        dramatiq.Worker(broker, queues={queue}, worker_threads=_THREADS[queue][0], worker_timeout=_THREADS[queue][1])
        for queue in chosen.worker_queues
    ]
    for worker in workers:
        worker.start()
    log().info("worker.started", queues=chosen.worker_queues)
    stop.wait()

    log().info("worker.stopping", running=len(running))
    deadline = time.monotonic() + chosen.shutdown_seconds
    stoppers = [threading.Thread(target=worker.stop, daemon=True) for worker in workers]
    for stopper in stoppers:
        stopper.start()
    while any(s.is_alive() for s in stoppers) and time.monotonic() < deadline:
        time.sleep(0.05)
    # What is still running gives its lease back, so that another worker goes on at once.
    thread.run_coroutine(_let_go())
    deadline += _LET_GO_SECONDS
    for stopper in stoppers:
        stopper.join(timeout=max(0.0, deadline - time.monotonic()))
    server.close()
    thread.run_coroutine(runtime.close())
    loop_thread.stop()
    log().info("worker.stopped")
    os._exit(0)


async def _let_go() -> None:
    tasks = [task for task in running if not task.done()]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_LET_GO_SECONDS)


if __name__ == "__main__":
    main()
