"""The side port of every process: `/health/live`, `/health/ready` and `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import REGISTRY, generate_latest

from domain.kit.database import fetch_value
from domain.kit.settings import settings

Ready = Callable[[], Awaitable[bool]]


async def database_answers() -> bool:
    """Ready means that PostgreSQL answers within two seconds; without Redis jobs only wait."""
    try:
        async with asyncio.timeout(2):
            return bool(await fetch_value("SELECT true"))
    except Exception:
        return False


async def serve_metrics(port: int, ready: Ready | None = None) -> asyncio.Server:
    """Answer on `port` of HOST. Raises OSError when it is taken."""
    is_ready = ready or database_answers

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                line = await reader.readline()
                while (await reader.readline()).strip():
                    pass
                path = line.split(b" ")[1] if line.count(b" ") >= 2 else b""
                status, kind, body = await _page(path, is_ready)
                head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
                await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(answer, settings().host, port)


async def _page(path: bytes, ready: Ready) -> tuple[str, str, bytes]:
    if path == b"/health/live":
        return "200 OK", "application/json", b'{"status":"live"}'
    if path == b"/health/ready":
        if await ready():
            return "200 OK", "application/json", b'{"status":"ready"}'
        return "503 Service Unavailable", "application/json", b'{"status":"not ready"}'
    if path == b"/metrics":
        return "200 OK", "text/plain; version=0.0.4; charset=utf-8", generate_latest(REGISTRY)
    return "404 Not Found", "application/json", b'{"status":"not found"}'
