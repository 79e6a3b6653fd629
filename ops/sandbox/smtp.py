"""The mail server, on the port after the sandbox's own.

It takes mail for any address and delivers none: each mail becomes an item of the journal. With or without a login;
a wrong one is refused. Where the RFCs and the big mail providers agree that something is refused, it is refused here.

A fault meets a mail at its recipient (path `/rcpt`) or at its end (path `/data`), so `match` can aim at either;
without one it strikes at the recipient, which comes first. There is an item for each attempt that it ruins, too.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
import traceback
from typing import NoReturn

import msgspec

from ops.sandbox.credentials import HOST, MAIL_LOGIN
from ops.sandbox.faults import Fault, Faults
from ops.sandbox.journal import Journal
from ops.sandbox.mail import BadMailError, Mail, read
from ops.sandbox.wire import Answer, Headers, Provider, Request

SIZE_LIMIT = 10 * 1024 * 1024
RECIPIENTS_LIMIT = 100
IDLE_SECONDS = 300
_NAME = "mail.kuitter.test"
_COMMAND_LIMIT = 12_288
_EXTENSIONS = ("PIPELINING", f"SIZE {SIZE_LIMIT}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN")
_TOO_LARGE = "552 5.3.4 Too large"
_PATH = re.compile(r" ?<([^<>]*)>(?: +(.*))?")
_LOCAL = r"(?:[^\s\"(),:;<>@\[\\\]\x00-\x20\x7f]+|\"(?:[^\"\\\r\n]|\\.)*\")"
_LABEL = r"[^\W_](?:[\w\-]*[^\W_])?"
_ADDRESS = re.compile(rf"({_LOCAL})@({_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:.]+\])")
_TEXTS = {250: "2.0.0 Go on", 421: "4.3.2 Service shutting down", 450: "4.2.1 Mailbox busy, try again",
          451: "4.3.0 Try again later", 452: "4.2.2 Out of room", 550: "5.1.1 No such user here",
          552: "5.2.2 Mailbox full", 554: "5.7.1 Refused"}  # fmt: skip


class Smtp(Provider):
    """A mail server beside the HTTP one."""

    name = "smtp"
    prefixes = ()

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    def answer(self, request: Request) -> Answer:
        """Nothing comes in over HTTP."""
        return Answer(status=404)

    def refusal(self, status: int, request: Request) -> Answer:
        return Answer(status=status)

    async def start(self, journal: Journal, faults: Faults) -> None:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(_Session(reader, writer, journal, faults).run())
            self._sessions.add(task)
            task.add_done_callback(self._sessions.discard)

        self._server = await asyncio.start_server(accept, HOST, self._port, limit=_COMMAND_LIMIT)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._sessions:
            task.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)


class _RefusedError(Exception):
    """A command is answered with this reply and changes nothing."""


class _ClosedError(Exception):
    """The conversation is over."""


class _Session:
    """One connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, journal: Journal, faults: Faults
    ) -> None:
        self._reader, self._writer = reader, writer
        self._journal, self._faults = journal, faults
        self._peer: tuple[str, int] = writer.get_extra_info("peername")[:2]
        self._extended: bool | None = None
        """Whether the client said EHLO; None before it said anything."""
        self._known = False
        self._reset()

    async def run(self) -> None:
        """Talk until either side has had enough."""
        try:
            await self._reply(f"220 {_NAME} ESMTP sandbox")
            while True:
                try:
                    await self._obey(await self._command())
                except _RefusedError as refused:
                    await self._reply(str(refused))
        except (_ClosedError, ConnectionError, asyncio.IncompleteReadError):
            pass
        except TimeoutError:
            self._writer.write(b"421 4.4.2 Idle for too long\r\n")
        except Exception:
            # A failure of the sandbox must not look like one that a mail server would have.
            traceback.print_exc()
        finally:
            self._writer.close()

    async def _obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        rest = rest.strip()
        match verb.upper():
            case "EHLO" | "HELO":
                await self._hello(rest, extended=verb.upper() == "EHLO")
            case "AUTH":
                await self._auth(rest)
            case "MAIL":
                await self._mail(rest)
            case "RCPT":
                await self._rcpt(rest)
            case "DATA":
                await self._data(rest)
            case "RSET":
                self._reset()
                await self._reply("250 2.0.0 Forgotten")
            case "NOOP":
                await self._reply("250 2.0.0 Still here")
            case "VRFY":
                await self._reply("252 2.1.5 Send it and see")
            case "QUIT":
                await self._hang_up("221 2.0.0 Goodbye")
            case _:
                raise _RefusedError("502 5.5.1 Not known here" if verb.isalpha() else "500 5.5.2 Not a command")

    async def _line(self) -> bytes:
        async with asyncio.timeout(IDLE_SECONDS):
            return await self._reader.readuntil(b"\n")

    async def _command(self) -> str:
        try:
            raw = await self._line()
        except asyncio.LimitOverrunError:
            await self._hang_up("500 5.5.2 Line too long")
        if _is_torn(raw):
            raise _RefusedError("500 5.5.2 Lines end with CR LF")
        try:
            return raw[:-2].decode()
        except UnicodeDecodeError:
            raise _RefusedError("500 5.5.2 Neither ASCII nor UTF-8") from None

    async def _reply(self, *lines: str) -> None:
        text = "".join(f"{line[:3]}-{line[4:]}\r\n" for line in lines[:-1]) + f"{lines[-1]}\r\n"
        self._writer.write(text.encode())
        await self._writer.drain()
        if text.startswith("421"):
            raise _ClosedError

    async def _hang_up(self, reply: str) -> NoReturn:
        await self._reply(reply)
        raise _ClosedError

    def _reset(self) -> None:
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._utf8 = False

    async def _hello(self, client: str, *, extended: bool) -> None:
        if not client:
            raise _RefusedError("501 5.5.4 Who is there?")
        self._reset()
        self._extended = extended
        await self._reply(f"250 {_NAME}", *(f"250 {name}" for name in _EXTENSIONS if extended))

    async def _auth(self, rest: str) -> None:
        method, _, initial = rest.partition(" ")
        if not self._extended or self._known or self._sender is not None:
            raise _RefusedError("503 5.5.1 Not now")
        match method.upper():
            case "PLAIN":
                parts = (_decoded(initial) if initial else await self._asked("")).split("\0")
                # Whom one acts for (nobody but oneself), who logs in, and the password.
                login = tuple(parts[1:]) if len(parts) == 3 and parts[0] in ("", parts[1]) else ()
            case "LOGIN":
                name = _decoded(initial) if initial else await self._asked("Username:")
                login = (name, await self._asked("Password:"))
            case _:
                raise _RefusedError("504 5.5.4 Only PLAIN and LOGIN")
        if login != MAIL_LOGIN:
            raise _RefusedError("535 5.7.8 Name or password is wrong")
        self._known = True
        await self._reply("235 2.7.0 Welcome")

    async def _asked(self, question: str) -> str:
        await self._reply(f"334 {base64.b64encode(question.encode()).decode()}")
        answer = await self._command()
        if answer == "*":
            raise _RefusedError("501 5.7.0 As you like")
        return _decoded(answer)

    async def _mail(self, rest: str) -> None:
        if self._extended is None:
            raise _RefusedError("503 5.5.1 Say EHLO first")
        if self._sender is not None:
            raise _RefusedError("503 5.5.1 One mail at a time")
        address, parameters = _path(rest, "FROM:")
        for parameter in parameters:
            self._check_parameter(*parameter.upper().partition("=")[::2])
        utf8 = any(parameter.upper() == "SMTPUTF8" for parameter in parameters)
        # An empty sender is that of a bounce.
        if address:
            _check_address(address, "5.1.7", utf8=utf8)
        self._sender, self._utf8 = address, utf8
        await self._reply("250 2.1.0 Go on")

    def _check_parameter(self, name: str, value: str) -> None:
        known = {"SIZE": value.isdecimal(), "BODY": value in ("7BIT", "8BITMIME"), "SMTPUTF8": not value}
        if not self._extended or name not in known:
            raise _RefusedError(f"555 5.5.4 No parameter {name}")
        if not known[name]:
            raise _RefusedError(f"501 5.5.4 {name} cannot be {value}")
        if name == "SIZE" and (len(value) > 20 or int(value) > SIZE_LIMIT):
            raise _RefusedError(_TOO_LARGE)

    async def _rcpt(self, rest: str) -> None:
        if self._sender is None:
            raise _RefusedError("503 5.5.1 Say MAIL first")
        address, parameters = _path(rest, "TO:")
        if parameters:
            raise _RefusedError("555 5.5.4 No parameters here")
        _check_address(address, "5.1.3", utf8=self._utf8)
        if len(self._recipients) >= RECIPIENTS_LIMIT:
            raise _RefusedError("452 4.5.3 Too many recipients")
        request = self._request("RCPT", Mail(self._sender, address), [])
        fault = self._faults.take(Smtp.name, request)
        if fault is not None:
            # Noted only if the mail gets no further; else it is noted once, when it is there.
            await self._strike(fault, request)
        self._recipients.append(address)
        await self._reply("250 2.1.5 Go on")

    async def _data(self, rest: str) -> None:
        if rest:
            raise _RefusedError("501 5.5.4 DATA stands alone")
        if self._sender is None or not self._recipients:
            raise _RefusedError("503 5.5.1 Nobody to send it to")
        await self._reply("354 End with a dot on a line of its own")
        raw = await self._body()
        sender, recipients, utf8 = self._sender, self._recipients, self._utf8
        self._reset()
        if raw is None:
            raise _RefusedError(_TOO_LARGE)
        try:
            mail, headers = await asyncio.to_thread(read, raw, sender, recipients, utf8=utf8)
        except BadMailError as bad:
            raise _RefusedError(str(bad)) from None
        request = self._request("DATA", mail, headers)
        fault = self._faults.take(Smtp.name, request)
        if fault is not None:
            await self._strike(fault, request)
        self._journal.record(Smtp.name, request).status = 250
        await self._reply(f"250 2.0.0 Taken as {secrets.token_hex(6)}")

    async def _body(self) -> bytes | None:
        """The mail up to its lone dot, None if it is too large."""
        parts: list[bytes] = []
        size, fresh, bad, held = 0, True, False, b""
        while True:
            try:
                line, held = held + await self._line(), b""
            except asyncio.LimitOverrunError as overrun:
                line, held = held + await self._reader.readexactly(overrun.consumed), b""
                if line.endswith(b"\r"):
                    line, held = line[:-1], b"\r"
            if fresh and line == b".\r\n":
                break
            bad = bad or _is_torn(line)
            size += len(line)
            if size <= SIZE_LIMIT:
                parts.append(line.removeprefix(b".") if fresh else line)
            fresh = line.endswith(b"\n")
        if bad:
            # Servers that disagree about where a line ends can be made to see two mails in one, so nothing that
            # follows is to be trusted.
            await self._hang_up("521 5.5.2 Lines end with CR LF and nothing else")
        return b"".join(parts) if size <= SIZE_LIMIT else None

    def _request(self, command: str, mail: Mail, headers: Headers) -> Request:
        return Request(command, f"/{command.lower()}", "", headers, msgspec.json.encode(mail), "", self._peer)

    async def _strike(self, fault: Fault, request: Request) -> None:
        """Wait, refuse or hang up as the fault says. Returns only if the mail is to go on."""
        if fault.delay_ms:
            await asyncio.sleep(fault.delay_ms / 1000)
        status = fault.status if fault.status is not None and fault.status >= 400 else None
        hangs_up = fault.drop or fault.truncate_after is not None
        if status is None and not hangs_up:
            return
        entry = self._journal.record(Smtp.name, request)
        text = fault.body if isinstance(fault.body, str) else _TEXTS.get(status or 250, "Refused")
        reply = f"{status or 250} {' '.join(text.split())}"
        if hangs_up:
            self._writer.write(f"{reply}\r\n".encode()[: fault.truncate_after or 0])
            raise _ClosedError
        entry.status = status
        raise _RefusedError(reply)


def _is_torn(line: bytes) -> bool:
    """Whether there is half of a line's end in it."""
    text = line.removesuffix(b"\r\n")
    return b"\r" in text or b"\n" in text


def _decoded(value: str) -> str:
    try:
        return "" if value == "=" else base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _RefusedError("501 5.5.2 Not base64") from None


def _path(rest: str, keyword: str) -> tuple[str, list[str]]:
    """The address between the brackets, and the parameters behind it."""
    found = _PATH.fullmatch(rest[len(keyword) :]) if rest.upper().startswith(keyword) else None
    if found is None:
        raise _RefusedError(f"501 5.5.4 {keyword}<address> is expected")
    return found[1], (found[2] or "").split()


def _check_address(address: str, code: str, *, utf8: bool) -> None:
    if not address.isascii() and not utf8:
        raise _RefusedError("553 5.6.7 An address beyond ASCII needs SMTPUTF8")
    found = _ADDRESS.fullmatch(address)
    if found is None or len(found[1].encode()) > 64 or len(address.encode()) > 254:
        raise _RefusedError(f"501 {code} That is no address")
