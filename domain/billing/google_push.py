"""Whether a push to our webhook comes from the Pub/Sub subscription that carries Google Play's notifications.

It bears an identity token of the service account that we have set up to push (spec: providers.md 6.3). Anybody can
have Google sign a token for themselves, so the account and the audience count as much as the signature.
"""

from __future__ import annotations

import asyncio
import hmac
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509 import load_pem_x509_certificate
from prometheus_client import Counter

from domain.accounts.connections import connections
from domain.accounts.provider_tokens import ALGORITHM, LEEWAY_SECONDS, read_header
from domain.kit.errors import Unauthenticated, Unavailable
from domain.kit.log import log
from domain.kit.settings import settings
from domain.kit.signing_keys import KeysUnavailable

_ISSUERS = ["https://accounts.google.com", "accounts.google.com"]
_REQUIRED = ["exp", "iat", "aud", "iss", "sub", "email", "email_verified"]
# Google waits for us; it had better come again than wait for its own certificates.
_KEY_SECONDS = 0.8

_refusals = Counter(
    "kuitter_google_play_pushes_refused", "Pushes to Google Play's webhook that were refused", ["reason"]
)


async def check_push(authorization: str | None) -> None:
    """Let the push with this Authorization header through.

    Raises Unauthenticated for one that is not Google Play's, Unavailable while Google's certificates cannot be had:
    then Google pushes again.
    """
    kind, _, token = (authorization or "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise _refused("no_token")
    try:
        kid = read_header(token)
    except Unauthenticated:
        raise _refused("malformed") from None
    try:
        async with asyncio.timeout(_KEY_SECONDS):
            # The same certificates that identity tokens of people are checked by, fetched once for both.
            certificate = await connections().google.get(kid)
    except (KeysUnavailable, TimeoutError):
        raise Unavailable("Google's certificates cannot be had at the moment.") from None
    if certificate is None:
        raise _refused("unknown_key")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(certificate),  # type: ignore[arg-type]
            algorithms=[ALGORITHM],
            audience=settings().google_play_push_audience,
            issuer=_ISSUERS,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise _refused(type(error).__name__) from None
    if claims["email_verified"] is not True or not _is_ours(claims["email"]):
        raise _refused("other_account")


@lru_cache(maxsize=8)
def _key(certificate: str) -> CertificatePublicKeyTypes:
    return load_pem_x509_certificate(certificate.encode()).public_key()


def _is_ours(email: object) -> bool:
    expected = settings().google_play_push_account
    return isinstance(email, str) and hmac.compare_digest(email.encode(), expected.encode())


def _refused(reason: str) -> Unauthenticated:
    log().warning("google_play.push_refused", reason=reason)
    _refusals.labels(reason).inc()
    return Unauthenticated("This push cannot be accepted.")
