"""E-mail addresses as keys: one spelling an address."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

from domain.accounts.keys import keyring
from domain.kit.errors import InvalidRequest

_SHAPE = re.compile(
    r"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]{1,64}@([^\s@.\x00-\x1f\x7f]{1,63}\.)+[^\s@.\d\x00-\x1f\x7f][^\s@.\x00-\x1f\x7f]{0,62}"
)


def normalize_email(text: str, *, field: str = "email") -> str:
    """`text` in NFKC and lower case. Raises InvalidRequest if it cannot be an address."""
    # Bounded before it is normalised, which takes quadratic time for a heap of accents.
    email = unicodedata.normalize("NFKC", text).strip().lower() if len(text) <= 320 else ""
    if len(email) > 254 or not _SHAPE.fullmatch(email) or ".." in email:
        raise InvalidRequest("must be an e-mail address", field=field)
    return email


def email_digest(email: str) -> str:
    """A name for the address in Redis, keyed: whoever reads it must not learn by a dictionary who is here."""
    return hmac.digest(keyring("emails")[0][1], email.encode(), hashlib.sha256).hex()
