"""The whole system in one object: `make run`, the demo and the tests with real processes use it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ops.stack.claim import Claim
from ops.stack.environment import read_place, stack_environment
from ops.stack.errors import StackError
from ops.stack.leftovers import forget_process, note_process, stop_leftovers
from ops.stack.ports import LOOPBACK, free_port
from ops.stack.postgres import Postgres
from ops.stack.processes import Child, describe_status
from ops.stack.running import leave, take_away
from ops.stack.server import Server
from ops.stack.valkey import Valkey

Part = Child | Server
# Web's, and the worker and the clock count on from it.
_METRICS_PORTS = 3


class Stack:
    """PostgreSQL, Valkey, sandbox, worker, clock and web, each reachable by its name: `stack["worker"].kill()`.

    Use it in a `with` block or call `start` and `stop`. `say` gets a line of progress, `show` the name and each output
    line of a process. `durable=False` makes the embedded servers faster, but they forget what a crash interrupts: not
    for tests that kill them.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        durable: bool = True,
        seed: bool = True,
        say: Callable[[str], None] | None = None,
        show: Callable[[str, str], None] | None = None,
    ) -> None:
        self._given = dict(os.environ if environ is None else environ)
        self.place = read_place(self._given)
        self._durable = durable
        self._seed = seed
        self._say = say or (lambda _line: None)
        self._show = show
        self._parts: dict[str, Part] = {}
        self._notes = self.place.data_dir / "processes"
        self._claim = Claim(self.place.data_dir / "stack.lock")
        self.environ: dict[str, str] = {}

    # --- addresses -------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The API's address, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.place.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{LOOPBACK}:{self.place.sandbox_port}"

    @property
    def metrics_urls(self) -> dict[str, str]:
        """Where web, worker and clock show their metrics."""
        names = ("web", "worker", "clock")
        return {name: f"http://{LOOPBACK}:{self.place.metrics_port + at}/metrics" for at, name in enumerate(names)}

    @property
    def database_url(self) -> str:
        return self.environ["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return self.environ["REDIS_URL"]

    # --- parts -----------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Part:
        try:
            return self._parts[name]
        except KeyError:
            raise KeyError(f"no part {name!r} in this stack; there are {', '.join(self._parts)}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    @property
    def children(self) -> dict[str, Child]:
        """The processes of our own: sandbox, workers, clocks, webs."""
        return {name: part for name, part in self._parts.items() if isinstance(part, Child)}

    def child(self, name: str) -> Child:
        """The process `name`, for what only processes can do. Raises KeyError."""
        part = self[name]
        if not isinstance(part, Child):
            raise KeyError(f"{name} is a server")
        return part

    def add_web(self, port: int | None = None, **variables: str) -> Child:
        """Start one more web process on `port` (a free one if left out) and wait until it is ready."""
        port = port or free_port()
        variables = {"PORT": str(port), "METRICS_PORT": str(free_port(_METRICS_PORTS)), **variables}
        return self._ready(self._web(self._next_name("web"), port, variables))

    def add_worker(self, metrics_port: int | None = None, **variables: str) -> Child:
        """Start one more worker and wait until it is ready. Its health is at `metrics_port + 1`.

        `variables` go into its environment, as `WORKER_QUEUES="push"`.
        """
        base = metrics_port or free_port(_METRICS_PORTS)
        return self._ready(self._worker(self._next_name("worker"), base, variables))

    def add_clock(self, metrics_port: int | None = None, **variables: str) -> Child:
        """Start one more clock and wait until it is ready. Its health is at `metrics_port + 2`."""
        base = metrics_port or free_port(_METRICS_PORTS)
        return self._ready(self._clock(self._next_name("clock"), base, variables))

    def casualties(self) -> list[str]:
        """A line for each part that ended without being asked to: its name and how it ended."""
        lines = [f"{name} ended: {describe_status(c.status)}" for name, c in self.children.items() if c.died]
        servers = ((name, part) for name, part in self._parts.items() if isinstance(part, Server))
        return lines + [f"{name} ended; see {server.log_file}" for name, server in servers if server.died]

    # --- start and stop --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything and return when it is ready; on failure stop what was started and raise StackError."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        began = time.monotonic()
        self.place.data_dir.mkdir(parents=True, exist_ok=True)
        self._claim.take("a stack")
        for name in stop_leftovers(self._notes):
            self._say(f"stopped {name}, left over from a run that was killed")
        self.place.require_free_ports()
        database_url = self._server(Postgres(self.place.data_dir, self._durable), self.place.database_url)
        redis_url = self._server(Valkey(self.place.data_dir, self._durable), self.place.redis_url)

        # Imported late: it makes keys and certificates, which the classes above do not need.
        from ops.sandbox.credentials import environment as sandbox_environment

        credentials = sandbox_environment(self.place.data_dir, self.place.sandbox_port)
        self.environ = stack_environment(self.place, self._given, database_url, redis_url, credentials)
        leave(self.place.data_dir, self.environ)

        # The sandbox needs neither server, so it starts while the schema is made.
        sandbox = self._add("sandbox", "ops.sandbox", f"{self.sandbox_url}/_control/sent", {})
        sandbox.start()
        self._command("migrate")
        if self._seed:
            self._command("seed")
        self._finish(sandbox)
        worker = self._worker("worker", self.place.metrics_port, {})
        clock = self._clock("clock", self.place.metrics_port, {})
        for child in (worker, clock):
            child.start()
        for child in (worker, clock):
            self._finish(child)
        # Last, so that its readiness means that all of it is up.
        web = self._web("web", self.place.port, {})
        web.start()
        self._finish(web)
        self._say(f"all of it is up after {time.monotonic() - began:.1f} s")

    def stop(self) -> None:
        """Stop everything in reverse order; the data stays. Processes of one kind end at the same time."""
        for kind in ("web", "clock", "worker", "sandbox"):
            group = [child for name, child in self.children.items() if name.split("-")[0] == kind]
            running = {child.name for child in group if child.running}
            for child in group:
                child.ask_to_end()
            for child in group:
                status = child.terminate()
                forget_process(self._notes, child.name)
                if child.name in running:
                    # uvicorn ends its orderly stop with the very signal that asked for it.
                    orderly = status in (0, -signal.SIGTERM)
                    self._say(f"{child.name} stopped" if orderly else f"{child.name} ended: {describe_status(status)}")
        for part in reversed(list(self._parts.values())):
            if isinstance(part, Server):
                was_running = part.running
                part.stop()
                if was_running:
                    self._say(f"{part.title} stopped")
        if self.environ:
            take_away(self.place.data_dir)
        self._claim.release()

    def kill(self) -> None:
        """End all processes of our own with SIGKILL at once, then stop the servers cleanly."""
        for child in self.children.values():
            child.kill()
        self.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- inside ----------------------------------------------------------------------------------------------------

    def _server(self, server: Server, given_url: str | None) -> str:
        """Start an embedded server unless the person named one; returns the address to use."""
        if given_url is not None:
            self._say(f"{server.title}: yours is used, as {server.variable} says")
            return given_url
        began = time.monotonic()
        self._parts[server.slug] = server
        server.start()
        self._say(f"{server.title} ready on port {server.port} ({time.monotonic() - began:.1f} s)")
        return server.url

    def _command(self, name: str) -> None:
        """Run `kuitter name` to its end. Raises StackError with its output if it fails."""
        began = time.monotonic()
        child = Child(name, [sys.executable, "-m", "ops.cli", name], self.environ, show=self._show)
        child.start()
        try:
            status = child.wait()
        finally:
            child.kill()
        if status:
            raise StackError(f"{name} failed ({describe_status(status)})\n{child.last_words()}")
        self._say(f"{name} done ({time.monotonic() - began:.1f} s)")

    def _web(self, name: str, port: int, variables: Mapping[str, str]) -> Child:
        return self._add(name, "api", f"http://{LOOPBACK}:{port}/health/ready", variables)

    def _worker(self, name: str, metrics_port: int, variables: Mapping[str, str]) -> Child:
        ready = f"http://{LOOPBACK}:{metrics_port + 1}/health/ready"
        return self._add(name, "tasks.worker", ready, {"METRICS_PORT": str(metrics_port), **variables})

    def _clock(self, name: str, metrics_port: int, variables: Mapping[str, str]) -> Child:
        ready = f"http://{LOOPBACK}:{metrics_port + 2}/health/ready"
        return self._add(name, "tasks.clock", ready, {"METRICS_PORT": str(metrics_port), **variables})

    def _add(self, name: str, module: str, ready_url: str, variables: Mapping[str, str]) -> Child:
        child = _NotedChild(
            name, [sys.executable, "-m", module], {**self.environ, **variables},
            show=self._show, ready_url=ready_url, patience=_patience(self.environ), notes=self._notes,
        )  # fmt: skip
        self._parts[name] = child
        return child

    def _finish(self, child: Child) -> None:
        child.wait_ready()
        self._say(f"{child.name} ready ({time.monotonic() - child.started_at:.1f} s)")

    def _ready(self, child: Child) -> Child:
        child.start()
        self._finish(child)
        return child

    def _next_name(self, kind: str) -> str:
        number = 2
        while f"{kind}-{number}" in self._parts:
            number += 1
        return f"{kind}-{number}"


class _NotedChild(Child):
    """A child that is noted on disk while it runs, so that it is found if this process is killed."""

    def __init__(
        self,
        name: str,
        argv: list[str],
        env: Mapping[str, str],
        *,
        show: Callable[[str, str], None] | None,
        ready_url: str,
        patience: float,
        notes: Path,
    ) -> None:
        super().__init__(name, argv, env, show=show, ready_url=ready_url, patience=patience)
        self._notes = notes

    def start(self) -> None:
        super().start()
        if self.pid is not None:
            note_process(self._notes, self.name, self.pid)


def _patience(environ: Mapping[str, str]) -> float:
    """Seconds from SIGTERM to SIGKILL: what the processes may take themselves, and some more."""
    with suppress(ValueError, KeyError):
        return float(environ["SHUTDOWN_SECONDS"]) + 5
    return 25.0
