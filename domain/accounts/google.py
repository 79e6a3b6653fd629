"""Identity tokens of Google, by its own library: google-auth verifies, we fetch the certificates (providers.md 4)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import id_token

from domain.accounts.connections import connections
from domain.accounts.provider_tokens import (
    LEEWAY_SECONDS,
    Proven,
    proven,
    provider_away,
    read_header,
    refused,
)
from domain.kit.log import log
from domain.kit.settings import settings
from domain.kit.signing_keys import KeysUnavailable


async def verify_google(token: str, nonce: str | None) -> Proven:
    """What a Google identity token for one of GOOGLE_CLIENT_IDS proves.

    Raises Unauthenticated for one that cannot be accepted, Unavailable while Google's certificates cannot be had.
    """
    kid = read_header(token)
    try:
        certificate = await connections().google.get(kid)
    except KeysUnavailable:
        raise provider_away() from None
    if certificate is None:
        log().info("google.token_refused", reason="unknown_key")
        raise refused()
    return proven("google", token, _claims(token, {kid: certificate}), nonce)


def _claims(token: str, certificates: dict[str, str]) -> dict[str, Any]:
    """Verify, in some 100 µs and without I/O: what the library would fetch is handed to it from memory."""
    answer = SimpleNamespace(status=200, headers={}, data=msgspec.json.encode(certificates))
    try:
        claims: dict[str, Any] = id_token.verify_oauth2_token(  # type: ignore[no-untyped-call]
            token,
            lambda url, method="GET", **more: answer,
            audience=list(settings().google_client_ids),
            clock_skew_in_seconds=LEEWAY_SECONDS,
        )
    # The library lets some errors of odd tokens through as they come; a wrong issuer is no ValueError.
    except (GoogleAuthError, ValueError, KeyError, TypeError, AttributeError) as error:
        log().info("google.token_refused", reason=type(error).__name__)
        raise refused() from None
    return claims
