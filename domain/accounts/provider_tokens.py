"""What a provider's identity token proves, and what all such tokens have in common."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import jwt
import msgspec

from domain.accounts.emails import normalize_email
from domain.accounts.one_time import token_mark
from domain.kit.errors import InvalidRequest, Unauthenticated, Unavailable

Provider = Literal["google", "apple"]

_LONGEST_TOKEN = 8192
_LONGEST_SUBJECT = 255
ALGORITHM = "RS256"
# Clocks differ (spec: providers.md 4).
LEEWAY_SECONDS = 10


class Proven(msgspec.Struct, frozen=True):
    """Who it is, in the provider's words. `email_verified` is the provider's claim about its address.

    `mark` is there for a token with a nonce: such a one is good once.
    """

    provider: Provider
    subject: str
    client_id: str
    email: str | None
    email_verified: bool
    issued_at: datetime
    expires_at: datetime
    mark: bytes | None


def read_header(token: str) -> str:
    """The `kid` of a token. Raises Unauthenticated for what is none, or is signed by any algorithm but RS256."""
    if not token.isascii() or len(token) > _LONGEST_TOKEN:
        raise refused()
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise refused() from None
    kid = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(kid, str) or not kid:
        raise refused()
    return kid


def proven(provider: Provider, token: str, claims: Mapping[str, Any], nonce: str | None) -> Proven:
    """What the claims of a token say whose signature, issuer, audience and times are right.

    `nonce` is the raw one that the app made; the token has it as it is or as its SHA-256 in hex. Raises
    Unauthenticated when it is not the token's, or the subject is not a name that we can keep.
    """
    subject, claimed = claims.get("sub"), claims.get("nonce")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or "\x00" in subject:
        raise refused()
    if claimed is not None and not isinstance(claimed, str):
        raise refused()
    if nonce is not None and not _same_nonce(claimed or "", nonce):
        raise refused()
    email = _email(claims.get("email"))
    return Proven(
        provider=provider,
        subject=subject,
        client_id=str(claims["aud"]),
        email=email,
        # Apple says it as a word, sometimes.
        email_verified=email is not None and claims.get("email_verified") in (True, "true"),
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        # What is signed cannot be written in another way; the signature after it could.
        mark=token_mark(provider, token.rpartition(".")[0]) if claimed else None,
    )


def _same_nonce(claimed: str, nonce: str) -> bool:
    hashed = hashlib.sha256(nonce.encode()).hexdigest()
    same = [hmac.compare_digest(claimed.encode(), expected.encode()) for expected in (nonce, hashed)]
    return any(same) and nonce != ""


def _email(claim: object) -> str | None:
    try:
        return normalize_email(claim) if isinstance(claim, str) else None
    except InvalidRequest:
        return None


def refused() -> Unauthenticated:
    """The same words for all that can be wrong with a token: whoever makes one up learns nothing."""
    return Unauthenticated("This identity token cannot be accepted.")


def used_before() -> Unauthenticated:
    return Unauthenticated("This identity token was used before. Ask the provider for a new one.")


def provider_away() -> Unavailable:
    return Unavailable("The sign-in provider cannot be reached at the moment. Try again shortly.")
