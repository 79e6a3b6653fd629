"""Every setting of the system, read from the environment once, at start.

A missing or bad value stops the process with one line: the variable, what it is for, and an example.
`.env.example` lists the same variables; a test keeps the two in step.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from domain.kit.environment import (
    DEVELOPMENT,
    PRODUCTION,
    BadValue,
    Reader,
    SettingError,
    ids,
    integer,
    json_or_file,
    mailbox,
    networks,
    number,
    one_of,
    pem_or_file,
    secret_keys,
    sender,
    smtp,
    switch,
    words,
)

QUEUES = ("interactive", "default", "push", "bulk")


class Price(msgspec.Struct, frozen=True):
    """Micro-dollars for a million tokens of one model, from `valid_from` (a UTC day) on."""

    model: str
    valid_from: str
    input_hit: int
    input_miss: int
    output: int
    peak_input_hit: int
    peak_input_miss: int
    peak_output: int


class AnchorLimits(msgspec.Struct, frozen=True):
    """What one plan may use of Anchor: replies a person's day and a UTC month, micro-dollars a UTC month."""

    replies_per_day: int
    replies_per_month: int
    cost_per_month: int


class Settings(msgspec.Struct, frozen=True, kw_only=True):
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

    access_token_seconds: int
    session_days: int

    worker_queues: tuple[str, ...]
    job_lease_seconds: float
    job_resend_seconds: float
    job_resend_max_seconds: float
    job_max_attempts: int
    job_max_sends: int
    sweep_seconds: float
    clock_tick_seconds: float
    progress_debounce_seconds: float
    group_seeded_members: bool
    reports_to_hide: int
    gather_seconds: float
    shutdown_seconds: float

    deepseek_url: str
    deepseek_api_key: str
    anchor_model: str
    anchor_prices: tuple[Price, ...]
    anchor_limits_free: AnchorLimits
    anchor_limits_subscriber: AnchorLimits
    anchor_spend_per_day: int
    anchor_reply_seconds: float
    anchor_memory_delay_seconds: float
    anchor_daily_calls: int

    google_token_url: str
    google_service_account: dict[str, str]
    fcm_url: str
    apns_url: str
    apns_development_url: str
    apns_key: str
    apns_key_id: str
    apns_team_id: str
    apns_topic: str

    google_certs_url: str
    google_client_ids: tuple[str, ...]
    apple_auth_url: str
    apple_client_ids: tuple[str, ...]
    apple_sign_in_key: str
    apple_sign_in_key_id: str
    smtp_url: str
    mail_from: str
    legal_contact: str

    @property
    def is_production(self) -> bool:
        return self.env == PRODUCTION


def _prices(text: str) -> tuple[Price, ...]:
    prices = msgspec.json.decode(text, type=tuple[Price, ...])
    if not prices:
        raise BadValue("must list at least one price")
    return prices


def _limits(text: str) -> AnchorLimits:
    try:
        day, month, cost = (int(part) for part in text.split("/"))
    except ValueError:
        raise BadValue("must be replies a day/replies a month/micro-dollars a month") from None
    if min(day, month, cost) < 0:
        raise BadValue("must not be negative")
    return AnchorLimits(replies_per_day=day, replies_per_month=month, cost_per_month=cost)


# DeepSeek's price list of 2026-08-16 (spec: providers.md 1.1). A new price is a new row with its first day.
_DEFAULT_PRICES = (
    Price("deepseek-flash", "2026-08-16", 3_000, 150_000, 600_000, 6_000, 300_000, 1_200_000),
    Price("deepseek-v4-pro", "2026-08-16", 22_000, 660_000, 1_980_000, 44_000, 1_320_000, 3_960_000),
)
_DEVELOPMENT_KEYS = (("development", b"kuitter development key, not for production".ljust(48, b".")),)


