"""`make run`: the whole system in the foreground until Ctrl-C."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from types import FrameType
from urllib.parse import urlsplit

from ops.stack.errors import StackError
from ops.stack.output import Output
from ops.stack.postgres import Postgres
from ops.stack.stack import Stack

_LOOK_SECONDS = 0.2
# make passes SIGTERM on to a process that may have got it already with its group: that is not a second request.
_ONE_REQUEST_SECONDS = 1.0


class _AskedToEndError(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""


class _Requests:
    """Turns signals into an exception in the main thread, and counts them: the second one is impatient."""

    def __init__(self) -> None:
        self.count = 0
        self._last = float("-inf")

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # nohup sets SIGHUP to be ignored, and that is what its user wants.
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            signal.signal(number, self._arrived)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last < _ONE_REQUEST_SECONDS:
            return
        self._last = now
        self.count += 1
        # From the third on there is nothing quicker to do than what is being done.
        if self.count <= 2:
            raise _AskedToEndError


def main() -> int:
    """Run until asked to end. Returns 0 then, 1 if something could not start or died, 130 if it was hurried."""
    output = Output()
    began = time.monotonic()

    def say(line: str) -> None:
        output.write(f"{time.monotonic() - began:6.1f} s  {line}")

    try:
        stack = Stack(say=say, show=output.line)
    except StackError as error:
        output.write(f"kuitter: {error}")
        return 1
    requests = _Requests()
    requests.listen()
    status = 0
    try:
        _run(stack, output)
    except _AskedToEndError:
        say("stopping; Ctrl-C once more stops without waiting")
    except StackError as error:
        output.write(f"kuitter: {error}")
        status = 1
    finally:
        hurried = _stop(stack, requests)
    return 130 if hurried else status


def _run(stack: Stack, output: Output) -> None:
    """Start, then watch. Raises StackError when a part ends that was not asked to."""
    stack.start()
    output.write(addresses(stack))
    while True:
        casualties = stack.casualties()
        if casualties:
            raise StackError(f"{'; '.join(casualties)}. Stopping all of it.")
        time.sleep(_LOOK_SECONDS)


def _stop(stack: Stack, requests: _Requests) -> bool:
    """Stop in order, or at once on the second request; whether it came to that."""
    try:
        if requests.count < 2:
            stack.stop()
            return False
    except _AskedToEndError:
        if requests.count < 2:
            return _stop(stack, requests)
    stack.kill()
    return True


def addresses(stack: Stack) -> str:
    """What a person wants to open now."""
    rows = [
        ("API", stack.url),
        ("its documentation", f"{stack.url}/docs"),
        ("sandbox (a phone, the mail, the stores)", stack.sandbox_url),
        *((f"metrics of {name}", url) for name, url in stack.metrics_urls.items()),
        ("PostgreSQL", _psql(stack)),
        ("Valkey", _without_password(stack.redis_url)),
        ("files", str(stack.place.data_dir)),
    ]
    width = max(len(label) for label, _ in rows)
    lines = [f"  {label:<{width}}  {value}" for label, value in rows]
    return "\n".join(["", "Kuitter runs. Ctrl-C stops it, the data stays.", "", *lines, ""])


def _psql(stack: Stack) -> str:
    if "postgres" not in stack:
        return _without_password(stack.database_url)
    server = stack["postgres"]
    assert isinstance(server, Postgres)
    return shlex.join([os.path.relpath(server.bin_dir / "psql"), server.url])


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if not parts.password:
        return url
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:…@{host}").geturl()


if __name__ == "__main__":
    sys.exit(main())
