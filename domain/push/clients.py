"""The connections to the push services, one set a process, opened when the first push goes out."""

from __future__ import annotations

import asyncio
import importlib

import httpx2
import msgspec

from domain.kit.settings import Settings, settings
from domain.push.apns import Apns
from domain.push.fcm import Fcm


class Clients(msgspec.Struct, frozen=True):
    """Bound to the event loop that they were opened on. `google` is the connection that Fcm gets access tokens by."""

    fcm: Fcm
    apns: Apns
    google: httpx2.AsyncClient

    async def close(self) -> None:
        """Close all connections. Afterwards the object is of no use."""
        await self.fcm.close()
        await self.apns.close()
        await self.google.aclose()


async def open_clients(chosen: Settings) -> Clients:
    """Clients for the providers that `chosen` names, on the running loop. Raises SettingError for a key that cannot
    be read."""
    # Its import takes most of a second, which the loop has no time for.
    await asyncio.to_thread(importlib.import_module, "firebase_admin.messaging")
    google = httpx2.AsyncClient(http2=True, trust_env=False, timeout=httpx2.Timeout(10, connect=3, pool=5))
    return Clients(apns=Apns(chosen), fcm=Fcm(chosen, google), google=google)


_clients: Clients | None = None
_opening: asyncio.Task[Clients] | None = None


def use(clients: Clients) -> None:
    """Send through `clients` in this process."""
    global _clients
    _clients = clients


async def clients() -> Clients:
    """The clients of this process. However many ask at once, they are opened once."""
    global _opening
    if _clients is not None:
        return _clients
    if _opening is None:
        _opening = asyncio.create_task(open_clients(settings()), name="push-clients")
        _opening.add_done_callback(_opened)
    # Shielded: one caller's cancellation must not fail the others.
    return await asyncio.shield(_opening)


def _opened(task: asyncio.Task[Clients]) -> None:
    global _opening
    if _opening is task:
        _opening = None
    if not task.cancelled() and task.exception() is None:
        use(task.result())


async def close() -> None:
    """Close the clients of this process, if there are any; the next push opens new ones."""
    global _clients
    if _opening is not None:
        await asyncio.wait([_opening])
    closing, _clients = _clients, None
    if closing is not None:
        await closing.close()
