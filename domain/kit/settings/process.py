"""What every process needs: its databases, where it listens, its keys, and the limits of whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from domain.kit.environment import (
    DEVELOPMENT,
    PRODUCTION,
    Reader,
    integer,
    networks,
    number,
    one_of,
    secret_keys,
    switch,
)

_DEVELOPMENT_KEYS = (("development", b"kuitter development key, not for production".ljust(48, b".")),)


@dataclass(frozen=True, kw_only=True)
class ProcessSettings:
    env: str
    database_url: str
    redis_url: str
    broker_url: str
    database_pool_size: int
    data_dir: Path
    host: str
    port: int
    metrics_port: int
    log_level: str
    secret_keys: tuple[tuple[str, bytes], ...]
    trusted_proxies: tuple[str, ...]
    address_limits: bool
    requests_per_minute: int
    shutdown_seconds: float
    access_token_seconds: int
    session_days: int

    @property
    def is_production(self) -> bool:
        return self.env == PRODUCTION


def _broker_beside(redis_url: str) -> str:
    """The broker's maintenance walks all keys, so it gets the next logical database (spec: traps.md)."""
    parts = urlsplit(redis_url)
    path = parts.path.strip("/")
    return parts._replace(path=f"/{int(path or 0) + 1}").geturl()


def read(r: Reader) -> ProcessSettings:
    """Raises SettingError."""
    env = r.get("KUITTER_ENV", "which rules apply", PRODUCTION, one_of(DEVELOPMENT, PRODUCTION), DEVELOPMENT)
    redis_url = r.url(
        "REDIS_URL", "where jobs, limits and live events pass through", "redis://localhost:6379/0", None,
        "redis", "rediss",
    )  # fmt: skip
    return ProcessSettings(
        env=env,
        database_url=r.url(
            "DATABASE_URL", "the PostgreSQL that holds everything",
            "postgresql://kuitter:secret@localhost:5432/kuitter", None, "postgresql", "postgres",
        ),
        redis_url=redis_url,
        broker_url=r.url(
            "BROKER_URL", "the Redis database of the job queues, of its own; the one after REDIS_URL's if left out",
            "redis://localhost:6379/1", _broker_beside(redis_url), "redis", "rediss",
        ),
        database_pool_size=r.get(
            "DATABASE_POOL_SIZE", "PostgreSQL connections of one process", "10", integer(2, 200), 10
        ),
        data_dir=r.get("DATA_DIR", "where local files lie", ".data", Path, Path(".data")),
        host=r.get(
            "HOST", "the address to listen on; loopback only, but in production all",
            "127.0.0.1", str, "0.0.0.0" if r.production else "127.0.0.1",  # noqa: S104
        ),
        port=r.get("PORT", "the port of the API", "8000", integer(1, 65_535), 8000),
        metrics_port=r.get(
            "METRICS_PORT", "web's port for metrics; the worker takes the next, the clock the one after",
            "9100", integer(1, 65_533), 9100,
        ),
        log_level=r.get(
            "LOG_LEVEL", "how much is logged", "info", one_of("debug", "info", "warning", "error"), "info"
        ),
        secret_keys=r.get(
            "SECRET_KEYS",
            "signs tokens and codes; the first pair signs, all verify, so put a new one in front to rotate",
            "2026-11:$(openssl rand -base64 48)", secret_keys, _DEVELOPMENT_KEYS, required_in_production=True,
        ),
        trusted_proxies=r.get(
            "TRUSTED_PROXIES", "networks whose X-Forwarded-For names the client, or none without a proxy before us",
            "10.0.0.0/8,127.0.0.1/32", networks, (), required_in_production=True,
        ),
        address_limits=r.get(
            "ADDRESS_LIMITS", "limits per client address (always on in production)", "on", switch, False
        ) or r.production,
        requests_per_minute=r.get(
            "REQUESTS_PER_MINUTE", "requests of one person in any 60 seconds", "60", integer(1, 100_000), 60
        ),
        shutdown_seconds=r.get(
            "SHUTDOWN_SECONDS", "time to finish what is under way after SIGTERM", "20", number(0.1, 600), 20.0
        ),
        access_token_seconds=r.get(
            "ACCESS_TOKEN_SECONDS", "life of an access token", "900", integer(1, 900), 900
        ),
        session_days=r.get("SESSION_DAYS", "days until an unused session ends", "90", integer(1, 400), 90),
    )  # fmt: skip
