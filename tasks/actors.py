"""Every module of actors, and everything that the clock does, in plain sight: a new feature adds itself here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tasks import accounts, anchor, leaving, push

MODULES = (accounts, anchor, push, leaving)

# (name, shortest pause in seconds, work); each is safe to do twice, late, or in two clocks at once.
PERIODIC: list[tuple[str, float, Callable[[], Awaitable[object]]]] = [
    *accounts.PERIODIC, *anchor.PERIODIC, *leaving.PERIODIC,
]  # fmt: skip
