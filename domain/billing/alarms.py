"""What an operator has to know of billing: figures to watch, and a line in the log for what a person must mend.

Counted from the rows, by every clock alike. That Google waits for an acknowledgement is seen in acknowledging.py;
refused webhooks are counted where they come in (google_push.py, app_store_webhook.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from prometheus_client import Gauge

from domain.billing.jobs import Acknowledge, ApplyNotification, AskStore, DecideClaim, ReadHistory, ReadVoided
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value
from domain.kit.log import log
from domain.kit.settings import settings

_LONG = timedelta(hours=1)
_JOBS = [job.name for job in (Acknowledge, ApplyNotification, AskStore, DecideClaim, ReadHistory, ReadVoided)]

_entitlements = Gauge(
    "kuitter_entitlements",
    "Subscriptions that people have, by store and by what the store said last (overdue: its time is over since), and "
    "grants that run. Purchases in a store's sandbox are left out",
    ["store", "state"],
)
_unknown = Gauge("kuitter_billing_unknown_products", "Purchases that run, of products that are not in the settings")
_sandbox = Gauge("kuitter_billing_sandbox_purchases", "Purchases in a store's sandbox that run", ["store", "honoured"])
_overdue = Gauge(
    "kuitter_billing_overdue",
    "Subscriptions that were to renew an hour ago, of which the store has not said what became of them",
    ["store"],
)
_claims = Gauge("kuitter_billing_claims_waiting", "Claims that have waited for an hour", ["store"])
_notifications = Gauge("kuitter_billing_notifications_waiting", "Notifications that have waited for an hour", ["store"])
_in_vain = Gauge("kuitter_billing_jobs_in_vain", "Jobs that have failed for an hour, or died in the last one", ["job"])

# One pass over all purchases; the rest is read from indexes.
_PURCHASES = """
SELECT store, environment, honoured, plan IS NULL AS is_unknown, user_id IS NOT NULL AS is_owned, will_renew,
       CASE WHEN state IN ('trial', 'active', 'grace', 'cancelled') AND expires_at <= $1 THEN 'overdue' ELSE state END
           AS state,
       state IN ('trial', 'active', 'grace', 'cancelled') AND expires_at > $1 AS runs,
       will_renew AND state IN ('trial', 'active') AND expires_at <= $2 AND answered_at < expires_at AS is_unanswered,
       environment = 'sandbox' AND created_at > $2 AS is_new, count(*) AS purchases
FROM purchases WHERE replaced_by IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""

# Jobs go by the database's clock. A job that has tried for long enough is dead, and another takes its place.
_FAILING = """
SELECT name, count(*) FROM (
    SELECT name FROM jobs
    WHERE name = ANY ($1) AND dedupe_key IS NOT NULL AND state = 'live' AND error_code IS NOT NULL
      AND created_at < now() - $2::interval
    UNION ALL
    SELECT name FROM jobs WHERE state <> 'live' AND ended_at > now() - $2::interval AND name = ANY ($1)
) AS failing GROUP BY name
"""


async def look() -> None:
    """Count, and say what is wrong: an error line for each kind, with figures alone."""
    now = clock.now()
    await _look_at_purchases(now)
    for name, gauge, statement in (
        ("billing.claims_wait", _claims,
         "SELECT store, count(*) FROM purchase_claims WHERE status = 'pending' AND created_at < $1 GROUP BY store"),
        ("billing.notifications_wait", _notifications,
         "SELECT store, count(*) FROM store_notifications WHERE state = 'waiting' AND received_at < $1 GROUP BY store"),
    ):  # fmt: skip
        _raise(name, gauge, {row["store"]: row["count"] for row in await fetch(statement, now - _LONG)})
    failing = {row["name"]: row["count"] for row in await fetch(_FAILING, _JOBS, _LONG)}
    _raise("billing.jobs_in_vain", _in_vain, failing)


async def _look_at_purchases(now: datetime) -> None:
    rows = await fetch(_PURCHASES, now, now - _LONG)
    granted = await fetch_value("SELECT count(*) FROM grants WHERE starts_at <= $1 AND ends_at > $1", now)
    _entitlements.clear()
    _entitlements.labels("grant", "active").set(granted)
    for row in rows:
        if row["environment"] == "production" and row["is_owned"] and not row["is_unknown"]:
            _entitlements.labels(row["store"], row["state"]).inc(row["purchases"])
    _sandbox.clear()
    for row in rows:
        if row["environment"] == "sandbox" and row["runs"]:
            _sandbox.labels(row["store"], "yes" if row["honoured"] else "no").inc(row["purchases"])
    unknown = _count(row for row in rows if row["is_unknown"] and row["runs"])
    _unknown.set(unknown)
    if unknown:
        log().error("billing.unknown_products", purchases=unknown)
    _raise(
        "billing.store_does_not_answer", _overdue,
        {store: _count(row for row in rows if row["is_unanswered"] and row["store"] == store)
         for store in {row["store"] for row in rows if row["is_unanswered"]}},
    )  # fmt: skip
    if settings().is_production:
        # Reviewers of the stores buy like that, and are named in the settings; anybody else tries something.
        new = _count(row for row in rows if row["is_new"] and not row["honoured"])
        if new:
            log().error("billing.sandbox_purchases_in_production", purchases=new)


def _raise(name: str, gauge: Gauge, counts: dict[str, int]) -> None:
    """Set the gauge, by its only label, and say each count that there is."""
    gauge.clear()
    for label, count in sorted(counts.items()):
        gauge.labels(label).set(count)
        log().error(name, of=label, count=count)


def _count(rows: Any) -> int:
    return sum(row["purchases"] for row in rows)
