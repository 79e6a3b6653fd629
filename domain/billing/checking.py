"""When a store is asked again about a purchase without being told to: notifications get lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.billing.report import StoreReport

# After the instant that something is to happen at, for the store to have done it.
SOON = timedelta(minutes=5)
_OVERDUE = timedelta(hours=1)
_UNSETTLED = timedelta(hours=12)
_SILENT = timedelta(days=7)
OVER = ("expired", "revoked")
# Google forgets a subscription 60 days after its end; refunds are reversed sooner, too.
FORGOTTEN = timedelta(days=60)


def next_check(report: StoreReport, now: datetime) -> datetime | None:
    """The business instant at which to ask again after `report`, heard at `now`; None: never, nothing can change."""
    if report.state in OVER:
        ended = report.expires_at or report.started_at or now
        return now + _SILENT if now < ended + FORGOTTEN else None
    if report.state in ("pending", "billing_retry", "on_hold"):
        return now + _UNSETTLED
    due = report.resumes_at if report.state == "paused" else report.expires_at
    if due is None:
        return now + _UNSETTLED
    return min(due + SOON, now + _SILENT) if due + SOON > now else now + _OVERDUE
