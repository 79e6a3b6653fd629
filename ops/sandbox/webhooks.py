"""The sandbox as a client: what a provider tells the app of its own accord."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx2

TIMEOUT = 10.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Deliver: TypeAlias = Callable[[str, Any, int], Awaitable[list[int | None]]]
"""Takes a path of the app, a JSON body and a number of copies; gives each copy's status, None where none came."""


def deliver_to(app_url: str) -> Deliver:
    """What posts to the app at `app_url`.

    Raises ValueError for any address but plain http on this machine: the sandbox talks to nobody else.
    """
    address = urlsplit(app_url)
    if address.scheme != "http" or address.hostname not in _LOOPBACK:
        raise ValueError(f"APP_URL must be an http address of this machine, not {app_url}")
    base = app_url.rstrip("/")

    async def deliver(path: str, body: Any, copies: int) -> list[int | None]:
        # All at once, since two copies that arrive together are what an app gets wrong. There is no TLS to set up.
        async with httpx2.AsyncClient(
            trust_env=False, timeout=TIMEOUT, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ) as client:
            posts = [client.post(base + path, json=body) for _ in range(copies)]
            answers = await asyncio.gather(*posts, return_exceptions=True)
        return [_status(answer) for answer in answers]

    return deliver


def _status(answer: httpx2.Response | BaseException) -> int | None:
    if isinstance(answer, httpx2.HTTPError):
        return None
    if isinstance(answer, BaseException):
        raise answer
    return answer.status_code