def _broker_beside(redis_url: str) -> str:
    """The broker's maintenance walks all keys, so it gets the next logical database (spec: traps.md)."""
    parts = urlsplit(redis_url)
    path = parts.path.strip("/")
    return parts._replace(path=f"/{int(path or 0) + 1}").geturl()


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Build the settings from `environ`.

    Raises SettingError with the operator's one line for the first variable that is missing or bad.
    """
    r = Reader(environ)
    env = r.get("KUITTER_ENV", "which rules apply", PRODUCTION, one_of(DEVELOPMENT, PRODUCTION), DEVELOPMENT)
    redis_url = r.url(
        "REDIS_URL", "where jobs, limits and live events pass through", "redis://localhost:6379/0", None,
        "redis", "rediss",
    )  # fmt: skip
    return Settings(
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
            "127.0.0.1", str, "0.0.0.0" if env == PRODUCTION else "127.0.0.1",  # noqa: S104
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
        ) or env == PRODUCTION,
        requests_per_minute=r.get(
            "REQUESTS_PER_MINUTE", "requests of one person in any 60 seconds", "60", integer(1, 100_000), 60
        ),
        access_token_seconds=r.get(
            "ACCESS_TOKEN_SECONDS", "life of an access token", "900", integer(1, 900), 900
        ),
        session_days=r.get("SESSION_DAYS", "days until an unused session ends", "90", integer(1, 400), 90),
        worker_queues=r.get(
            "WORKER_QUEUES", "the queues that this worker serves", "interactive,default", words(*QUEUES), QUEUES
        ),
        job_lease_seconds=r.get(
            "JOB_LEASE_SECONDS", "how long a worker holds a job before another may take it; renewed at a third",
            "30", number(0.3, 3600), 30.0,
        ),
        job_resend_seconds=r.get(
            "JOB_RESEND_SECONDS", "when a job that nobody took is sent again first", "30", number(0.2, 3600), 30.0
        ),
        job_resend_max_seconds=r.get(
            "JOB_RESEND_MAX_SECONDS", "the longest pause between two sends of a job", "900", number(0.2, 86_400), 900.0
        ),
        job_max_attempts=r.get(
            "JOB_MAX_ATTEMPTS", "failures after which a job is dead", "12", integer(1, 100), 12
        ),
        job_max_sends=r.get(
            "JOB_MAX_SENDS", "sends without an outcome after which a job is dead", "12", integer(2, 1000), 12
        ),
        sweep_seconds=r.get(
            "SWEEP_SECONDS", "pause between two looks for jobs that are due", "0.5", number(0.05, 60), 0.5
        ),
        clock_tick_seconds=r.get(
            "CLOCK_TICK_SECONDS", "pause between two looks for people who are due", "1", number(0.05, 600), 1.0
        ),
        progress_debounce_seconds=r.get(
            "PROGRESS_DEBOUNCE_SECONDS", "how long goals wait for more events before they are worked out",
            "1", number(0, 60), 1.0,
        ),
        group_seeded_members=r.get(
            "GROUP_SEEDED_MEMBERS", "whether a group's member count shows its seeded members", "on", switch, True
        ),
        reports_to_hide=r.get(
            "REPORTS_TO_HIDE", "reporters after whom a post or comment is out of sight until it is reviewed", "3",
            integer(1, 1000), 3,
        ),
        gather_seconds=r.get(
            "GATHER_SECONDS", "how long a notification of likes or comments waits for more of them", "10",
            number(0, 3600), 10.0,
        ),
        shutdown_seconds=r.get(
            "SHUTDOWN_SECONDS", "time to finish what is under way after SIGTERM", "20", number(0.1, 600), 20.0
        ),
        deepseek_url=r.url(
            "DEEPSEEK_URL", "the model's OpenAI-compatible address", "https://api.deepseek.com",
            "https://api.deepseek.com", "https", "http",
        ),
        deepseek_api_key=r.get("DEEPSEEK_API_KEY", "the key of the model's provider", "sk-…", str),
        anchor_model=r.get("ANCHOR_MODEL", "the model that answers", "deepseek-flash", str, "deepseek-flash"),
        anchor_prices=r.get(
            "ANCHOR_PRICES", "micro-dollars a million tokens by model and first day, as JSON",
            '[{"model":"deepseek-flash","valid_from":"2026-08-16","input_hit":3000,"input_miss":150000,'
            '"output":600000,"peak_input_hit":6000,"peak_input_miss":300000,"peak_output":1200000}]',
            _prices, _DEFAULT_PRICES,
        ),
        anchor_limits_free=r.get(
            "ANCHOR_LIMITS_FREE", "replies a day/replies a month/micro-dollars a month without a subscription",
            "3/30/60000", _limits, AnchorLimits(3, 30, 60_000),
        ),
        anchor_limits_subscriber=r.get(
            "ANCHOR_LIMITS_SUBSCRIBER", "replies a day/replies a month/micro-dollars a month with a subscription",
            "30/500/600000", _limits, AnchorLimits(30, 500, 600_000),
        ),
        anchor_spend_per_day=r.get(
            "ANCHOR_SPEND_PER_DAY", "micro-dollars that all people together may cost in a UTC day",
            "50000000", integer(0, 10**12), 50_000_000,
        ),
        anchor_reply_seconds=r.get(
            "ANCHOR_REPLY_SECONDS", "time that one reply may take before it has failed", "60", number(0.5, 600), 60.0
        ),
        anchor_memory_delay_seconds=r.get(
            "ANCHOR_MEMORY_DELAY_SECONDS", "how long a talk with Anchor rests until it is gone through for its memory",
            "1200", number(0, 86_400), 1200.0,
        ),
        anchor_daily_calls=r.get(
            "ANCHOR_DAILY_CALLS", "daily messages that one worker has the model write at once", "100",
            integer(1, 2000), 100,
        ),
        google_token_url=r.url(
            "GOOGLE_TOKEN_URL", "where Google's access tokens come from", "https://oauth2.googleapis.com/token",
            "https://oauth2.googleapis.com/token", "https", "http",
        ),
        google_service_account=r.get(
            "GOOGLE_SERVICE_ACCOUNT", "the service account of the Firebase project, as JSON or the file's path",
            "/etc/kuitter/service-account.json", json_or_file,
        ),
        fcm_url=r.url(
            "FCM_URL", "Firebase Cloud Messaging's address", "https://fcm.googleapis.com",
            "https://fcm.googleapis.com", "https", "http",
        ),
        apns_url=r.url(
            "APNS_URL", "Apple's push service", "https://api.push.apple.com", "https://api.push.apple.com",
            "https", "http",
        ),
        apns_development_url=r.url(
            "APNS_DEVELOPMENT_URL", "Apple's push service for development builds",
            "https://api.sandbox.push.apple.com", "https://api.sandbox.push.apple.com", "https", "http",
        ),
        apns_key=r.get(
            "APNS_KEY", "the .p8 key that signs for Apple's push service, as PEM or the file's path",
            "/etc/kuitter/AuthKey_ABC123DEFG.p8", pem_or_file,
        ),
        apns_key_id=r.get("APNS_KEY_ID", "the id of APNS_KEY", "ABC123DEFG", str),
        apns_team_id=r.get("APNS_TEAM_ID", "the Apple team that owns APNS_KEY", "DEF123GHIJ", str),
        apns_topic=r.get("APNS_TOPIC", "the bundle id of the iOS app", "app.kuitter.ios", str),
        google_certs_url=r.url(
            "GOOGLE_CERTS_URL", "the certificates that Google's identity tokens are signed with",
            "https://www.googleapis.com/oauth2/v1/certs", "https://www.googleapis.com/oauth2/v1/certs",
            "https", "http",
        ),
        google_client_ids=r.get(
            "GOOGLE_CLIENT_IDS", "the apps and servers that a Google identity token may be meant for, comma-separated",
            "123-web.apps.googleusercontent.com,123-ios.apps.googleusercontent.com", ids,
        ),
        apple_auth_url=r.url(
            "APPLE_AUTH_URL", "Sign in with Apple's address", "https://appleid.apple.com",
            "https://appleid.apple.com", "https", "http",
        ),
        apple_client_ids=r.get(
            "APPLE_CLIENT_IDS", "the bundle and service ids that an Apple identity token may be meant for",
            "app.kuitter.ios,app.kuitter.web", ids,
        ),
        apple_sign_in_key=r.get(
            "APPLE_SIGN_IN_KEY", "the .p8 key for Sign in with Apple, as PEM or the file's path",
            "/etc/kuitter/AuthKey_SIGNIN1234.p8", pem_or_file,
        ),
        apple_sign_in_key_id=r.get("APPLE_SIGN_IN_KEY_ID", "the id of APPLE_SIGN_IN_KEY", "SIGNIN1234", str),
        smtp_url=r.get(
            "SMTP_URL",
            "the mail server: smtps:// speaks TLS from the start, smtp+starttls:// turns to it, smtp:// never does",
            "smtp+starttls://name:password@mail.example.org:587", smtp(production=env == PRODUCTION),
        ),
        mail_from=r.get("MAIL_FROM", "who our mails come from", "Kuitter <hello@kuitter.app>", sender),
        legal_contact=r.get(
            "LEGAL_CONTACT", "the e-mail address on the legal pages", "hello@kuitter.app", mailbox, "hello@kuitter.app"
        ),
    )  # fmt: skip


@cache
def settings() -> Settings:
    """The settings of this process. On a bad one the process ends with status 78 (sysexits: configuration)."""
    try:
        return read_settings(os.environ)
    except SettingError as error:
        print(f"kuitter: {error}", file=sys.stderr)
        raise SystemExit(78) from None
