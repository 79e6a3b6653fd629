"""Reading environment variables: one at a time, with words for a person about what is wrong with each.

A value itself may be a secret, so no message ever holds one.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
import ssl
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

T = TypeVar("T")

DEVELOPMENT = "development"
PRODUCTION = "production"


class SettingError(Exception):
    """A setting is missing or unusable; the text is the one line that the operator reads."""


class Reader:
    """Takes one variable at a time and says what is wrong with it in a person's words."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.production = environ.get("KUITTER_ENV", "").strip() == PRODUCTION

    def fail(self, name: str, why: str, purpose: str, example: str) -> NoReturn:
        raise SettingError(f"{name} {why}: {purpose}. Example: {name}={example}")

    def get(
        self,
        name: str,
        purpose: str,
        example: str,
        parse: Callable[[str], T],
        default: T | None = None,
        *,
        required_in_production: bool = False,
    ) -> T:
        text = self.environ.get(name, "").strip()
        if not text:
            if default is None or (required_in_production and self.production):
                self.fail(name, "is not set", purpose, example)
            return default
        try:
            return parse(text)
        except (ValueError, TypeError, KeyError, OSError, msgspec.MsgspecError) as error:
            # The value itself may be a secret: only the parser's own words are shown.
            reason = str(error) if isinstance(error, BadValue) else "cannot be read"
            self.fail(name, reason, purpose, example)

    def url(self, name: str, purpose: str, example: str, default: str | None, *schemes: str) -> str:
        def parse(text: str) -> str:
            parts = urlsplit(text)
            if parts.scheme not in schemes or not (parts.hostname or parts.query):
                raise BadValue(f"must be an address that starts with {' or '.join(s + '://' for s in schemes)}")
            if parts.scheme in ("redis", "rediss") and not (parts.path.strip("/") or "0").isdecimal():
                raise BadValue("must end with the number of a logical database")
            if self.production and parts.scheme == "http":
                raise BadValue("must be https in production (a plain-http provider is the sandbox)")
            return text.rstrip("/")

        return self.get(name, purpose, example, parse, default)


class BadValue(ValueError):
    """A parser's own complaint, safe to print."""


def number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise BadValue("must be a number") from None
        if not low <= value <= high:
            raise BadValue(f"must lie between {low:g} and {high:g}")
        return value

    return parse


def integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise BadValue("must be a whole number") from None
        if not low <= value <= high:
            raise BadValue(f"must lie between {low} and {high}")
        return value

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise BadValue(f"must be one of {', '.join(words)}")
        return text

    return parse


def switch(text: str) -> bool:
    return one_of("on", "off")(text) == "on"


def words(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        words = tuple(word.strip() for word in text.split(",") if word.strip())
        if not words or any(word not in allowed for word in words):
            raise BadValue(f"must be a comma-separated choice of {', '.join(allowed)}")
        return words

    return parse


def ids(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise BadValue("must be comma-separated ids")
    return found


def mailbox(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) or not text.isprintable():
        raise BadValue("must be an e-mail address")
    return text


def sender(text: str) -> str:
    name, address = parseaddr(text)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", address) or not (name + address).isprintable():
        raise BadValue("must be a name and an address")
    return text


def networks(text: str) -> tuple[str, ...]:
    if text == "none":
        return ()
    try:
        return tuple(str(ipaddress.ip_network(part.strip(), strict=False)) for part in text.split(",") if part.strip())
    except ValueError:
        raise BadValue("must be comma-separated networks") from None


def smtp(*, production: bool) -> Callable[[str], str]:
    def parse(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname:
            raise BadValue("must be an address that starts with smtps://, smtp+starttls:// or smtp://")
        if production and parts.scheme == "smtp":
            raise BadValue("must be smtps:// or smtp+starttls:// in production")
        _ = parts.port  # one that is no number fails here and not with the first mail
        return text

    return parse


def secret_keys(text: str) -> tuple[tuple[str, bytes], ...]:
    keys: list[tuple[str, bytes]] = []
    for part in text.split(","):
        kid, _, secret = part.strip().partition(":")
        try:
            raw = base64.b64decode(secret, validate=True)
        except (binascii.Error, ValueError):
            raise BadValue("must be name:base64 pairs, comma-separated") from None
        if not kid or len(raw) < 32:
            raise BadValue("needs a name and at least 32 bytes of secret in each pair")
        keys.append((kid, raw))
    if len({kid for kid, _ in keys}) != len(keys):
        raise BadValue("names a key twice")
    return tuple(keys)


def json_or_file(text: str) -> dict[str, str]:
    body = text if text.startswith("{") else Path(text).read_text()
    loaded: dict[str, Any] = json.loads(body)
    for key in ("project_id", "client_email", "private_key"):
        if not loaded.get(key):
            raise BadValue(f"lacks {key}")
    return {key: str(value) for key, value in loaded.items()}


def pem_or_file(text: str) -> str:
    body = text if text.startswith("-----BEGIN") else Path(text).read_text()
    if "PRIVATE KEY" not in body:
        raise BadValue("is not a PEM private key")
    return body.replace("\\n", "\n")


def certificates(text: str) -> tuple[bytes, ...]:
    """Certificates as DER, from files that hold one each."""
    return tuple(_certificate(Path(part.strip()).read_bytes()) for part in ids(text))


def _certificate(content: bytes) -> bytes:
    if b"-----BEGIN CERTIFICATE-----" in content:
        try:
            content = ssl.PEM_cert_to_DER_cert(content.decode("latin-1").strip())
        except ValueError:
            raise BadValue("names a file that holds no single certificate") from None
    # A certificate is a sequence (0x30) of more than 255 bytes, whose length takes two bytes (0x82).
    if content[:2] != b"\x30\x82":
        raise BadValue("names a file that holds no single certificate")
    return content


def uuid_text(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BadValue("must be a UUID") from None
