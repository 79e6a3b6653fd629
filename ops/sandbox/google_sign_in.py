"""Sign in with Google: the certificates at `/google/certs` and `/google/v3/certs`, and identity tokens on request.

A token's `sub`, name and picture follow from the e-mail address, so a person is the same one each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from typing import Any

import msgspec

from ops.sandbox.credentials import GOOGLE_CLIENT_IDS
from ops.sandbox.signing import Keyring, TokenOrder
from ops.sandbox.wire import Answer, ControlHandler, Provider, Request, json_answer, problem

ISSUER = "https://accounts.google.com"
LIFETIME = 3600
# An Android app asks for a token for the server and is itself named as the party that it was given to.
ANDROID_CLIENT_ID = "100000000001-kuitterdroid.apps.googleusercontent.com"
_COMMON_NAME = "federated-signon.system.gserviceaccount.com"
_MAX_AGE = (b"cache-control", b"public, max-age=19800, must-revalidate, no-transform")
_GIVEN_NAMES = "Agnes Boris Clara Dmitri Edith Felix Greta Hugo Irma Jonas Klara Leon Martha Nils Olga Pavel".split()


class GoogleSignIn(Provider):
    """`GET /google/certs` (certificates by key id) and `GET /google/v3/certs` (a key set): the same keys twice."""

    name = "google"
    prefixes = ("/google/certs", "/google/v3/certs")

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys

    def answer(self, request: Request) -> Answer:
        if request.path not in self.prefixes:
            return _error(404)
        if request.method != "GET":
            return _error(405)
        if request.path == "/google/v3/certs":
            return json_answer(200, self._keys.jwks(), [_MAX_AGE])
        return json_answer(200, self._keys.certificates(_COMMON_NAME), [_MAX_AGE])

    def refusal(self, status: int, request: Request) -> Answer:
        return _error(status)

    def control_routes(self) -> dict[tuple[str, str], ControlHandler]:
        return {
            ("POST", "/_control/google/id-token"): self._id_token,
            ("POST", "/_control/google/rotate-keys"): self._rotate,
        }

    async def _id_token(self, request: Request) -> Answer:
        try:
            order = msgspec.json.decode(request.body, type=TokenOrder)
        except (msgspec.DecodeError, RecursionError) as error:
            return problem(400, "Bad token order", str(error))
        claims = _claims(order)
        token = await asyncio.to_thread(self._keys.sign, claims, order.key)
        return json_answer(200, {"id_token": token, "sub": claims["sub"]})

    async def _rotate(self, _: Request) -> Answer:
        return json_answer(200, {"kid": await asyncio.to_thread(self._keys.rotate)})


def _claims(order: TokenOrder) -> dict[str, Any]:
    digest = hashlib.sha256(f"google {order.person}".encode()).digest()
    web, _ = GOOGLE_CLIENT_IDS
    audience = order.audience or web
    given, family = _GIVEN_NAMES[digest[0] % len(_GIVEN_NAMES)], f"Sandbox{digest[1:5].hex()}"
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "azp": ANDROID_CLIENT_ID if audience == web else audience,
        "aud": audience,
        "sub": order.sub or f"1{int.from_bytes(digest[8:16], 'big'):020}",
    }
    if order.email is not None:
        claims |= {"email": order.email, "email_verified": order.email_verified}
    if order.nonce is not None:
        claims["nonce"] = order.nonce
    # What the app must never show to anybody else.
    return claims | {
        "name": f"{given} {family}",
        "picture": f"https://lh3.googleusercontent.com/a/{digest[16:].hex()}=s96-c",
        "given_name": given,
        "family_name": family,
        **order.times(LIFETIME),
        "jti": uuid.uuid4().hex,
    }


def _error(status: int) -> Answer:
    return json_answer(status, {"error": {"code": status, "message": "The request failed."}})
