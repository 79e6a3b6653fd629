"""A mail as a person reads it: sender, subject, text and HTML, whatever encodings they came in."""

from __future__ import annotations

from collections.abc import Sequence
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser

import msgspec

from ops.sandbox.wire import Headers

LINE_LIMIT = 998
# RFC 5322 has each of these at most once; twice means that somebody's input got into the header.
_SINGLE = ("from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id")


class Mail(msgspec.Struct):
    """What the journal and the page show."""

    sender: str = msgspec.field(name="from")
    to: str
    """Who gets it, from the envelope; what the header says may be another matter."""
    subject: str = ""
    text: str = ""
    html: str | None = None


class BadMailError(Exception):
    """No mail server of repute would take this; the message is an SMTP reply."""


def read(raw: bytes, sender: str, recipients: Sequence[str], *, utf8: bool) -> tuple[Mail, Headers]:
    """Decode what came over the wire. `utf8` says whether the headers may be anything but ASCII.

    Raises BadMailError for a mail that breaks the rules.
    """
    head = raw.partition(b"\r\n\r\n")[0]
    if not utf8 and not head.isascii():
        raise BadMailError("554 5.6.7 Headers beyond ASCII need SMTPUTF8")
    if any(len(line) > LINE_LIMIT for line in raw.split(b"\r\n")):
        raise BadMailError(f"554 5.6.0 A line is longer than {LINE_LIMIT} bytes")
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    names = [name.lower() for name in message.keys()]  # noqa: SIM118 - a message is no mapping: names repeat
    for name in _SINGLE:
        if names.count(name) > 1:
            raise BadMailError(f"550 5.7.1 More than one {name.title()} header")
    if not _header(message, "from"):
        raise BadMailError("550 5.7.1 There is no From header")
    mail = Mail(_header(message, "from") or sender, ", ".join(recipients), _header(message, "subject"))
    mail.text = _content(message, "plain") or ""
    mail.html = _content(message, "html")
    headers = [(name.encode(), _header(message, name).encode()) for name in dict.fromkeys(names) if name.isascii()]
    return mail, headers


def _header(message: EmailMessage, name: str) -> str:
    """A header decoded and on one line. The library gives up on some that are malformed."""
    try:
        values = message.get_all(name, [])
        return ", ".join(" ".join(str(value).encode(errors="replace").decode().split()) for value in values)
    except (MessageError, ValueError, IndexError, AttributeError):
        return ""


def _content(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        content = part.get_content()
    except (LookupError, ValueError):
        payload = part.get_payload(decode=True)
        content = payload.decode("latin-1") if isinstance(payload, bytes) else ""
    return str(content).encode(errors="replace").decode().replace("\r\n", "\n")
