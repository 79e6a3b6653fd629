"""The worker and the clock as real processes: they start, take what waits, and end when told or when they must."""

import asyncio
import os
import signal
import socket
import sys

import httpx2

from domain.kit.ids import new_id
from domain.kit.outbox.hints import Hint, push_hints
from ops.stack.ports import free_port


async def start(module: str, **environ: str) -> asyncio.subprocess.Process:
    """`python -m module` with `environ` on top of ours."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, env=os.environ | environ,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


def ports() -> int:
    """A port for METRICS_PORT with two free ones after it."""
    while True:
        port = free_port()
        try:
            for offset in (1, 2):
                socket.create_server(("127.0.0.1", port + offset)).close()
        except OSError:
            continue
        return port


async def test_processes_without_a_database_end(app):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"postgresql://u@127.0.0.1:{taken.getsockname()[1]}/d"
        children = [
            await start(module, DATABASE_URL=nowhere, METRICS_PORT=str(ports()))
            for module in ("tasks.worker", "tasks.clock")
        ]
        async with asyncio.timeout(20):
            for child in children:
                _, err = await child.communicate()
                assert child.returncode == 1
                assert err.decode().startswith("kuitter: the ")
                assert len(err.decode().splitlines()) == 1


async def test_worker_and_clock_serve_and_end_when_told(app, broker_redis, eventually):
    # A hint whose row is gone: taken, looked up, forgotten.
    from tasks import actors  # noqa: F401  binds every actor
    from tasks.actor import bindings

    names = [name for name, binding in bindings.items() if binding.job.queue == "default"] or list(bindings)
    hint = Hint(new_id(), names[0], bindings[names[0]].job.queue)
    await push_hints(broker_redis, [hint])
    metrics = ports()
    children = [
        await start(module, METRICS_PORT=str(metrics), SHUTDOWN_SECONDS="3")
        for module in ("tasks.worker", "tasks.clock")
    ]
    try:
        async with httpx2.AsyncClient(trust_env=False) as http:

            async def ready() -> bool:
                for port in (metrics + 1, metrics + 2):
                    try:
                        if (await http.get(f"http://127.0.0.1:{port}/health/ready")).status_code != 200:
                            return False
                    except httpx2.TransportError:
                        return False
                return True

            await eventually(ready, 20)

            async def taken() -> bool:
                return not await broker_redis.hlen(f"kuitter:{hint.queue}.msgs")

            await eventually(taken, 5)
            assert await broker_redis.llen(f"kuitter:{hint.queue}") == 0
            assert (await http.get(f"http://127.0.0.1:{metrics + 1}/health/live")).status_code == 200
            assert (await http.get(f"http://127.0.0.1:{metrics + 1}/metrics")).status_code == 200
            assert (await http.get(f"http://127.0.0.1:{metrics + 1}/other")).status_code == 404
            # The clock looks: its pulse is in Redis.
            assert int(await broker_redis.get("kuitter:pulse")) >= 1
    finally:
        for child in children:
            if child.returncode is None:
                child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            ended = [await child.communicate() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert [err for _, err in ended] == [b"", b""]
