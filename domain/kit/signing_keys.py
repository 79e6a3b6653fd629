"""The public keys that a provider signs with: fetched once for many, kept as long as it says.

Both Google's certificates and the key sets of Google and Apple (RFC 7517) are read; see spec: providers.md 4 and 5.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import httpx2
import jwt
import msgspec

from domain.kit.log import log

K = TypeVar("K")

_TOTAL_SECONDS = 5.0
_SHORTEST, _USUAL, _LONGEST = 60.0, 3600.0, 86_400.0
# While the provider is away its last keys serve for so long beyond their time.
_SPARE = 86_400.0
_PAUSE_AFTER_FAILURE = 10.0
# Tokens that name a key which nobody knows cost the provider one request in so many seconds.
_FORCED_EVERY = 30.0
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


class KeysUnavailable(Exception):
    """The keys could not be fetched, so that nothing can be said about a token."""


def read_certificates(body: bytes) -> Mapping[str, str]:
    """PEM certificates by key id. Raises MsgspecError."""
    return msgspec.json.decode(body, type=dict[str, str])


def read_key_set(body: bytes) -> Mapping[str, Any]:
    """RSA public keys of a JSON Web Key Set by key id. Raises PyJWTError, MsgspecError."""
    found = jwt.PyJWKSet.from_dict(msgspec.json.decode(body, type=dict[str, Any]))
    return {key.key_id: key.key for key in found.keys if key.key_id and key.key_type == "RSA"}


class SigningKeys(Generic[K]):
    """The keys at one address, shared by all coroutines of one event loop.

    `http` stays the caller's. `clock` gives seconds that only rise.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        url: str,
        read: Callable[[bytes], Mapping[str, K]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._url, self._read, self._clock = http, url, read, clock
        self._keys: Mapping[str, K] | None = None
        self._stale_at = 0.0
        self._useless_at = 0.0
        self._forced_at = -_FORCED_EVERY
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None

    async def get(self, kid: str) -> K | None:
        """The key named `kid`; None if the provider has no such key.

        However many ask at once, one request goes out. Raises KeysUnavailable if that cannot be known now.
        """
        if self._keys is None or self._clock() >= self._stale_at:
            try:
                await self._fetch_once()
            except KeysUnavailable:
                if self._keys is None or self._clock() >= self._useless_at:
                    raise
                self._stale_at = self._clock() + _PAUSE_AFTER_FAILURE
        assert self._keys is not None
        if kid not in self._keys:
            under_way = self._fetching is not None and not self._fetching.done()
            if under_way or self._clock() - self._forced_at >= _FORCED_EVERY:
                if not under_way:
                    self._forced_at = self._clock()
                await self._fetch_once()
            elif self._failed:
                raise KeysUnavailable
        return self._keys.get(kid)

    async def close(self) -> None:
        """End a request that is under way; the http client stays open."""
        if self._fetching is not None and not self._fetching.done():
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def _fetch_once(self) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch(), name="signing-keys")
            self._fetching.add_done_callback(_look_at_error)
        # Shielded: one caller's cancellation must not fail the others.
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        self._failed = True
        try:
            async with asyncio.timeout(_TOTAL_SECONDS):
                response = await self._http.get(self._url)
            if response.status_code != 200:
                log().warning("signing_keys.refused", status=response.status_code)
                raise KeysUnavailable
            keys = self._read(response.content)
        except (TimeoutError, httpx2.RequestError, msgspec.MsgspecError, jwt.PyJWTError, UnicodeDecodeError) as error:
            log().warning("signing_keys.unavailable", error=error)
            raise KeysUnavailable from None
        life = _life(response.headers)
        self._keys, self._failed = keys, False
        self._stale_at = self._clock() + life
        self._useless_at = self._stale_at + _SPARE


def _life(headers: Mapping[str, str]) -> float:
    """Seconds that an answer may be kept (RFC 9111: max-age less Age), between a minute and a day."""
    found = _MAX_AGE.search(headers.get("cache-control", ""))
    age = headers.get("age", "")
    seconds = float(found.group(1)) if found else _USUAL
    return min(max(seconds - (float(age) if age.isdecimal() else 0.0), _SHORTEST), _LONGEST)


def _look_at_error(task: asyncio.Task[None]) -> None:
    """Waiters that were cancelled never look: without this asyncio would print the error as lost."""
    if not task.cancelled():
        task.exception()
