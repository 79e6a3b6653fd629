"""The jobs of billing. Apart from what they do, so that asking for one does not load the stores' clients."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.billing.report import Environment
from domain.kit.outbox import Job


class DecideClaim(Job, frozen=True, kw_only=True):
    """Find out what an app handed in, and give its person what it is worth."""

    name: ClassVar[str] = "billing.decide_claim"
    queue: ClassVar[str] = "interactive"

    claim_id: UUID

    def dedupe_key(self) -> str:
        # The sweeps find by it whether a job is on its way.
        return str(self.claim_id)


class AskStore(Job, frozen=True, kw_only=True):
    """Ask the store how a purchase stands. Several requests are one job."""

    name: ClassVar[str] = "billing.ask_store"
    # A store that hangs may keep hundreds of these waiting: no mail, no reply must wait behind them.
    queue: ClassVar[str] = "bulk"

    purchase_id: UUID
    cause: str = "reconciliation"

    def dedupe_key(self) -> str:
        return str(self.purchase_id)


class ApplyNotification(Job, frozen=True, kw_only=True):
    """Look into what a store's notification is about."""

    name: ClassVar[str] = "billing.notification"

    notification_id: UUID

    def dedupe_key(self) -> str:
        # As DecideClaim's.
        return str(self.notification_id)


class Acknowledge(Job, frozen=True, kw_only=True):
    """Tell Google that a purchase has arrived: what is not acknowledged within three days is refunded."""

    name: ClassVar[str] = "billing.acknowledge"

    purchase_id: UUID

    def dedupe_key(self) -> str:
        return str(self.purchase_id)


class ReadVoided(Job, frozen=True, kw_only=True):
    """Read Google's list of purchases whose money went back. Several requests are one job."""

    name: ClassVar[str] = "billing.read_voided"

    def dedupe_key(self) -> str:
        return "google_play"


class ReadHistory(Job, frozen=True, kw_only=True):
    """Read Apple's list of notifications that did not reach us. Several requests are one job."""

    name: ClassVar[str] = "billing.read_history"

    environment: Environment

    def dedupe_key(self) -> str:
        return self.environment
