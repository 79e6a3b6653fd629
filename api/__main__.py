"""The web process: `python -m api`. The API on PORT; health and metrics on METRICS_PORT."""

import os
import resource
import socket
import sys

import uvicorn

from api.app import create_app
from domain.events import open_streams
from domain.kit.log import configure_logging
from domain.kit.metrics import serve_metrics
from domain.kit.settings import settings

# Open event streams hold a connection each; the usual limit of 1,024 files is soon reached.
_MOST_FILES = 65_536
# How long a connection may take nothing of what it was sent, before the kernel ends it.
_UNTAKEN_MS = 60_000


class _Server(uvicorn.Server):
    """uvicorn, with the metrics port open for as long as it serves, and streams that do not hold its end up."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
            for listener in [each for server in self.servers for each in server.sockets]:
                with socket.socket(fileno=os.dup(listener.fileno())) as same:
                    same.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNTAKEN_MS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        open_streams.end_all()
        await super().shutdown(sockets)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        metrics = await serve_metrics(settings().metrics_port)
        try:
            await super().serve(sockets)
        finally:
            metrics.close()


def _allow_many_connections() -> None:
    """Raise this process's own limit of open files as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    chosen = settings()
    _allow_many_connections()
    configure_logging(chosen.log_level, "web")
    config = uvicorn.Config(
        create_app(),
        host=chosen.host,
        port=chosen.port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        # Our own line a request says more and never shows a path.
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(chosen.shutdown_seconds),
        h11_max_incomplete_event_size=32 * 1024,
    )
    server = _Server(config)
    try:
        server.run()
    except OSError as error:
        print(f"kuitter: web cannot start: {type(error).__name__}: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    if not server.started:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
