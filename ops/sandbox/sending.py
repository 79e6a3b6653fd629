"""Puts an answer on the wire, whole or broken as a fault asks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Callable

from ops.sandbox.faults import Fault
from ops.sandbox.wire import Answer, Request, Send

KEEP_ALIVE_SECONDS = 0.2


async def send_whole(send: Send, answer: Answer) -> None:
    """Send an answer as it is. Kept apart because the push paths come through here thousands of times a second."""
    if answer.pieces is not None:
        await _send_stream(send, answer, answer.pieces, None)
        return
    if answer.status != 204:
        answer.headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def send_broken(send: Send, answer: Answer, fault: Fault, request: Request, interruption: bytes) -> int | None:
    """Send an answer under a fault. Returns the status that went out, None if the connection was closed instead."""
    holds_line = bool(fault.delay_ms and answer.keep_alive and answer.status == 200 and not fault.replaces_answer)
    if fault.delay_ms and not holds_line:
        await asyncio.sleep(fault.delay_ms / 1000)
    if fault.drop and fault.truncate_after is None:
        close_connection(request.peer)
        return None
    if answer.pieces is not None:
        await _send_stream(send, answer, answer.pieces, fault, interruption)
        return answer.status
    body = answer.body
    if fault.truncate_after is None and not holds_line:
        await send_whole(send, answer)
        return answer.status
    if fault.truncate_after is not None:
        # Left open after these bytes, so the server cuts the line and the client sees a body that never ended.
        body = body[: fault.truncate_after]
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if holds_line:
        await _hold_line(send, answer.keep_alive, fault.delay_ms)
    await send({"type": "http.response.body", "body": body, "more_body": fault.truncate_after is not None})
    return answer.status


async def _send_stream(
    send: Send, answer: Answer, pieces: list[bytes], fault: Fault | None, interruption: bytes = b""
) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if fault is not None and fault.delay_ms and answer.keep_alive:
        await _hold_line(send, answer.keep_alive, fault.delay_ms)
    for event in answer.opening:
        await send({"type": "http.response.body", "body": event, "more_body": True})
    cut = None if fault is None else fault.truncate_after
    for piece in pieces[:cut]:
        if answer.pause:
            await asyncio.sleep(answer.pause)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if cut is None:
        for event in answer.closing:
            await send({"type": "http.response.body", "body": event, "more_body": True})
    elif fault is not None and fault.drop:
        # Returning with the body still open makes the server cut it: HTTP/1.1 closes the connection, HTTP/2 resets
        # the stream.
        return
    elif interruption:
        await send({"type": "http.response.body", "body": interruption, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _hold_line(send: Send, keep_alive: bytes, milliseconds: int) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + milliseconds / 1000
    while (left := until - loop.time()) > 0:
        await send({"type": "http.response.body", "body": keep_alive, "more_body": True})
        await asyncio.sleep(min(left, KEEP_ALIVE_SECONDS))


def close_connection(peer: tuple[str, int]) -> None:
    """Shut the connection from `peer` down before anything is answered.

    ASGI has no way to say this and the server owns the socket, but it lives in this process: the descriptor whose
    other end is `peer` is the one. Every HTTP/2 stream on the connection goes with it, as when a real host dies.
    """
    _shut_down(lambda connection: connection.getpeername()[:2] == peer)


def close_connections(port: int) -> None:
    """Shut down every connection to `port` of ours."""
    _shut_down(lambda connection: connection.getsockname()[1] == port and bool(connection.getpeername()))


def _shut_down(chosen: Callable[[socket.socket], bool]) -> None:
    for name in os.listdir("/dev/fd"):
        number = int(name)
        # Not a socket, not connected, closed since it was listed: none of that concerns us.
        with contextlib.suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            # A copy, so that closing ours leaves the server's own descriptor to the server.
            with socket.socket(fileno=os.dup(number)) as connection:
                if connection.family == socket.AF_INET and chosen(connection):
                    connection.shutdown(socket.SHUT_RDWR)
