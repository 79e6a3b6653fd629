"""Tokens of Google and Apple, good and bad, and the mails that arrived: what the tests of signing in share."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import time
from pathlib import Path
from typing import Any

import httpx2
import jwt
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ABOUT = {"birth_date": "1990-05-17", "timezone": "Europe/Berlin", "accepted_terms": True}
PATHS = {"google": ("/v1/auth/google", "id_token"), "apple": ("/v1/auth/apple", "identity_token")}


async def google_token(sandbox: httpx2.AsyncClient, email: str | None = "me@example.org", **order: Any) -> str:
    return str((await ordered(sandbox, "google", email=email, **order))["id_token"])


async def apple_token(sandbox: httpx2.AsyncClient, email: str | None = "me@example.org", **order: Any) -> str:
    return str((await ordered(sandbox, "apple", email=email, **order))["identity_token"])


async def ordered(sandbox: httpx2.AsyncClient, provider: str, **order: Any) -> dict[str, Any]:
    """What the sandbox makes to order."""
    path = "/_control/google/id-token" if provider == "google" else "/_control/apple/identity-token"
    response = await sandbox.post(path, json={name: value for name, value in order.items() if value is not None})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def token_of(sandbox: httpx2.AsyncClient, provider: str, **order: Any) -> str:
    answer = await ordered(sandbox, provider, **{"email": "me@example.org", **order})
    return str(answer["id_token" if provider == "google" else "identity_token"])


async def come_in(api: Any, provider: str, token: str, about: dict[str, Any] | None = None, **fields: Any) -> Any:
    """Sign in with a token; as a new person unless `about` is {}."""
    path, field = PATHS[provider]
    headers = fields.pop("headers", None)
    body = {field: token, **(ABOUT if about is None else about), **fields}
    return await api("POST", path, json=body, headers=headers)


def bearer(signed_in: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {signed_in['access_token']}"}


class Forger:
    """Makes tokens that the sandbox would not."""

    def __init__(self, provider: str, good: str, published: dict[str, Any]) -> None:
        self.provider = provider
        self.claims: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
        self.header = jwt.get_unverified_header(good)
        self._published = published

    def by_the_provider(self, without: tuple[str, ...] = (), **claims: Any) -> str:
        """With other claims, signed as the provider signs."""
        from ops.sandbox.credentials import load

        credentials = load(Path(os.environ["DATA_DIR"]))
        keys = credentials.google_sign_in_keys if self.provider == "google" else credentials.apple_sign_in_keys
        numbers = keys[-1].public_key().public_numbers()
        kid = next(kid for kid, key in self._published.items() if key.public_numbers() == numbers)
        said = {name: value for name, value in {**self.claims, **claims}.items() if name not in without}
        return jwt.encode(said, keys[-1], algorithm="RS256", headers={"kid": kid})

    def by_nobody(self) -> str:
        return f"{_part({**self.header, 'alg': 'none'})}.{_part(self.claims)}."

    def by_public_key(self) -> str:
        """HS256, with what everybody can read as the secret."""
        key = self._published[self.header["kid"]]
        secret = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        body = f"{_part({**self.header, 'alg': 'HS256'})}.{_part(self.claims)}"
        return f"{body}.{_base64url(hmac.digest(secret, body.encode(), hashlib.sha256))}"


async def forger(sandbox: httpx2.AsyncClient, provider: str) -> Forger:
    good = await token_of(sandbox, provider)
    published: dict[str, Any]
    if provider == "google":
        certificates = (await sandbox.get("/google/certs")).json()
        published = {
            kid: x509.load_pem_x509_certificate(pem.encode()).public_key() for kid, pem in certificates.items()
        }
    else:
        key_set = jwt.PyJWKSet.from_dict((await sandbox.get("/apple/auth/keys")).json())
        published = {key.key_id: key.key for key in key_set.keys if key.key_id}
    return Forger(provider, good, published)


async def fetches(sandbox: httpx2.AsyncClient, provider: str) -> int:
    """How often the provider's keys were asked for."""
    sent = (await sandbox.get("/_control/sent", params={"provider": provider})).json()["items"]
    return sum(1 for item in sent if item["path"] in ("/google/certs", "/apple/auth/keys"))


async def mails(sandbox: httpx2.AsyncClient, to: str | None = None) -> list[dict[str, Any]]:
    """The mails that arrived, oldest first."""
    sent = (await sandbox.get("/_control/sent", params={"provider": "smtp"})).json()["items"]
    return [item for item in sent if to is None or item["body"]["to"] == to]


async def mailed_code(sandbox: httpx2.AsyncClient, to: str) -> str:
    """The code of the newest mail to somebody: the only run of six digits in its text."""
    body = (await mails(sandbox, to))[-1]["body"]
    (code,) = re.findall(r"(?<!\d)\d{6}(?!\d)", body["text"])
    return str(code)


def wrong(code: str) -> str:
    """Another code than `code`."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def later(seconds: int) -> int:
    return int(time.time()) + seconds


def _part(value: Any) -> str:
    return _base64url(msgspec.json.encode(value))


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
