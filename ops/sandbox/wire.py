"""What passes between the server and a provider: the request as received, the answer to send, the provider itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from ops.sandbox.faults import Faults
    from ops.sandbox.journal import Journal

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

JSON_TYPE = (b"content-type", b"application/json")


class Request(msgspec.Struct, gc=False):
    """One request, read to its end. Header names are lower case, as ASGI gives them."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    http_version: str
    peer: tuple[str, int]
    """Address and port of the other end; it names the connection."""

    def header(self, name: bytes) -> str:
        """The first value of a header, or an empty string."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return ""


class Answer(msgspec.Struct, kw_only=True):
    """What a provider answers. With `pieces` it is a stream: opening, the pieces with a pause before each, closing."""

    status: int
    headers: Headers = msgspec.field(default_factory=list)
    body: bytes = b""
    summary: Any = None
    """What the page shows about this exchange beside the request; never part of the wire."""
    keep_alive: bytes = b""
    """What the provider sends to hold the line while it works; empty if it stays silent."""
    opening: list[bytes] = msgspec.field(default_factory=list)
    pieces: list[bytes] | None = None
    closing: list[bytes] = msgspec.field(default_factory=list)
    pause: float = 0.0
    """Seconds before each piece."""


class Button(msgspec.Struct, frozen=True):
    """A button of the page: its label, and the control route that it posts `body` to."""

    label: str
    path: str
    body: dict[str, Any]


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase as the page shows it, with what a tester can make happen to it."""

    token: str
    """What the app hands to the server for it."""
    product: str
    state: str
    at: datetime
    """When it was bought, by the business clock."""
    expires_at: datetime | None
    will_renew: bool
    account: str | None
    """Whom the app named when it was bought."""
    buttons: list[Button]


class Shop(msgspec.Struct, frozen=True):
    """A store on the page: what can be bought, and what was bought lately, newest first."""

    title: str
    buttons: list[Button]
    sales: list[Sale]


ControlHandler: TypeAlias = Callable[[Request], Answer | Awaitable[Answer]]


class Provider:
    """One outside service. Subclasses say where they listen and how they answer; the rest is shared."""

    name: str
    """The name in the control routes; several providers of one company may share it."""
    prefixes: tuple[str, ...]
    """The beginnings of the paths that belong to it, each with a closing slash or a whole path."""

    def answer(self, request: Request) -> Answer:
        """Answer as the real service would."""
        raise NotImplementedError

    def refusal(self, status: int, request: Request) -> Answer:
        """The service's own error for `status`, used by faults that name a status and no body."""
        raise NotImplementedError

    def interruption(self, status: int) -> bytes:
        """What the service writes into a running stream when it fails with `status`; empty if it never streams."""
        return b""

    def control_routes(self) -> dict[tuple[str, str], ControlHandler]:
        """Control routes of its own, by method and path."""
        return {}

    def shop(self) -> Shop | None:
        """What it sells and has sold, for the page; None if it is no store."""
        return None

    def forget(self) -> None:
        """Drop what was learned from earlier requests. Credentials that were handed out stay valid."""

    async def start(self, journal: Journal, faults: Faults) -> None:
        """Open what does not travel over HTTP (a mail port, say), which then uses journal and faults by itself."""

    async def stop(self) -> None:
        """Close what `start` opened."""


def json_answer(status: int, value: Any, headers: Headers | None = None, *, summary: Any = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(
        status=status, headers=[JSON_TYPE, *(headers or [])], body=msgspec.json.encode(value), summary=summary
    )


def problem(status: int, title: str, detail: str) -> Answer:
    """An error of the sandbox itself (RFC 9457), as opposed to one that a provider gives."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Answer(
        status=status, headers=[(b"content-type", b"application/problem+json")], body=msgspec.json.encode(body)
    )
