"""Every module of actors, and everything that the clock does, in plain sight: a new feature adds itself here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tasks import accounts, anchor, billing, community, leaving, partners, push, recovery, reports

MODULES = (accounts, anchor, billing, push, recovery, community, partners, leaving)

# (name, shortest pause in seconds, work); each is safe to do twice, late, or in two clocks at once.
PERIODIC: list[tuple[str, float, Callable[[], Awaitable[object]]]] = [
    *accounts.PERIODIC, *anchor.PERIODIC, *recovery.PERIODIC, *community.PERIODIC, *partners.PERIODIC,
    *reports.PERIODIC, *leaving.PERIODIC, *billing.PERIODIC,
]  # fmt: skip
