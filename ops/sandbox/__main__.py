"""`python -m ops.sandbox`: the provider sandbox as one process on the loopback address."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
from pathlib import Path

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP2Settings
from granian.log import LogLevels
from granian.server.embed import Server

from domain.kit.clock import clock
from ops.sandbox import app
from ops.sandbox.credentials import HOST, environment, load, mail_port
from ops.sandbox.sending import close_connections
from ops.sandbox.webhooks import deliver_to

# The server hands out this many requests at a time; streams that dawdle on purpose count too.
CONCURRENCY = 4096
GRACE_SECONDS = 0.3


async def serve(
    data_dir: Path,
    port: int,
    host: str = HOST,
    chunk_seconds: float = 0.01,
    app_url: str = "http://127.0.0.1:8000",
    retry_seconds: float = 1.0,
) -> None:
    """Run until SIGINT or SIGTERM; mail comes in on the port after `port`.

    Raises ValueError for any host but loopback, ours or the app's, and OSError when a port is taken.
    """
    if host != HOST:
        raise ValueError(f"the sandbox binds to {HOST} only, not to {host}")
    deliver = deliver_to(app_url)
    _claim(host, port)
    _claim(host, mail_port(port))
    environment(data_dir, port)
    # What the stores sell expires by the app's own days.
    clock.follow(data_dir)
    sandbox = app.create(load(data_dir), port, deliver, chunk_seconds, retry_seconds)
    server = Server(
        sandbox,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.auto,
        websockets=False,
        backlog=CONCURRENCY,
        backpressure=CONCURRENCY,
        # Apple allows about a thousand streams on a connection.
        http2_settings=HTTP2Settings(max_concurrent_streams=1000),
        log_level=LogLevels.error,
    )
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await sandbox.start()
    serving = asyncio.create_task(server.serve())
    asked = asyncio.create_task(stopping.wait())
    try:
        print(f"sandbox: http://{host}:{port}/, mail to {host}:{mail_port(port)}", flush=True)
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        server.stop()  # type: ignore[no-untyped-call]
        sandbox.release()
        await asyncio.wait({serving}, timeout=GRACE_SECONDS)
        # The server waits for idle connections too, and a pool may keep one for an hour.
        close_connections(port)
        await serving
    finally:
        await sandbox.stop()


def _claim(host: str, port: int) -> None:
    """Fail if something listens here already: the server shares its port, so two would split the requests."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, port)) == 0:
            raise OSError(errno.EADDRINUSE, f"port {port} is in use")


def main() -> int:
    """Read SANDBOX_PORT, DATA_DIR, SANDBOX_HOST (loopback or nothing), the pauses and APP_URL, and serve."""
    environ = os.environ
    try:
        port = int(environ.get("SANDBOX_PORT", "8100"))
        pause = int(environ.get("SANDBOX_CHUNK_MS", "10")) / 1000
        app_url = environ.get("APP_URL") or f"http://{HOST}:{environ.get('PORT') or 8000}"
        retry = int(environ.get("SANDBOX_RETRY_MS", "1000")) / 1000
        if not 0 < port < 65_535 or pause < 0 or retry < 0:
            raise ValueError("SANDBOX_PORT, SANDBOX_CHUNK_MS or SANDBOX_RETRY_MS is out of range")
        folder = Path(environ.get("DATA_DIR", ".data"))
        uvloop.run(serve(folder, port, environ.get("SANDBOX_HOST", HOST), pause, app_url, retry))
    except (ValueError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 78 if isinstance(error, ValueError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
