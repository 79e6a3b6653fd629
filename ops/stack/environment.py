"""The environment variables of a local stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.stack.errors import StackError
from ops.stack.ports import require_free

# A person waits for the end of a local stack; what is cut off there is done again by the next start.
_SHUTDOWN_SECONDS = "5"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a local stack lives: its ports, its folder, and the servers that are given instead of embedded ones."""

    port: int
    sandbox_port: int
    metrics_port: int
    data_dir: Path
    env: str
    database_url: str | None
    redis_url: str | None

    @property
    def mail_port(self) -> int:
        return self.sandbox_port + 1

    def require_free_ports(self) -> None:
        """Raise StackError naming the first port that is taken or wanted twice, and the variable that moves it."""
        wanted = [
            (self.port, "the API", "PORT"),
            (self.sandbox_port, "the sandbox", "SANDBOX_PORT"),
            (self.mail_port, "the sandbox's mail server (SANDBOX_PORT + 1)", "SANDBOX_PORT"),
            (self.metrics_port, "web's metrics", "METRICS_PORT"),
            (self.metrics_port + 1, "the worker's metrics (METRICS_PORT + 1)", "METRICS_PORT"),
            (self.metrics_port + 2, "the clock's metrics (METRICS_PORT + 2)", "METRICS_PORT"),
        ]
        owners: dict[int, str] = {}
        for port, what, variable in wanted:
            if port in owners:
                raise StackError(f"port {port} is wanted for {owners[port]} and for {what}: change {variable}")
            owners[port] = what
            require_free(port, what, variable)


def read_place(environ: Mapping[str, str]) -> Place:
    """The place that `environ` describes. Raises StackError naming the variable that is no port number."""
    return Place(
        port=_port(environ, "PORT", 8000),
        sandbox_port=_port(environ, "SANDBOX_PORT", 8100),
        metrics_port=_port(environ, "METRICS_PORT", 9100),
        data_dir=Path(_given(environ, "DATA_DIR") or ".data").expanduser().resolve(),
        env=_given(environ, "KUITTER_ENV") or "development",
        database_url=_given(environ, "DATABASE_URL"),
        redis_url=_given(environ, "REDIS_URL"),
    )


def stack_environment(
    place: Place, environ: Mapping[str, str], database_url: str, redis_url: str, credentials: Mapping[str, str]
) -> dict[str, str]:
    """The variables of the stack's processes.

    `credentials` are those that the sandbox issued; what the person gave in `environ` wins over them. A variable that
    is set but empty counts as not given.
    """
    given = {name: value for name, value in environ.items() if value.strip()}
    return {
        "SHUTDOWN_SECONDS": _SHUTDOWN_SECONDS,
        **credentials,
        **given,
        "PORT": str(place.port),
        "SANDBOX_PORT": str(place.sandbox_port),
        "METRICS_PORT": str(place.metrics_port),
        "DATA_DIR": str(place.data_dir),
        "KUITTER_ENV": place.env,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
    }


def _given(environ: Mapping[str, str], name: str) -> str | None:
    return environ.get(name, "").strip() or None


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = _given(environ, name)
    if text is None:
        return default
    if not text.isdecimal():
        raise StackError(f"{name} must be a port number, not {text!r}. Example: {name}={default}")
    return int(text)
