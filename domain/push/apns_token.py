"""The provider token that signs for our team at Apple's push service."""

from __future__ import annotations

from collections.abc import Callable

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from domain.kit.environment import SettingError
from domain.kit.settings import Settings

# Apple: not older than 60 minutes, not newer than the one before by less than 20 (spec: providers.md 3.1).
_RENEW_AFTER = 45 * 60
_RENEW_NEVER_BEFORE = 20 * 60


class ApnsToken:
    """One ES256 token, shared by all connections. `clock` gives real seconds since 1970.

    Raises SettingError when APNS_KEY is no P-256 private key.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._key = _p256_key(settings.apns_key)
        self._key_id = settings.apns_key_id
        self._team_id = settings.apns_team_id
        self._clock = clock
        self._token: str | None = None
        self._minted_at = 0.0

    def current(self) -> str:
        """The token to send with now; a new one every 45 minutes."""
        if self._token is None or self._clock() - self._minted_at >= _RENEW_AFTER:
            return self._mint()
        return self._token

    def renewed(self, refused: str) -> str | None:
        """A token to use instead of `refused`, or None: ours is so new that Apple allows no other yet."""
        if self._token is not None and self._token != refused:
            return self._token
        if self._clock() - self._minted_at < _RENEW_NEVER_BEFORE:
            return None
        return self._mint()

    def _mint(self) -> str:
        now = self._clock()
        self._token = jwt.encode(
            {"iss": self._team_id, "iat": int(now)}, self._key, algorithm="ES256", headers={"kid": self._key_id}
        )
        self._minted_at = now
        return self._token


def _p256_key(pem: str) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise SettingError("APNS_KEY holds no P-256 private key that can be read: download the .p8 file again")
    return key
