"""The connections to Google and Apple that signing in needs, one set a process, opened when first used."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

from domain.kit.settings import settings
from domain.kit.signing_keys import SigningKeys, read_certificates, read_key_set


class Connections:
    """Bound to the event loop that it is used on."""

    def __init__(self) -> None:
        chosen = settings()
        self.loop = asyncio.get_running_loop()
        self.http = httpx2.AsyncClient(
            http2=True, trust_env=False, follow_redirects=False, timeout=httpx2.Timeout(10, connect=3, pool=5)
        )
        self.google: SigningKeys[str] = SigningKeys(self.http, chosen.google_certs_url, read_certificates)
        self.apple: SigningKeys[Any] = SigningKeys(self.http, f"{chosen.apple_auth_url}/auth/keys", read_key_set)

    async def close(self) -> None:
        """Close all connections. Afterwards the object is of no use."""
        await self.google.close()
        await self.apple.close()
        await self.http.aclose()


_connections: Connections | None = None


def connections() -> Connections:
    """The connections of this process."""
    global _connections
    if _connections is None or _connections.loop is not asyncio.get_running_loop():
        _connections = Connections()
    return _connections


async def close() -> None:
    """Close the connections of this process, if there are any; whoever needs one next opens new ones."""
    global _connections
    closing, _connections = _connections, None
    if closing is not None:
        await closing.close()
