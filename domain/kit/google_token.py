"""Access tokens for Google's APIs, minted for a service account without blocking the event loop.

google-auth would do it with blocking requests and tell a second Google host about each token (spec: providers.md 0.3).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import httpx2
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from domain.kit.environment import SettingError
from domain.kit.providers import Answer, Outcome, oauth_refusal

FIREBASE_MESSAGING = "https://www.googleapis.com/auth/firebase.messaging"
ANDROID_PUBLISHER = "https://www.googleapis.com/auth/androidpublisher"

# What Google wants in the assertion, wherever it is posted to (spec: providers.md 2.2).
_AUDIENCE = "https://oauth2.googleapis.com/token"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_REFRESH_EARLY = 300.0
_PAUSE_AFTER_FAILURE = 10.0
_TOTAL_SECONDS = 10.0


class TokenUnavailable(Exception):
    """No access token could be had; `answer` says why (CONFIG or TRANSIENT)."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


class GoogleToken:
    """The access token of one service account and one scope, shared by all coroutines of one event loop.

    `http` stays the caller's: it is neither configured nor closed here. `clock` gives real seconds since 1970.
    Raises SettingError when the account's private key cannot be read.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        *,
        url: str,
        account: Mapping[str, str],
        scope: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._url = url
        self._account = account
        self._scope = scope
        self._clock = clock
        self._key = _rsa_key(account["private_key"])
        self._token: str | None = None
        self._refresh_at = 0.0
        self._expires_at = 0.0
        self._minting: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """A token that is good for the next minutes.

        It is replaced 5 minutes before it expires; however many ask at once, one request goes out. While the endpoint
        is away the old one serves until it really expires. Raises TokenUnavailable.
        """
        if self._token is not None and self._clock() < self._refresh_at:
            return self._token
        if self._minting is None or self._minting.done():
            self._minting = asyncio.create_task(self._mint())
            self._minting.add_done_callback(_look_at_error)
        # Shielded: one caller's cancellation must not fail the others.
        return await asyncio.shield(self._minting)

    def invalidate(self, token: str) -> None:
        """Forget `token` because an API refused it. A newer one stays, so many refusals cost one new token."""
        if self._token == token:
            self._token = None

    async def close(self) -> None:
        """End a request that is under way; the http client stays open."""
        if self._minting is not None and not self._minting.done():
            self._minting.cancel()
            await asyncio.wait([self._minting])

    async def _mint(self) -> str:
        try:
            granted = await self._request()
        except TokenUnavailable as error:
            now = self._clock()
            if error.answer.outcome is Outcome.TRANSIENT and self._token is not None and now < self._expires_at:
                self._refresh_at = min(now + _PAUSE_AFTER_FAILURE, self._expires_at)
                return self._token
            raise
        now = self._clock()
        self._token = granted.access_token
        self._expires_at = now + granted.expires_in
        self._refresh_at = now + max(granted.expires_in - _REFRESH_EARLY, granted.expires_in / 2)
        return granted.access_token

    async def _request(self) -> _Granted:
        try:
            async with asyncio.timeout(_TOTAL_SECONDS):
                response = await self._http.post(self._url, data={"grant_type": _GRANT, "assertion": self._assertion()})
        except (TimeoutError, httpx2.TimeoutException):
            raise TokenUnavailable(Answer(Outcome.TRANSIENT, "token_timeout")) from None
        except httpx2.RequestError:
            raise TokenUnavailable(Answer(Outcome.TRANSIENT, "token_transport")) from None
        if response.status_code != 200:
            raise TokenUnavailable(
                oauth_refusal(response.status_code, response.headers, response.content, word="token_http")
            )
        try:
            granted = msgspec.json.decode(response.content, type=_Granted, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            granted = _Granted("")
        if not granted.access_token or granted.expires_in <= 0:
            raise TokenUnavailable(Answer(Outcome.TRANSIENT, "token_bad_answer"))
        return granted

    def _assertion(self) -> str:
        now = int(self._clock())
        claims = {
            "iss": self._account["client_email"],
            "scope": self._scope,
            "aud": _AUDIENCE,
            "iat": now,
            "exp": now + 3600,
        }
        kid = self._account.get("private_key_id")
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": kid} if kid else None)


def _rsa_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise SettingError("GOOGLE_SERVICE_ACCOUNT holds no RSA private key that can be read: download the key again")
    return key


def _look_at_error(task: asyncio.Task[str]) -> None:
    """Waiters that were cancelled never look: without this asyncio would print the error as lost."""
    if not task.cancelled():
        task.exception()
