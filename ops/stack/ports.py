"""Ports on the loopback interface."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from ops.stack.errors import PortTakenError, StackError

LOOPBACK = "127.0.0.1"
# Below the ranges that Linux (32768) and macOS (49152) hand out to outgoing connections, so that a port we keep
# for the next start is not lent to somebody's client in between.
_KEPT_PORTS = range(20_000, 30_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback interface now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set it too: connections of a stopped server that linger in TIME_WAIT do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    # Some systems let us bind beside a server that listens on all interfaces, and then split the clients among us.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) != 0


def free_port(count: int = 1) -> int:
    """A free port that the system does not lend to clients; with `count`, the first of so many free ones in a row."""
    for port in random.sample(_KEPT_PORTS, 500):
        if all(is_free(port + at) for at in range(count)):
            return port
    raise StackError(f"no {count} free ports in a row between {_KEPT_PORTS.start} and {_KEPT_PORTS.stop} on {LOOPBACK}")


def kept_port(file: Path) -> int:
    """The port noted in `file` if it is still free, else a new free one, noted there for the next start."""
    try:
        port = int(file.read_text())
    except (FileNotFoundError, ValueError):
        port = 0
    if 0 < port < 65_536 and is_free(port):
        return port
    port = free_port()
    file.write_text(f"{port}\n")
    return port


def require_free(port: int, what: str, variable: str) -> None:
    """Raise PortTakenError, naming the variable that moves it, if `port` for `what` is taken or no port at all."""
    if not 0 < port < 65_536:
        raise StackError(f"port {port} for {what} is not a port (1 to 65535): change {variable}")
    if not is_free(port):
        other = port + 1000 if port < 60_000 else port - 1000
        raise PortTakenError(
            f"port {port} for {what} is taken by another program. Choose another one: make run {variable}={other}"
        )
