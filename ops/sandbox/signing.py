"""The keys that a sign-in provider signs with, published as it publishes them."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import jwt
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from msgspec import Meta

from ops.sandbox.credentials import new_rsa_key

PUBLISHED = 6
_DECADE = 315_360_000

WrongKey = Literal["unknown", "foreign"]


class TokenOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What a tester says about an identity token; everything else follows from the e-mail address."""

    email: str | None = None
    """May be left out when there is a `sub`, for a person who does not share it."""
    sub: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    email_verified: bool | Literal["true", "false"] = True
    """Given as text it is written as text."""
    audience: Annotated[str, Meta(min_length=1)] | None = None
    nonce: str | None = None
    """As the app made it, before any hashing."""
    expires_in: Annotated[int, Meta(ge=-_DECADE, le=_DECADE)] | None = None
    """Seconds from now; below zero for a token that has run out."""
    key: WrongKey | None = None
    """`unknown`: signed by a key that is not published. `foreign`: that same key under a published key's name."""

    def __post_init__(self) -> None:
        if self.sub is None and not (self.email or "").strip():
            raise ValueError("email or sub is needed")

    @property
    def person(self) -> str:
        """What tells this person from any other."""
        return (self.email or "").strip().lower() or str(self.sub)

    def times(self, lifetime: int) -> dict[str, int]:
        """`iat` and `exp`. A token that has run out was issued before that, like a real one."""
        now = int(time.time())
        expires = now + (lifetime if self.expires_in is None else self.expires_in)
        return {"iat": min(now, expires - 1), "exp": expires}


class Keyring:
    """Several keys are published, oldest first, and the newest signs: nobody gets by with the first one there is."""

    def __init__(self, keys: Sequence[rsa.RSAPrivateKey], name_of: Callable[[bytes], str]) -> None:
        """`name_of` makes a key's id from the hash of its public half."""
        self._name_of = name_of
        self._keys = {self._kid(key): key for key in keys}
        self._certificates: dict[str, str] = {}
        self._stray: rsa.RSAPrivateKey | None = None

    @property
    def kid(self) -> str:
        """The id of the key that signs now."""
        return next(reversed(self._keys))

    def sign(self, claims: dict[str, Any], wrong_key: WrongKey | None = None) -> str:
        """A JWT with these claims, by the signing key unless a wrong one is asked for."""
        key, kid = self._keys[self.kid], self.kid
        if wrong_key is not None:
            key = self._stray = self._stray or new_rsa_key()
            kid = kid if wrong_key == "foreign" else self._kid(key)
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})

    def rotate(self) -> str:
        """Sign with a new key from now on; returns its id. Those before it stay published, but not without end."""
        key = new_rsa_key()
        self._keys[self._kid(key)] = key
        while len(self._keys) > PUBLISHED:
            del self._keys[next(iter(self._keys))]
        return self.kid

    def jwks(self) -> dict[str, Any]:
        """The public halves as a JSON Web Key Set."""
        return {"keys": [_jwk(kid, key.public_key().public_numbers()) for kid, key in self._keys.items()]}

    def certificates(self, common_name: str) -> dict[str, str]:
        """The public halves as self-signed certificates in PEM, by key id."""
        for kid, key in self._keys.items():
            if kid not in self._certificates:
                self._certificates[kid] = _certificate(key, common_name)
        return {kid: self._certificates[kid] for kid in self._keys}

    def _kid(self, key: rsa.RSAPrivateKey) -> str:
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return self._name_of(hashlib.sha256(public).digest())


def half_hash(value: str) -> str:
    """The left half of a SHA-256 in base64url, as `at_hash` and `c_hash` have it."""
    return _base64url(hashlib.sha256(value.encode()).digest()[:16])


def _jwk(kid: str, numbers: rsa.RSAPublicNumbers) -> dict[str, str]:
    key = {"n": numbers.n, "e": numbers.e}
    parts = {name: _base64url(value.to_bytes((value.bit_length() + 7) // 8, "big")) for name, value in key.items()}
    return {"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", **parts}


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _certificate(key: rsa.RSAPrivateKey, common_name: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(secrets.randbits(64) | 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
