"""The connections to Google and Apple that signing in needs, one set a process, opened when first used."""

from __future__ import annotations

from typing import Any

import httpx2

from domain.kit.own_client import OwnClient
from domain.kit.settings import settings
from domain.kit.signing_keys import SigningKeys, read_certificates, read_key_set


class Connections:
    """Bound to the event loop that it is used on."""

    def __init__(self) -> None:
        chosen = settings()
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


connections = OwnClient(Connections)
close = connections.close
