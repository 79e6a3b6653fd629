"""E-mail addresses as keys: one spelling an address."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

import regex

from domain.accounts.keys import keyring
from domain.kit.errors import InvalidRequest

# Quotes, commas and brackets would make one mailbox look like many, or two. A label of the domain is letters and digits
# of any script, with hyphens inside; the last begins with a letter.
_HIDDEN = regex.compile(r"\p{Cf}")
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_SHAPE = re.compile(rf"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]{{1,64}}@(?:{_LABEL}\.)+(?=[^\W\d_]){_LABEL}")


def normalize_email(text: str, *, field: str = "email") -> str:
    """`text` in NFKC and lower case. Raises InvalidRequest if it cannot be an address."""
    # Bounded before it is normalised, which takes quadratic time for a heap of accents.
    email = unicodedata.normalize("NFKC", text).strip().lower() if len(text) <= 320 else ""
    if len(email) > 254 or not _SHAPE.fullmatch(email) or ".." in email or _HIDDEN.search(email):
        raise InvalidRequest("must be an e-mail address", field=field)
    return email


def email_digest(email: str) -> str:
    """A name for the address in Redis, keyed: whoever reads it must not learn by a dictionary who is here."""
    return hmac.digest(keyring("emails")[0][1], email.encode(), hashlib.sha256).hex()
