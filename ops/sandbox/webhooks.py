"""The sandbox as a client: what a provider tells the app of its own accord."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2

TIMEOUT = 10.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Deliver(Protocol):
    """Brings the app a JSON body, `copies` of it at once; gives each copy's status, None where none came."""

    async def __call__(
        self, path: str, body: Any, copies: int, headers: Mapping[str, str] | None = None
    ) -> list[int | None]: ...


def deliver_to(app_url: str) -> Deliver:
    """What posts to the app at `app_url`.

    Raises ValueError for any address but plain http on this machine: the sandbox talks to nobody else.
    """
    address = urlsplit(app_url)
    if address.scheme != "http" or address.hostname not in _LOOPBACK:
        raise ValueError(f"APP_URL must be an http address of this machine, not {app_url}")
    base = app_url.rstrip("/")

    async def deliver(path: str, body: Any, copies: int, headers: Mapping[str, str] | None = None) -> list[int | None]:
        # All at once, since two copies that arrive together are what an app gets wrong. There is no TLS to set up.
        async with httpx2.AsyncClient(
            trust_env=False, timeout=TIMEOUT, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ) as client:
            posts = [client.post(base + path, json=body, headers=headers) for _ in range(copies)]
            answers = await asyncio.gather(*posts, return_exceptions=True)
        return [_status(answer) for answer in answers]

    return deliver


class Redelivery:
    """Brings again, after a pause that doubles, what the app did not take. Gives up after `tries`, as stores do."""

    def __init__(self, deliver: Deliver, pause: float = 1.0, tries: int = 5) -> None:
        """`pause` is in seconds, before the first repetition."""
        self._deliver = deliver
        self._pause = pause
        self._tries = tries
        self._running: set[asyncio.Task[None]] = set()

    async def bring(
        self, path: str, body: Any, copies: int, headers: Mapping[str, str] | None = None
    ) -> list[int | None]:
        """Deliver once and give the statuses; each copy that was not taken is brought again in the background."""
        statuses = await self._deliver(path, body, copies, headers)
        for status in statuses:
            if not _is_taken(status):
                task = asyncio.create_task(self._again(path, body, headers))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return statuses

    def stop(self) -> None:
        """Bring nothing more."""
        for task in self._running:
            task.cancel()

    async def _again(self, path: str, body: Any, headers: Mapping[str, str] | None) -> None:
        for number in range(self._tries):
            await asyncio.sleep(self._pause * 2**number)
            (status,) = await self._deliver(path, body, 1, headers)
            if _is_taken(status):
                return


def _is_taken(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _status(answer: httpx2.Response | BaseException) -> int | None:
    if isinstance(answer, httpx2.HTTPError):
        return None
    if isinstance(answer, BaseException):
        raise answer
    return answer.status_code
