"""The web process: `python -m api`. The API on PORT; health and metrics on METRICS_PORT."""

import socket
import sys

import uvicorn

from api.app import create_app
from domain.kit.log import configure_logging
from domain.kit.metrics import serve_metrics
from domain.kit.settings import settings


class _Server(uvicorn.Server):
    """uvicorn, with the metrics port open for as long as it serves."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        metrics = await serve_metrics(settings().metrics_port)
        try:
            await super().serve(sockets)
        finally:
            metrics.close()


def main() -> None:
    chosen = settings()
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
