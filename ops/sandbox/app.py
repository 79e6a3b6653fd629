"""The sandbox as one ASGI application: finds the provider, notes the request, applies the fault, sends the answer."""

from __future__ import annotations

import asyncio
import base64
import inspect
import traceback
from collections.abc import Sequence

from ops.sandbox import control, page
from ops.sandbox.apns import Apns
from ops.sandbox.app_store import AppStore
from ops.sandbox.apple import Apple
from ops.sandbox.credentials import Credentials, mail_port
from ops.sandbox.deepseek import DeepSeek
from ops.sandbox.faults import Faults
from ops.sandbox.fcm import Fcm
from ops.sandbox.google_oauth import GoogleOAuth, Tokens
from ops.sandbox.google_play import GooglePlay
from ops.sandbox.google_sign_in import GoogleSignIn
from ops.sandbox.journal import Journal
from ops.sandbox.sending import close_connection, send_broken, send_whole
from ops.sandbox.signing import Keyring
from ops.sandbox.smtp import Smtp
from ops.sandbox.webhooks import Deliver
from ops.sandbox.wire import Answer, ControlHandler, Provider, Receive, Request, Scope, Send, problem

BODY_LIMIT = 16 * 1024 * 1024


class Sandbox:
    """The application and all that it knows; nothing is kept on disk."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self.providers = providers
        self.journal = Journal()
        self.faults = Faults(provider.name for provider in providers)
        self._held: set[asyncio.Task[int | None]] = set()
        self._routes: dict[tuple[str, str], ControlHandler] = {}
        for provider in providers:
            self._routes |= provider.control_routes()
        self._routes |= control.routes(self.journal, self.faults, providers)
        self._routes |= page.routes(self.journal, self.faults, providers)
        # By first path segment, so that finding the provider costs one look-up however many there are.
        self._mounts: dict[str, list[tuple[str, Provider]]] = {}
        for provider in providers:
            for prefix in provider.prefixes:
                self._mounts.setdefault(prefix.split("/", 2)[1], []).append((prefix, provider))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        headers = scope["headers"]
        if not _is_local(headers):
            await send_whole(send, problem(421, "Wrong host", "The sandbox answers to localhost only."))
            return
        body = await _read(receive)
        request = Request(
            scope["method"],
            path,
            scope["query_string"].decode("latin-1"),
            headers,
            body or b"",
            scope["http_version"],
            (scope["client"][0], int(scope["client"][1])),
        )
        if body is None:
            await send_whole(send, problem(413, "Too large", "The sandbox takes no body of this size."))
            return
        for prefix, provider in self._mounts.get(path.split("/", 2)[1], ()):
            if path.startswith(prefix):
                await self._serve(provider, request, send)
                return
        await send_whole(send, await self._inside(request))

    async def start(self) -> None:
        """Start what providers run beside HTTP."""
        for provider in self.providers:
            await provider.start(self.journal, self.faults)

    async def stop(self) -> None:
        """Stop it again."""
        for provider in self.providers:
            await provider.stop()

    def release(self) -> None:
        """Hang up on everybody whom a fault keeps waiting, so that the process can end."""
        for task in self._held:
            task.cancel()

    async def _serve(self, provider: Provider, request: Request, send: Send) -> None:
        entry = self.journal.record(provider.name, request)
        fault = self.faults.take(provider.name, request)
        try:
            answer = provider.answer(request) if fault is None else fault.answer(provider, request)
        except Exception:
            # A fault of the sandbox must not look like one that the provider would have.
            traceback.print_exc()
            await send_whole(send, problem(500, "Sandbox error", "The sandbox failed; see its output."))
            entry.status = 500
            return
        entry.summary = answer.summary
        if fault is None:
            entry.status = answer.status
            await send_whole(send, answer)
            return
        interruption = provider.interruption(fault.status_in_stream) if fault.status_in_stream else b""
        task = asyncio.ensure_future(send_broken(send, answer, fault, request, interruption))
        self._held.add(task)
        try:
            entry.status = await task
        except asyncio.CancelledError:
            close_connection(request.peer)
        finally:
            self._held.discard(task)

    async def _inside(self, request: Request) -> Answer:
        """The sandbox's own routes: control and page."""
        handler = self._routes.get((request.method, request.path))
        if handler is None and (parent := request.path.rpartition("/")[0]):
            handler = self._routes.get((request.method, parent + "/*"))
        if handler is None:
            return problem(404, "Not found", f"{request.method} {request.path} is no route of the sandbox.")
        answer = handler(request)
        return await answer if inspect.isawaitable(answer) else answer


def create(
    credentials: Credentials, port: int, deliver: Deliver, chunk_seconds: float = 0.01, retry_seconds: float = 1.0
) -> Sandbox:
    """The sandbox with every provider it plays.

    `deliver` brings the app what a provider tells it of its own accord; `chunk_seconds` is the pause between two pieces
    of a model's answer, `retry_seconds` that before a notification that was not taken is brought again.
    """
    tokens = Tokens()
    # Their ids look like Google's and Apple's: forty hexadecimal digits, ten letters and digits.
    google_keys = Keyring(credentials.google_sign_in_keys, lambda digest: digest.hex()[:40])
    apple_keys = Keyring(credentials.apple_sign_in_keys, lambda digest: base64.b32encode(digest).decode()[:10])
    return Sandbox(
        [
            DeepSeek(credentials, chunk_seconds),
            GoogleOAuth(credentials, tokens, f"http://127.0.0.1:{port}/google/token"),
            Fcm(tokens),
            Apns(credentials),
            GoogleSignIn(google_keys),
            Apple(credentials, apple_keys, deliver),
            GooglePlay(credentials, tokens, google_keys, deliver, retry_seconds),
            AppStore(credentials, deliver, f"http://127.0.0.1:{port}"),
            Smtp(mail_port(port)),
        ]
    )


def _is_local(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the request names this machine; a foreign name means that a web page was rebound to our address."""
    for name, value in headers:
        if name == b"host":
            return value.partition(b":")[0] in (b"127.0.0.1", b"localhost")
    return False


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None if it is larger than anything a provider takes."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT:
            return None
    return b"".join(parts)
