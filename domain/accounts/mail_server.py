"""Handing a mail to the mail server (SMTP, RFC 5321), and what its answer means for the job."""

from __future__ import annotations

import asyncio
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import errors

from domain.accounts.letters import Letter
from domain.accounts.mail_texts import write
from domain.kit.clock import real_now
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import Settings, settings

_STEP_SECONDS = 10.0
_TOTAL_SECONDS = 30.0
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


def make_message(letter: Letter, sender: str) -> EmailMessage:
    """The mail as it goes over the wire. Its Message-ID follows from the row, so that a repeat can be recognised."""
    name, address = parseaddr(sender)
    written = write(letter)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = letter.to
    message["Subject"] = written.subject
    message["Date"] = format_datetime(real_now())
    message["Message-ID"] = f"<{letter.id}@{address.rpartition('@')[2]}>"
    # RFC 3834: no holiday notes in answer, please.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(written.text)
    message.add_alternative(written.html, subtype="html")
    return message


async def send(letter: Letter, chosen: Settings | None = None) -> Answer:
    """Hand the mail over, within 30 seconds. Never raises for what the server does."""
    chosen = chosen or settings()
    server = urlsplit(chosen.smtp_url)
    message = make_message(letter, chosen.mail_from)
    try:
        async with asyncio.timeout(_TOTAL_SECONDS):
            await aiosmtplib.send(
                message,
                sender=parseaddr(chosen.mail_from)[1],
                recipients=[letter.to],
                hostname=server.hostname,
                port=server.port or _PORTS[server.scheme],
                username=unquote(server.username) if server.username else None,
                password=unquote(server.password) if server.password else None,
                use_tls=server.scheme == "smtps",
                start_tls=server.scheme == "smtp+starttls",
                # Otherwise the library looks the machine's name up, and greets with it.
                local_hostname=parseaddr(chosen.mail_from)[1].rpartition("@")[2],
                timeout=_STEP_SECONDS,
            )
    except TimeoutError:
        return Answer(Outcome.UNKNOWN_DELIVERY, "timeout")
    except (errors.SMTPException, OSError, ValueError) as error:
        return _meaning(error)
    return Answer(Outcome.OK, "sent", provider_id=str(letter.id))


def _meaning(error: Exception) -> Answer:
    """4yz passes, 5yz about a recipient or the contents stays (RFC 5321 4.2.1); a refused login or sender is ours."""
    if isinstance(error, errors.SMTPRecipientsRefused):
        return _by_status(error.recipients[0].code, Outcome.REJECTED) if error.recipients else _rejected("recipient")
    if isinstance(error, errors.SMTPAuthenticationError | errors.SMTPSenderRefused | errors.SMTPHeloError):
        return _by_status(error.code, Outcome.CONFIG)
    if isinstance(error, errors.SMTPConnectResponseError):
        return Answer(Outcome.TRANSIENT, f"smtp_{error.code}")
    if isinstance(error, errors.SMTPResponseException):
        return _by_status(error.code, Outcome.REJECTED)
    if isinstance(error, errors.SMTPServerDisconnected):
        return Answer(Outcome.UNKNOWN_DELIVERY, "disconnected")
    if isinstance(error, errors.SMTPConnectError | OSError):
        return Answer(Outcome.TRANSIENT, "transport")
    if isinstance(error, errors.SMTPException):
        # TLS or a login that the server does not have, or letters in an address that it cannot carry.
        return Answer(Outcome.CONFIG, "not_supported")
    return _rejected("message")


def _by_status(status: int, permanent: Outcome) -> Answer:
    return Answer(permanent if 500 <= status < 600 else Outcome.TRANSIENT, f"smtp_{status}")


def _rejected(code: str) -> Answer:
    return Answer(Outcome.REJECTED, code)
